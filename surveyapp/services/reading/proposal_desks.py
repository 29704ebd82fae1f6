"""What lies before those who work on proposals: the list as filtered, and what is worded alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Fate
from surveyapp.models import Proposal, Round, Study
from surveyapp.services.item_history import read_fates
from surveyapp.services.reading.closed_rounds import OVER, ClosedRound, get_closed
from surveyapp.services.reading.proposals import (
    Crowd,
    LikeItem,
    ProposalAtWork,
    read_crowd,
    read_proposals,
    suggest_among,
)

STATES = ("unread", "item", "covered", "set_aside")


@dataclass(frozen=True, slots=True)
class ProposalGroup:
    """A proposal that stands for itself, and those that say the same."""

    lead: ProposalAtWork
    others: tuple[ProposalAtWork, ...]

    @property
    def all(self) -> tuple[ProposalAtWork, ...]:
        """Those of this round, the one that stands for the others first."""
        return (self.lead, *self.others)


@dataclass(frozen=True, slots=True)
class ProposalDesk:
    """A closed round's proposals, those that say the same together."""

    number: int
    state: str
    proposals: int
    states: Mapping[str, int]
    """State → how many different proposals are in it."""
    groups: tuple[ProposalGroup, ...]
    """As filtered."""
    titles: Mapping[str, str]
    """Item → its title, of those that can cover a proposal or came from one."""
    questions: Mapping[str, str]
    """Question → its text."""
    contexts: Mapping[str, str]

    def find(self, name: str) -> ProposalGroup | None:
        """The group that the proposal of this name belongs to."""
        wanted = name.strip().upper()
        return next((each for each in self.groups if wanted in {one.public_id for one in each.all}), None)


def get_proposal_desk(
    session: Session,
    *,
    study: Study,
    number: int,
    state: str = "",
    words: str = "",
    closed: ClosedRound | None = None,
    fates: Sequence[Fate] | None = None,
) -> ProposalDesk:
    """The proposals of round `number` in a `state`, with `words` in one of them; everything without either.

    `closed` and `fates`, the items of its cohort, where the caller has them. Raises NotFound, or RoundClosed
    while the round may still take answers.
    """
    if closed is None:
        closed = get_closed(session, study_id=study.id, number=number)
    if fates is None:
        fates = read_fates(session, study_id=study.id, cohort=closed.cohort)
    crowd = read_crowd(session, study=study)
    return _look(session, closed, fates, crowd, study=study, state=state, words=words)


def _look(
    session: Session,
    closed: ClosedRound,
    fates: Sequence[Fate],
    crowd: Mapping[str, Crowd],
    *,
    study: Study,
    state: str = "",
    words: str = "",
) -> ProposalDesk:
    number, questionnaire = closed.number, closed.instrument.questionnaire
    listed = read_proposals(session, closed.instrument, Proposal.round == number, study=study, crowd=crowd)
    groups = _in_groups(listed)
    language = questionnaire.language
    wanted = " ".join(words.split()).casefold()
    return ProposalDesk(
        number=number,
        state=closed.state,
        proposals=len(listed),
        states=Counter(each.lead.state for each in groups),
        groups=tuple(
            each
            for each in groups
            if (not state or each.lead.state == state) and (not wanted or _says(each, wanted))
        ),
        titles={fate.item.id: fate.item.title.get(language) for fate in fates},
        questions={
            each.id: each.text.get(language)
            for each in questionnaire.questions_by_id.values()
            if each.kind == "proposals"
        },
        contexts={name: each.title.get(language) for name, each in questionnaire.contexts_by_id.items()},
    )


@dataclass(frozen=True, slots=True)
class Alike:
    """What probably says the same, side by side."""

    number: int
    groups: tuple[tuple[ProposalAtWork, ...], ...]
    like_items: tuple[tuple[ProposalAtWork, LikeItem, str], ...]
    """A proposal, the item that it is worded like, and that item's title."""


def get_alike(session: Session, *, study: Study, number: int) -> Alike:
    """Suggestions for round `number`, by the wording alone."""
    closed = get_closed(session, study_id=study.id, number=number)
    fates = read_fates(session, study_id=study.id, cohort=closed.cohort)
    crowd = read_crowd(session, study=study)
    desk = _look(session, closed, fates, crowd, study=study)
    found = suggest_among(session, closed.instrument, fates, round_number=number)
    of_round = {one.public_id: one for group in desk.groups for one in group.all}
    named = [*found.groups, [each.public_id for each in found.like_items]]
    earlier = _read_earlier(session, closed, crowd, study=study, found=named, known=of_round)
    known = {**earlier, **of_round}
    return Alike(
        number=number,
        groups=tuple(tuple(known[name] for name in names if name in known) for names in found.groups),
        like_items=tuple(
            (known[each.public_id], each, desk.titles.get(each.item, each.item))
            for each in found.like_items
            if each.public_id in known
        ),
    )


def _read_earlier(
    session: Session,
    closed: ClosedRound,
    crowd: Mapping[str, Crowd],
    *,
    study: Study,
    found: Sequence[Sequence[str]],
    known: Mapping[str, ProposalAtWork],
) -> dict[str, ProposalAtWork]:
    """Proposals of earlier closed rounds that are still unread and are like one of this round."""
    missing = {name for names in found for name in names} - set(known)
    if not missing:
        return {}
    over = select(Round.number).where(Round.study_id == study.id, Round.state.in_(OVER))
    listed = read_proposals(
        session,
        closed.instrument,
        Proposal.public_id.in_(missing),
        Proposal.round < closed.number,
        Proposal.round.in_(over),
        study=study,
        crowd=crowd,
    )
    return {each.public_id: each for each in listed}


def _in_groups(listed: Sequence[ProposalAtWork]) -> tuple[ProposalGroup, ...]:
    """One that says the same as a proposal of another round stands here for itself."""
    here = {each.public_id for each in listed}
    others: dict[str, list[ProposalAtWork]] = {}
    for each in listed:
        if each.grouped_as in here:
            others.setdefault(each.grouped_as, []).append(each)
    return tuple(
        ProposalGroup(each, tuple(others.get(each.public_id, ())))
        for each in listed
        if each.grouped_as not in here
    )


def _says(group: ProposalGroup, wanted: str) -> bool:
    return any(wanted in text.casefold() for each in group.all for text in (each.text, each.released_text))
