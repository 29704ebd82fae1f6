"""Results of a closed round for organisers and analysts: every item with its numbers and verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.suppression import Exact, suppress
from surveyapp.delphi.protocol.telling import ToldRule, tell_rules
from surveyapp.delphi.sensitivity import Alternative, sensitivity
from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.figures import EVERYBODY, RoundFigures, combination_cells
from surveyapp.services.item_history import asked_items, read_decisions
from surveyapp.services.judging import ItemJudgement, judge, tell_verdicts
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.reading.deviations import Deviation, list_deviations
from surveyapp.services.release_drafts import privacy_rules
from surveyapp.services.stopping import AfterRound, find_stopping
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure

# What stands in the table and in a cell's details, by the names that rules use.
MEASURES = ("n", "median", "q1", "q3", "iqr", "agree", "disagree", "mean", "sd", "dont_know", "a")
OF_CHANGE = ("shift", "changed")


@dataclass(frozen=True, slots=True)
class CellResult:
    """One rating of one item, by everybody and by each group that may be shown."""

    cell: int
    key: CellKey
    counts: Counts
    measures: Mapping[str, Measure]
    groups: Mapping[str, Mapping[str, Measure]]
    """Group → measures; a group with fewer than k people, or that would give one away, is not in it."""
    group_counts: Mapping[str, Counts]
    change: Mapping[str, Measure]
    """Measures of change since the round before, from the people who rated in both; empty without one."""
    median_before: Measure | None
    verdict: str


@dataclass(frozen=True, slots=True)
class ItemResult:
    """One item after a round."""

    item: str
    title: str
    version: int
    cells: tuple[CellResult, ...]
    chosen: Mapping[str, Measure]
    """Question about a combination → the share that chose the item."""
    judgement: ItemJudgement | None
    decided: str

    @property
    def verdict(self) -> str:
        """The verdict in words; '' in a study without a protocol."""
        return self.judgement.verdict if self.judgement else ""


@dataclass(frozen=True, slots=True)
class RoundResults:
    """Everything that a round found about its items."""

    slug: str
    title: str
    is_synthetic: bool
    number: int
    state: str
    people: int
    """Whose answers count."""
    invited: int
    smallest_group: int
    before: int | None
    groups: tuple[str, ...]
    rules: Mapping[str, str]
    """The protocol's rules of consensus: name → as it is written."""
    items: tuple[ItemResult, ...]
    questionnaire: Questionnaire
    """The version that the round asked: titles and labels."""
    told: Mapping[str, ToldRule]
    """Rule → what it is called and says, in plain language."""
    deviations: tuple[Deviation, ...]
    """What departed from the plan, in any round."""
    stopping: AfterRound | None
    """What the rule of stopping says after the round; None without a protocol."""


@dataclass(frozen=True, slots=True)
class ResultsPart:
    """Some of a round's items, out of those with one verdict or of all."""

    results: RoundResults
    """Without the items that lie before and after."""
    count: int
    """How many items there are in all with this verdict."""
    verdicts: Mapping[str, int]
    """Verdict → how many items of the round have it."""
    before: str
    """The item before the first of these; '' where there is none."""
    after: str
    sensitivity: Mapping[str, tuple[Alternative, ...]] = field(default_factory=dict)
    """Of a single item: the protocol's rule → what other customary rules would have said."""


def list_results(
    session: Session,
    *,
    study: Study,
    number: int,
    verdict: str = "",
    by_agreement: bool = False,
    first: int = 0,
    most: int = 30,
) -> ResultsPart:
    """The results of `most` items from `first` on, of those with `verdict` if one is named.

    They come in the questionnaire's order, or those that most agree on first. All are judged, but only these
    are measured: so a page costs what it shows. Raises NotFound, RoundClosed.
    """
    figures = get_figures(session, study_id=study.id, number=number)
    judged = judge(figures)
    asked = asked_items(figures.instrument)
    matching = [item for item in asked if not verdict or _verdict_of(judged, item) == verdict]
    if by_agreement:
        matching.sort(key=lambda item: _agreement(figures, item), reverse=True)
    return _part(session, figures, study, matching, first=first, most=most)


def _agreement(figures: RoundFigures, item: str) -> Fraction:
    """The mean share that agrees, over an item's ratings; less than nothing where none has one."""
    found = [figures.for_rules.measure("agree", key, EVERYBODY).value for key, _ in figures.cells_of(item)]
    shares = [Fraction(each) for each in found if isinstance(each, int | Fraction)]
    return sum(shares, Fraction(0)) / len(shares) if shares else Fraction(-1)


def get_item_result(session: Session, *, study: Study, number: int, item: str) -> ResultsPart:
    """The result of one item in full, and its neighbours.

    Raises RoundClosed, and NotFound for an item that was not asked.
    """
    figures = get_figures(session, study_id=study.id, number=number)
    asked = asked_items(figures.instrument)
    if item not in asked:
        raise NotFound(Sentence("Round {number} asked no item '{item}'.", number=number, item=item))
    part = _part(session, figures, study, asked, first=asked.index(item), most=1)
    return replace(part, sensitivity=_sensitivity(figures, item))


