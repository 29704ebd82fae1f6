"""What the results' templates get: a table of items, and one item in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.delphi.sensitivity import Alternative
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.results import CellResult, ItemResult, ResultsPart, RoundResults
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.web.organiser.paging import Paging
from surveyapp.web.organiser.results import numbers
from surveyapp.web.organiser.results.numbers import Segment
from surveyapp.web.organiser.round_parts import Part, parts_of
from surveyapp.web.organiser.words import outcome_word, state_word, verdict_tone, verdict_word


@dataclass(frozen=True, slots=True)
class Pill:
    """A verdict: in words, and with the colour that repeats them."""

    words: str
    tone: str
    rule: str = ""
    """The rule that says so, where there are several."""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the results of a round."""

    number: int
    state: str
    people: str
    rules: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    smallest_group: int


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One rating of one item in the table."""

    value: str
    more: str
    level: int | None
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One item in the table."""

    title: str
    url: str
    cells: tuple[HeatCell, ...]
    bar: tuple[Segment, ...]
    bar_words: str
    pills: tuple[Pill, ...]
    decided: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """The table of results."""

    head: Head
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[Choice, ...]
    groups: tuple[Choice, ...]
    found: str
    paging: Paging
    has_chosen: bool


def results_page(part: ResultsPart, desk: Desk, *, verdict: str, group: str, paging: Paging) -> ResultsPage:
    """The table: each item with its ratings by everybody, or by one group as far as that may be seen."""
    found = part.results
    questionnaire = found.questionnaire
    columns = list(
        dict.fromkeys((cell.key.criterion, cell.key.context) for item in found.items for cell in item.cells)
    )
    titles = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    return ResultsPage(
        head=_head(found, desk),
        columns=tuple(column_title(questionnaire, *column) for column in columns),
        rows=tuple(_row(item, columns, found, desk, group) for item in found.items),
        verdicts=(
            Choice("", _("all verdicts"), not verdict),
            *(
                Choice(each, f"{_joined_verdicts(each)} ({count})", each == verdict)
                for each, count in part.verdicts.items()
                if each
            ),
        ),
        groups=(
            Choice("", _("everybody"), not group),
            *(Choice(each, titles.get(each, each), each == group) for each in found.groups),
        ),
        found=ngettext("%(num)s item", "%(num)s items", part.count),
        paging=paging,
        has_chosen=any(item.chosen for item in found.items),
    )


def _joined_verdicts(verdict: str) -> str:
    return ", ".join(verdict_word(each) for each in verdict.split(", "))


def _head(found: RoundResults, desk: Desk) -> Head:
    return Head(
        number=found.number,
        state=state_word(found.state),
        people=_("%(people)s of %(invited)s answered.", people=found.people, invited=found.invited),
        rules=tuple(found.rules.items()),
        parts=parts_of(desk, found.number),
        smallest_group=found.smallest_group,
    )


def column_title(questionnaire: Questionnaire, criterion: str, context: str) -> str:
    """A rating's criterion and context by their titles."""
    language = questionnaire.language
    title = questionnaire.criteria[criterion].title.get(language) if criterion else ""
    if context and context in questionnaire.contexts_by_id:
        of_context = questionnaire.contexts_by_id[context].title.get(language)
        return f"{title}: {of_context}" if len(questionnaire.criteria) > 1 else of_context
    return title


def _row(
    item: ItemResult, columns: list[tuple[str, str]], found: RoundResults, desk: Desk, group: str
) -> Row:
    by_column = {(cell.key.criterion, cell.key.context): cell for cell in item.cells}
    shown = [by_column.get(column) for column in columns]
    counts = [_counts_of(cell, group) for cell in item.cells]
    pooled = _pool([each for each in counts if each is not None])
    return Row(
        title=item.title,
        url=url_for("organiser.result", slug=desk.slug, number=found.number, item=item.item),
        cells=tuple(_heat(cell, group) for cell in shown),
        bar=numbers.segments(pooled) if pooled is not None else (),
        bar_words=_bar_words(pooled),
        pills=tuple(_pills(item)),
        decided=outcome_word(item.decided) if item.decided else "",
    )


