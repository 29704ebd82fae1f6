"""What the page of one item shows: every rating in full, what the rules say, and what others would say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from surveyapp.delphi.protocol.telling import ToldRule
from surveyapp.delphi.sensitivity import Alternative
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.results import CellResult, ItemResult, ResultsPart, RoundResults
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure
from surveyapp.web.organiser.results import numbers
from surveyapp.web.organiser.results.pages import Head, column_title, head_of
from surveyapp.web.organiser.words import Pill, outcome_word, pill


@dataclass(frozen=True, slots=True)
class PointLine:
    """One point of the scale, or an answer that is no rating, with how many gave it."""

    label: str
    count: int
    percent: str
    width: float
    tone: int | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """One group's numbers; without them where the group is too small to be shown."""

    title: str
    n: int | None
    median: str = ""
    middle: str = ""
    agree: str = ""


@dataclass(frozen=True, slots=True)
class CellCard:
    """One rating of the item in full."""

    id: str
    title: str
    pill: Pill | None
    facts: tuple[tuple[str, str], ...]
    more: tuple[tuple[str, str], ...]
    lines: tuple[PointLine, ...]
    groups: tuple[GroupLine, ...]


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What one rule says of the item."""

    title: str
    sentences: tuple[str, ...]
    pill: Pill
    lacking: bool
    others: tuple[tuple[str, str, Pill], ...]
    """What other customary rules would say: name, meaning, verdict."""


@dataclass(frozen=True, slots=True)
class ItemPage:
    """One item after a round."""

    head: Head
    title: str
    definition: str
    version: int
    cards: tuple[CellCard, ...]
    rules: tuple[RuleLine, ...]
    stability: Pill | None
    stability_rule: str
    proposed: str
    because: str
    decided: str
    chosen: tuple[tuple[str, str], ...]
    before: str
    after: str
    decide_url: str
    reasons_url: str


def item_page(part: ResultsPart, desk: Desk) -> ItemPage:
    """One item: every rating, what the rules say, and what other customary rules would say."""
    found = part.results
    (item,) = found.items
    questionnaire = found.questionnaire
    definition = questionnaire.items_by_id[item.item].definition
    judgement = item.judgement

    def url(endpoint: str, of: str) -> str:
        return url_for(f"organiser.{endpoint}", slug=desk.slug, number=found.number, item=of)

    return ItemPage(
        head=head_of(found),
        title=item.title,
        definition=definition.get(questionnaire.language) if definition else "",
        version=item.version,
        cards=tuple(_card(cell, found) for cell in item.cells),
        rules=tuple(_rules(item, part.sensitivity, found.told)),
        stability=pill(judgement.stability.verdict) if judgement and judgement.stability else None,
        stability_rule=judgement.stability.text if judgement and judgement.stability else "",
        proposed=outcome_word(judgement.proposed.outcome) if judgement else "",
        because=judgement.proposed.because.said_by(_) if judgement else "",
        decided=outcome_word(item.decided) if item.decided else "",
        chosen=tuple(
            (questionnaire.questions_by_id[name].text.get(questionnaire.language), numbers.share(measure))
            for name, measure in item.chosen.items()
        ),
        before=url("result", part.before) if part.before else "",
        after=url("result", part.after) if part.after else "",
        decide_url=url("decision", item.item) if desk.may("decide") else "",
        reasons_url=url("reasons_on", item.item) if desk.may("reasons") else "",
    )


def _rules(
    item: ItemResult, sensitivity: Mapping[str, tuple[Alternative, ...]], told: Mapping[str, ToldRule]
) -> Iterator[RuleLine]:
    for each in item.judgement.verdicts if item.judgement else ():
        others = [one for one in sensitivity.get(each.rule, ()) if not one.is_registered]
        yield RuleLine(
            title=told[each.rule].title,
            sentences=tuple(one.said_by(_) for one in told[each.rule].sentences),
            pill=pill(each.verdict),
            lacking=each.is_insufficient,
            others=tuple((one.name, one.meaning, pill(one.verdict)) for one in others),
        )


def _card(cell: CellResult, found: RoundResults) -> CellCard:
    measures, counts = cell.measures, cell.counts
    facts = [(_("Ratings"), str(measures["n"].n))]
    if counts.n:
        facts += [
            (_("Median"), numbers.number(measures["median"])),
            (_("Middle half"), numbers.span(measures["q1"], measures["q3"])),
            (_("Agree"), numbers.share(measures["agree"])),
        ]
    if cell.median_before is not None:
        facts.append((_("Median before"), numbers.number(cell.median_before)))
    return CellCard(
        id=f"cell-{cell.cell}",
        title=column_title(found.questionnaire, cell.key.criterion, cell.key.context),
        pill=pill(cell.verdict) if cell.verdict else None,
        facts=tuple(facts),
        more=tuple(_more(cell)),
        lines=tuple(_lines(cell.key, counts, found.questionnaire)),
        groups=tuple(_groups(cell, found)),
    )


def _more(cell: CellResult) -> Iterator[tuple[str, str]]:
    names: tuple[tuple[str, str, bool], ...] = (
        ("disagree", _("Disagree"), True),
        ("iqr", _("Interquartile range"), False),
        ("mean", _("Mean"), False),
        ("sd", _("Standard deviation"), False),
        ("dont_know", _("Could not judge"), True),
        ("a", _("Agreement A (van der Eijk)"), False),
    )
    for name, title, is_share in names:
        yield title, _value(cell.measures[name], is_share=is_share)
    change: tuple[tuple[str, str], ...] = (
        ("shift", _("Shift since the round before")),
        ("changed", _("Changed their rating")),
    )
    for name, title in change:
        if name in cell.change:
            yield title, _value(cell.change[name], is_share=True)


def _value(measure: Measure, *, is_share: bool) -> str:
    return numbers.share(measure) if is_share else numbers.number(measure)


def _lines(key: CellKey, counts: Counts, questionnaire: Questionnaire) -> Iterator[PointLine]:
    labels = questionnaire.scales[questionnaire.criteria[key.criterion].scale].labels(questionnaire.language)
    for position, (point, times) in enumerate(zip(counts.scale.points, counts.of, strict=True)):
        width = 100 * times / counts.n if counts.n else 0
        label = labels.get(str(point), str(point))
        shown = f"{point} {label}" if label != str(point) else label
        yield PointLine(
            shown,
            times,
            f"{width:.0f} %" if counts.n else "–",
            round(width, 2),
            numbers.tone(position, counts),
        )
    if counts.dont_know:
        yield PointLine(_("could not judge"), counts.dont_know, "", 0, None)
    if counts.missing:
        yield PointLine(_("left blank or declined"), counts.missing, "", 0, None)


def _groups(cell: CellResult, found: RoundResults) -> Iterator[GroupLine]:
    language = found.questionnaire.language
    titles = {each.id: each.title.get(language) for each in found.questionnaire.groups}
    for group in found.groups:
        measures = cell.groups.get(group)
        if measures is None:
            yield GroupLine(titles.get(group, group), None)
            continue
        yield GroupLine(
            titles.get(group, group),
            measures["n"].n,
            numbers.number(measures["median"]),
            numbers.span(measures["q1"], measures["q3"]),
            numbers.share(measures["agree"]),
        )