def _part(
    session: Session, figures: RoundFigures, study: Study, items: Sequence[str], *, first: int, most: int
) -> ResultsPart:
    judged = judge(figures)
    shown = items[first : first + most]
    behind = first + most
    return ResultsPart(
        _results(session, figures, study=study, judged=judged, items=shown),
        count=len(items),
        verdicts=Counter(_verdict_of(judged, item) for item in asked_items(figures.instrument)),
        before=items[first - 1] if 0 < first <= len(items) else "",
        after=items[behind] if behind < len(items) else "",
    )


def _verdict_of(judged: Mapping[str, ItemJudgement], item: str) -> str:
    return judged[item].verdict if item in judged else ""


def get_results(session: Session, *, study: Study, number: int) -> RoundResults:
    """The results of a closed round. Raises RoundClosed while it is open: nobody peeks."""
    figures = get_figures(session, study_id=study.id, number=number)
    items = asked_items(figures.instrument)
    return _results(session, figures, study=study, judged=judge(figures), items=items)


def _results(
    session: Session,
    figures: RoundFigures,
    *,
    study: Study,
    judged: Mapping[str, ItemJudgement],
    items: Sequence[str],
) -> RoundResults:
    number = figures.number
    decided = read_decisions(session, study_id=study.id, number=number)
    protocol = figures.protocol
    return RoundResults(
        slug=study.slug,
        title=study.title,
        is_synthetic=study.is_synthetic,
        number=number,
        state=session.get_one(Round, (study.id, number)).state,
        people=figures.tally.people,
        invited=sum(figures.tally.invited.values()),
        smallest_group=study.smallest_group,
        before=figures.before,
        groups=figures.groups,
        rules={each.id: each.rule for each in protocol.consensus} if protocol else {},
        items=tuple(
            _item(figures, item, study, judged.get(item), decided[item].outcome if item in decided else "")
            for item in items
        ),
        questionnaire=figures.questionnaire,
        told=tell_rules(protocol, figures.questionnaire, figures.questionnaire.language) if protocol else {},
        deviations=list_deviations(session, study=study),
        stopping=find_stopping(session, study=study, number=number, figures=figures),
    )


def get_sensitivity(
    session: Session, *, study: Study, number: int, item: str
) -> Mapping[str, tuple[Alternative, ...]]:
    """What other customary rules would have said of an item: the protocol's rule → verdicts side by side."""
    return _sensitivity(get_figures(session, study_id=study.id, number=number), item)


def _sensitivity(figures: RoundFigures, item: str) -> Mapping[str, tuple[Alternative, ...]]:
    if figures.protocol is None:
        return {}
    return {
        each.id: sensitivity(figures.protocol, figures.questionnaire, figures.for_rules, item, each)
        for each in figures.protocol.consensus
    }


def measure_cells(figures: RoundFigures, *, study: Study) -> tuple[CellResult, ...]:
    """The numbers of every rating of every item, without verdicts."""
    return tuple(
        _cell(figures, key, number, study, "")
        for item in asked_items(figures.instrument)
        for key, number in figures.cells_of(item)
    )


def _item(
    figures: RoundFigures, item: str, study: Study, judgement: ItemJudgement | None, decided: str
) -> ItemResult:
    by_rule: dict[CellKey, dict[str, str]] = {}
    for each in judgement.verdicts if judgement else ():
        for cell in each.cells:
            by_rule.setdefault(cell.cell, {})[each.rule] = cell.verdict
    verdict_of = {key: "; ".join(tell_verdicts(found)) for key, found in by_rule.items()}
    return ItemResult(
        item=item,
        title=figures.questionnaire.items_by_id[item].title.get(figures.questionnaire.language),
        version=figures.instrument.item_versions[item],
        cells=tuple(
            _cell(figures, key, number, study, verdict_of.get(key, ""))
            for key, number in figures.cells_of(item)
        ),
        chosen={
            question.id: figures.for_rules.measure("chosen", CellKey(question.id, item), EVERYBODY)
            for question in combination_cells(figures.instrument).values()
            if item in {each.id for each in figures.questionnaire.items_of(question)}
        },
        judgement=judgement,
        decided=decided,
    )


def _cell(figures: RoundFigures, key: CellKey, number: int, study: Study, verdict: str) -> CellResult:
    counts = figures.counts(number) or figures.nobody(number)
    parts = {group: found for group in figures.groups if (found := figures.counts(number, group)) is not None}
    shown = suppress(counts, parts, privacy_rules(figures, study=study)).groups
    visible = [group for group, part in shown.items() if isinstance(part, Exact)]
    pairs = figures.pair_counts(number)
    measure = figures.for_rules.measure
    return CellResult(
        cell=number,
        key=key,
        counts=counts,
        measures={name: measure(name, key, EVERYBODY) for name in MEASURES},
        groups={group: {name: measure(name, key, group) for name in MEASURES} for group in visible},
        group_counts={group: parts[group] for group in visible},
        change={name: measure(name, key, EVERYBODY) for name in OF_CHANGE} if pairs is not None else {},
        median_before=figures.median_before(number),
        verdict=verdict,
    )