def _pills(item: ItemResult) -> Iterator[Pill]:
    if item.judgement is None:
        return
    several = len(item.judgement.verdicts) > 1
    for each in item.judgement.verdicts:
        yield Pill(verdict_word(each.verdict), verdict_tone(each.verdict), each.rule if several else "")
    if item.judgement.stability is not None:
        verdict = item.judgement.stability.verdict
        yield Pill(verdict_word(verdict), verdict_tone(verdict), _("stability"))


def _counts_of(cell: CellResult, group: str) -> Counts | None:
    return cell.group_counts.get(group) if group else cell.counts


def _heat(cell: CellResult | None, group: str) -> HeatCell:
    if cell is None:
        return HeatCell("–", "", None, is_missing=True)
    measures = cell.groups.get(group) if group else cell.measures
    if measures is None:
        return HeatCell(_("not shown"), _("too few people"), None, is_missing=True)
    agree, median = measures["agree"], measures["median"]
    if measures["n"].n == 0:
        return HeatCell(_nothing(cell.counts), "", None, is_missing=True)
    moved = numbers.number(median)
    if cell.median_before is not None and not group:
        moved = f"{numbers.number(cell.median_before)} → {moved}"
    n = _("n %(n)s", n=measures["n"].n)
    if agree.reason is Undefined.NOT_DEFINED_FOR_SCALE:
        return HeatCell(moved, n, None, is_missing=False)
    return HeatCell(
        numbers.percent_words(agree),
        f"{n} · {_('median')} {moved}",
        numbers.level(agree),
        is_missing=False,
    )


def _nothing(counts: Counts) -> str:
    words = _("no rating") if counts.missing else _("nobody was asked")
    if counts.dont_know:
        words = ngettext(
            "%(num)s said that they cannot judge", "all %(num)s said that they cannot judge", counts.dont_know
        )
    return str(words)


def _pool(several: list[Counts]) -> Counts | None:
    """All ratings of an item on its first scale together: for the drawing, never for a verdict."""
    if not several:
        return None
    alike = [each for each in several if each.scale == several[0].scale]
    of = tuple(sum(times) for times in zip(*(each.of for each in alike), strict=True))
    return Counts(several[0].scale, of)


def _bar_words(counts: Counts | None) -> str:
    if counts is None or not counts.n:
        return str(_("no ratings"))
    return ", ".join(f"{point}: {times}" for point, times in zip(counts.scale.points, counts.of, strict=True))


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
    meaning: str
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


def item_page(part: ResultsPart, desk: Desk, sensitivity: Mapping[str, tuple[Alternative, ...]]) -> ItemPage:
    """One item: every rating, what the rules say, and what other customary rules would say."""
    found = part.results
    (item,) = found.items
    questionnaire = found.questionnaire
    definition = questionnaire.items_by_id[item.item].definition
    judgement = item.judgement

    def url(endpoint: str, of: str) -> str:
        return url_for(f"organiser.{endpoint}", slug=desk.slug, number=found.number, item=of)

    return ItemPage(
        head=_head(found, desk),
        title=item.title,
        definition=definition.get(questionnaire.language) if definition else "",
        version=item.version,
        cards=tuple(_card(cell, found) for cell in item.cells),
        rules=tuple(_rules(item, sensitivity)),
        stability=_pill(judgement.stability.verdict) if judgement and judgement.stability else None,
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


def _pill(verdict: str) -> Pill:
    return Pill(verdict_word(verdict), verdict_tone(verdict))


def _rules(item: ItemResult, sensitivity: Mapping[str, tuple[Alternative, ...]]) -> Iterator[RuleLine]:
    for each in item.judgement.verdicts if item.judgement else ():
        others = [one for one in sensitivity.get(each.rule, ()) if not one.is_registered]
        yield RuleLine(
            title=each.rule,
            meaning=each.text,
            pill=_pill(each.verdict),
            lacking=each.is_insufficient,
            others=tuple((one.name, one.meaning, _pill(one.verdict)) for one in others),
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
        pill=_pill(cell.verdict) if cell.verdict else None,
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
