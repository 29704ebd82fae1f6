"""What the results' templates get: a table of items, and one item in full."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import format_date, ngettext
from flask_babel import gettext as _

from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.deviations import Deviation
from surveyapp.services.reading.results import CellResult, ItemResult, ResultsPart, RoundResults
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Undefined
from surveyapp.web.organiser.paging import Paging
from surveyapp.web.organiser.results import numbers
from surveyapp.web.organiser.results.numbers import Segment
from surveyapp.web.organiser.stopping import StoppingNote, stopping_note
from surveyapp.web.organiser.words import Pill, outcome_word, pills, state_word, verdict_word


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the results of a round."""

    number: int
    state: str
    people: str
    rules: tuple[tuple[str, str], ...]
    smallest_group: int
    deviations: tuple[tuple[str, str], ...]
    """What departed from the plan, with its reason."""
    stopping: StoppingNote | None


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One rating of one item in the table."""

    value: str
    more: tuple[str, ...]
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
    orders: tuple[Choice, ...]
    found: str
    paging: Paging
    has_chosen: bool


def results_page(
    part: ResultsPart, desk: Desk, *, verdict: str, group: str, by_agreement: bool, paging: Paging
) -> ResultsPage:
    """The table: each item with its ratings by everybody, or by one group as far as that may be seen."""
    found = part.results
    questionnaire = found.questionnaire
    columns = list(
        dict.fromkeys((cell.key.criterion, cell.key.context) for item in found.items for cell in item.cells)
    )
    titles = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    return ResultsPage(
        head=head_of(found),
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
        orders=(
            Choice("", _("as in the questionnaire"), not by_agreement),
            Choice("agreement", _("most agreement first"), by_agreement),
        ),
        found=ngettext("%(num)s item", "%(num)s items", part.count),
        paging=paging,
        has_chosen=any(item.chosen for item in found.items),
    )


def _joined_verdicts(verdict: str) -> str:
    return ", ".join(verdict_word(each) for each in verdict.split(", "))


def head_of(found: RoundResults) -> Head:
    """What stands above the results of a round."""
    return Head(
        number=found.number,
        state=state_word(found.state),
        people=_("%(people)s of %(invited)s answered.", people=found.people, invited=found.invited),
        rules=tuple((found.told[name].title, rule) for name, rule in found.rules.items()),
        smallest_group=found.smallest_group,
        deviations=tuple((_deviation_words(each), each.reason) for each in found.deviations),
        stopping=stopping_note(found.stopping),
    )


def _deviation_words(each: Deviation) -> str:
    words: dict[str, str] = {
        "amendment": _("The protocol was amended: version %(number)s.", number=each.number),
        "extension": _("The deadline of round %(number)s was moved.", number=each.number),
        "reopening": _("Round %(number)s was opened again.", number=each.number),
        "cancellation": _("Round %(number)s was cancelled.", number=each.number),
        "admission": _("Answers were let in after round %(number)s had closed.", number=each.number),
        "correction": _("A text of round %(number)s was corrected.", number=each.number),
    }
    return f"{format_date(each.at, 'medium')} · {words[each.kind]}"


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
        pills=_pills(item),
        decided=outcome_word(item.decided) if item.decided else "",
    )


def _pills(item: ItemResult) -> tuple[Pill, ...]:
    judgement = item.judgement
    if judgement is None:
        return ()
    stability = judgement.stability.verdict if judgement.stability is not None else ""
    return pills([(each.rule, each.verdict) for each in judgement.verdicts], stability)


def _counts_of(cell: CellResult, group: str) -> Counts | None:
    return cell.group_counts.get(group) if group else cell.counts


def _heat(cell: CellResult | None, group: str) -> HeatCell:
    if cell is None:
        return HeatCell("–", (), None, is_missing=True)
    measures = cell.groups.get(group) if group else cell.measures
    if measures is None:
        return HeatCell(_("not shown"), (_("too few people"),), None, is_missing=True)
    agree, median = measures["agree"], measures["median"]
    if measures["n"].n == 0:
        return HeatCell(_nothing(cell.counts), (), None, is_missing=True)
    moved = numbers.number(median)
    if cell.median_before is not None and not group:
        moved = f"{numbers.number(cell.median_before)} → {moved}"
    n = _("n %(n)s", n=measures["n"].n)
    if agree.reason is Undefined.NOT_DEFINED_FOR_SCALE:
        return HeatCell(moved, (n,), None, is_missing=False)
    return HeatCell(
        numbers.percent_words(agree),
        (_("median %(median)s", median=moved), n),
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
