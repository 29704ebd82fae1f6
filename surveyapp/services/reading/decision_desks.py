"""What lies before those who decide after a round: proposals, decisions, and where every item comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Edge, Fate, begin, edges, fold
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Study
from surveyapp.questionnaire.model import Item, Questionnaire
from surveyapp.services.deciding import ItemOnTable, list_items
from surveyapp.services.item_history import read_all_decisions, read_first
from surveyapp.services.kept_figures import get_figures, hold_rounds
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
    """What the rule of stopping says as things stand; None without a protocol."""
    fates: tuple[Fate, ...]
    """Every item there ever was, as it stands after all that is decided so far."""

    @property
    def undecided(self) -> tuple[str, ...]:
        """Items without a decision, in the order of the questionnaire."""
        return tuple(each.item for each in self.items if not each.decided)

    def find(self, item: str) -> ItemOnTable | None:
        """The item on the table."""
        return next((each for each in self.items if each.item == item), None)


def get_decision_desk(session: Session, *, study: Study, number: int) -> DecisionDesk:
    """The decisions after round `number`. Raises RoundClosed while it is open."""
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
    return DecisionDesk(
        number=number,
        state=held.state,
        later=min(later, default=None),
        has_protocol=figures.protocol is not None,
        questionnaire=figures.questionnaire,
        items=list_items(session, study=study, number=number, figures=figures),
        decisions=decided.get(number, {}),
        wordings=_wordings(first, decided, number),
        descents=_descents(first, decided, up_to=number),
        stopping=find_stopping(session, study=study, number=number),
        fates=_fates(first, decided),
    )


def _wordings(
    first: Questionnaire, decided: Mapping[int, Mapping[str, Decided]], number: int
) -> dict[str, Item]:
    before = {each: decisions for each, decisions in decided.items() if each < number}
    return {fate.item.id: fate.item for fate in _fates(first, before)}


def _fates(first: Questionnaire, decided: Mapping[int, Mapping[str, Decided]]) -> tuple[Fate, ...]:
    fates = begin(first)
    for number, decisions in decided.items():
        fates = fold(fates, decisions, number=number)
    return tuple(fates)


def _descents(
    first: Questionnaire, decided: Mapping[int, Mapping[str, Decided]], *, up_to: int
) -> tuple[Descent, ...]:
    """Every line of descent so far, with the titles that the items had then."""
    fates = begin(first)
    found = []
    for number, decisions in decided.items():
        if number > up_to:
            break
        before = {fate.item.id: fate.item.title.get(first.language) for fate in fates}
        fates = fold(fates, decisions, number=number)
        after = {fate.item.id: fate.item.title.get(first.language) for fate in fates}
        found += [
            Descent(number, edge, before.get(edge.parent, ""), after.get(edge.child, ""))
            for edge in edges(decisions)
        ]
    return tuple(found)
