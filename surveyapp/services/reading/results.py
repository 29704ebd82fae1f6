"""Results of a closed round for organisers and analysts: every item with its numbers and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.suppression import Exact, suppress
from surveyapp.delphi.sensitivity import Alternative, sensitivity
from surveyapp.models import Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services.deciding import asked_items, read_decisions
from surveyapp.services.figures import EVERYBODY, RoundFigures, combination_cells
from surveyapp.services.judging import ItemJudgement, judge, tell_verdicts
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.release_drafts import privacy_rules
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


def get_results(session: Session, *, study: Study, number: int) -> RoundResults:
    """The results of a closed round. Raises RoundClosed while it is open: nobody peeks."""
    figures = get_figures(session, study_id=study.id, number=number)
    judged = judge(figures)
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
            for item in asked_items(figures.instrument)
        ),
    )


def get_sensitivity(
    session: Session, *, study: Study, number: int, item: str
) -> Mapping[str, tuple[Alternative, ...]]:
    """What other customary rules would have said of an item: the protocol's rule → verdicts side by side."""
    figures = get_figures(session, study_id=study.id, number=number)
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
