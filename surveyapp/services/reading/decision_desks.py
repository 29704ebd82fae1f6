"""What lies before those who decide after a round: proposals, decisions, and where every item comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Edge, Fate, begin, edges, fold, put_right
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Study
from surveyapp.questionnaire.model import Item, Questionnaire
from surveyapp.questionnaire.wordings import Correction
from surveyapp.services.deciding import ItemOnTable, list_items
from surveyapp.services.item_history import read_all_decisions, read_corrections, read_first, replay
from surveyapp.services.kept_figures import get_figures, hold_rounds
from surveyapp.services.reading.closed_rounds import ClosedRound
from surveyapp.services.stopping import AfterRound, find_stopping

_LATER = (RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class Descent:
    """What became of an item after one round."""

    round: int
    edge: Edge
    parent_title: str
    child_title: str


@dataclass(frozen=True, slots=True)
class DecisionDesk:
    """One closed round, its items, and what was decided about them so far."""

    number: int
    state: str
    later: int | None
    """A round that was opened on these decisions; then they stand."""
    has_protocol: bool
    questionnaire: Questionnaire
    items: tuple[ItemOnTable, ...]
    decisions: Mapping[str, Decided]
    wordings: Mapping[str, Item]
    """Every item there ever was, in its latest wording, before what is decided after this round."""
    descents: tuple[Descent, ...]
    stopping: AfterRound | None
    """What the rule of stopping says as things stand; None without a protocol, or where it was not asked."""
    closed: ClosedRound
    fates: tuple[Fate, ...]
    """Every item there ever was, as it stands after all that is decided so far."""

    @property
    def undecided(self) -> tuple[str, ...]:
        """Items without a decision, in the order of the questionnaire."""
        return tuple(each.item for each in self.items if not each.decided)

    def find(self, item: str) -> ItemOnTable | None:
        """The item on the table."""
        return next((each for each in self.items if each.item == item), None)


def get_decision_desk(
    session: Session, *, study: Study, number: int, with_stopping: bool = False
) -> DecisionDesk:
    """The decisions after round `number`, and on demand what the rule of stopping says.

    Raises RoundClosed while the round is open.
    """
    figures = get_figures(session, study_id=study.id, number=number)
    rounds = hold_rounds(session, study_id=study.id)
    held = next(each for each in rounds if each.number == number)
    later = [
        each.number
        for each in rounds
        if each.number > number and each.cohort == held.cohort and each.state in _LATER
    ]
    first = read_first(session, study_id=study.id)
    decided = read_all_decisions(session, study_id=study.id, cohort=held.cohort)
    corrections = read_corrections(session, study_id=study.id, cohort=held.cohort)
    before = {each: found for each, found in corrections.items() if each <= number}
    return DecisionDesk(
        number=number,
        state=held.state,
        later=min(later, default=None),
        has_protocol=figures.protocol is not None,
        questionnaire=figures.questionnaire,
        items=list_items(session, study=study, number=number, figures=figures),
        decisions=decided.get(number, {}),
        wordings=_wordings(first, decided, before, number),
        descents=_descents(first, decided, before, up_to=number),
        stopping=find_stopping(session, study=study, number=number, figures=figures)
        if with_stopping
        else None,
        closed=ClosedRound(
            number=number,
            state=held.state,
            cohort=held.cohort,
            planned=figures.planned,
            instrument=figures.instrument,
            protocol=figures.protocol,
        ),
        fates=replay(first, decided, corrections),
    )


def _wordings(
    first: Questionnaire,
    decided: Mapping[int, Mapping[str, Decided]],
    corrections: Mapping[int, Sequence[Correction]],
    number: int,
) -> dict[str, Item]:
    before = {each: decisions for each, decisions in decided.items() if each < number}
    fates = replay(first, before, corrections)
    return {fate.item.id: fate.item for fate in fates}


def _descents(
    first: Questionnaire,
    decided: Mapping[int, Mapping[str, Decided]],
    corrections: Mapping[int, Sequence[Correction]],
    *,
    up_to: int,
) -> tuple[Descent, ...]:
    """Every line of descent so far, with the titles that the items had then."""
    fates = begin(first)
    found = []
    for number in sorted({*decided, *corrections}):
        if number > up_to:
            break
        decisions = decided.get(number, {})
        fates = put_right(fates, corrections.get(number, ()))
        before = {fate.item.id: fate.item.title.get(first.language) for fate in fates}
        fates = fold(fates, decisions, number=number)
        after = {fate.item.id: fate.item.title.get(first.language) for fate in fates}
        found += [
            Descent(number, edge, before.get(edge.parent, ""), after.get(edge.child, ""))
            for edge in edges(decisions)
        ]
    return tuple(found)
