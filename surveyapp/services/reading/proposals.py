"""The proposals of closed rounds as those read them who make items of them: without their authors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Fate
from surveyapp.delphi.near_duplicates import find_pairs, group_pairs, same_words
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import Refused, Sentence
from surveyapp.export.proposals import ProposedLine
from surveyapp.models import Cell, Panellist, Participation, Proposal, Round, Study
from surveyapp.services.instruments import Instrument, get_instrument, read_provenance
from surveyapp.services.item_history import read_fates
from surveyapp.services.reading.reasons import get_closed_round


@dataclass(frozen=True, slots=True)
class ProposalAtWork:
    """One proposal, and what has become of it so far. Nothing here tells who wrote it, or when."""

    public_id: str
    round: int
    question: str
    context: str
    text: str
    """As it was submitted."""
    released_text: str
    language: str
    """The language in which its author reads the study."""
    state: str
    grouped_as: str
    """The one that stands for it; '' where it stands for itself."""
    says_the_same: tuple[str, ...]
    """Those that it stands for."""
    people: int
    """How many have proposed it, in one wording or another."""
    groups: tuple[str, ...]
    """The groups that these people belong to, as far as each is large enough to be named."""
    item: str
    because: str
    handled_by: str
    handled_at: datetime | None

    @property
    def words(self) -> str:
        """As it is passed on: redacted where it was."""
        return self.released_text or self.text


@dataclass(frozen=True, slots=True)
class LikeItem:
    """A proposal that is worded like an item there is; `share` of their wording they have in common."""

    public_id: str
    item: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Suggested:
    """What probably says the same, by its wording alone: a suggestion, no more."""

    groups: tuple[tuple[str, ...], ...]
    """Names of proposals that are alike, in each group first the one that the others are like."""
    like_items: tuple[LikeItem, ...]


def find_collected_round(session: Session, *, study_id: int) -> int:
    """The round whose proposals are worked on now: the latest that is closed. Raises Refused when none is."""
    number = session.scalar(
        select(func.max(Round.number)).where(
            Round.study_id == study_id, Round.state.in_([RoundState.CLOSED, RoundState.RELEASED])
        )
    )
    if number is None:
        raise Refused(
            Sentence("No round of this study is closed: proposals are read and worked on when one is.")
        )
    return number


def list_proposals(
    session: Session, *, study: Study, round_number: int, state: str = ""
) -> tuple[ProposalAtWork, ...]:
    """The proposals of a closed round, or those in one `state`.

    They come question by question, those that say the same after the one that stands for them, and beyond
    that by their random names: an order that tells neither who nor when. Raises NotFound, or RoundClosed
    while the round may still take answers.
    """
    held = get_closed_round(session, study_id=study.id, round_number=round_number)
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    found = read_proposals(session, instrument, Proposal.round == round_number, study=study)
    return tuple(each for each in found if not state or each.state == state)


def read_proposals(
    session: Session,
    instrument: Instrument,
    *wanted: ColumnElement[bool],
    study: Study,
    crowd: Mapping[str, Crowd] | None = None,
) -> tuple[ProposalAtWork, ...]:
    """Those of the study's proposals that are `wanted`, in the order of `list_proposals`.

    `instrument` is any of the study's, for each knows every cell; `crowd` is what `read_crowd` gives, where
    the caller has it. The rounds must be closed.
    """
    rows = session.execute(
        select(Proposal, Panellist.language)
        .join(Panellist, (Panellist.study_id == Proposal.study_id) & (Panellist.id == Proposal.panellist_id))
        .where(Proposal.study_id == study.id, *wanted)
    ).all()
    if not rows:
        return ()
    if crowd is None:
        crowd = read_crowd(session, study=study)
    found = []
    for row, language in rows:
        key = instrument.spec(row.cell).key
        mine = crowd[row.grouped_as or row.public_id]
        found.append(
            ProposalAtWork(
                public_id=row.public_id,
                round=row.round,
                question=key.question,
                context=key.context,
                text=row.text,
                released_text=row.released_text,
                language=language,
                state=row.state,
                grouped_as=row.grouped_as,
                says_the_same=() if row.grouped_as else mine.members,
                people=mine.people,
                groups=mine.groups,
                item=row.item,
                because=row.because,
                handled_by=row.handled_by,
                handled_at=row.handled_at,
            )
        )
    order = {row.public_id: row.cell for row, _ in rows}
    found.sort(
        key=lambda each: (
            order.get(each.grouped_as or each.public_id, order[each.public_id]),
            each.grouped_as or each.public_id,
            bool(each.grouped_as),
            each.public_id,
        )
    )
    return tuple(found)


def count_unread(session: Session, *, study_id: int, round_number: int) -> int:
    """How many proposals of a round have found no place yet; those that say the same count once."""
    return read_waiting(session, study_id=study_id).get(round_number, 0)


def read_waiting(session: Session, *, study_id: int) -> Mapping[int, int]:
    """Round → how many of its proposals have found no place yet; rounds without such are left out."""
    rows = session.execute(
        select(Proposal.round, func.count().label("proposals"))
        .where(Proposal.study_id == study_id, Proposal.state == "unread", Proposal.grouped_as == "")
        .group_by(Proposal.round)
        .order_by(Proposal.round)
    )
    return {row.round: row.proposals for row in rows}


def suggest(session: Session, *, study: Study, round_number: int) -> Suggested:
    """Unread proposals that probably say the same as one another, or as an item there is.

    Beside those of the round, those of earlier rounds that are still unread.
    """
    held = get_closed_round(session, study_id=study.id, round_number=round_number)
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    fates = read_fates(session, study_id=study.id, cohort=held.cohort)
    return suggest_among(session, instrument, fates, round_number=round_number)


def suggest_among(
    session: Session, instrument: Instrument, fates: Sequence[Fate], *, round_number: int
) -> Suggested:
    """What `suggest` gives, of a round that is known to be closed; `fates` are the items of its cohort."""
    rows = session.scalars(
        select(Proposal).where(
            Proposal.study_id == instrument.study_id,
            Proposal.state == "unread",
            Proposal.grouped_as == "",
            Proposal.round <= round_number,
        )
    ).all()
    texts = {row.public_id: row.released_text or row.text for row in rows}
    # A colon stands in no public name, so the two cannot be mixed up.
    items = {
        f"item:{fate.item.id}": fate.item.title.get(instrument.questionnaire.language)
        for fate in fates
        if fate.status not in {"dropped", "replaced"}
    }
    same = same_words(texts)
    pairs = find_pairs({name: texts[name] for name in same} | items)
    # In the order of their names the proposals (N-…) stand before the items (item:…).
    like_items = tuple(
        LikeItem(name, pair.second.removeprefix("item:"), pair.share)
        for pair in pairs
        if pair.first in texts and pair.second in items
        for name in same[pair.first]
    )
    of_proposals = [pair for pair in pairs if pair.first in texts and pair.second in texts]
    return Suggested(group_pairs(of_proposals, same), like_items)


def read_proposed_lines(
    session: Session, *, study_id: int, rounds: Collection[int]
) -> tuple[ProposedLine, ...]:
    """All proposals of these rounds as they may leave the installation, in the order of their names.

    Of one whose author has left with all answers there is no more than its name and the item that it became.
    """
    rows = session.execute(
        select(Proposal, Cell.question, Cell.context)
        .join(Cell, (Cell.study_id == Proposal.study_id) & (Cell.number == Proposal.cell))
        .where(Proposal.study_id == study_id, Proposal.round.in_(rounds))
    ).all()
    found = [
        ProposedLine(
            proposal=row.public_id,
            round=row.round,
            question=question,
            context=context,
            text=row.released_text or row.text,
            state=row.state,
            item=row.item,
            says_the_same_as=row.grouped_as,
            because=row.because,
        )
        for row, question, context in rows
    ]
    there = {each.proposal for each in found}
    found += [
        ProposedLine(name, None, "", "", "", "item", item, "", "")
        for item, names in read_provenance(session, study_id=study_id).items()
        for name in names
        if name not in there
    ]
    # Sorted here: databases disagree on the order of texts.
    return tuple(sorted(found, key=lambda each: each.proposal))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Those who proposed the same thing."""

    members: tuple[str, ...]
    people: int
    groups: tuple[str, ...]


def read_crowd(session: Session, *, study: Study) -> Mapping[str, Crowd]:
    """By the name of the proposal that stands for the others. Across rounds: whoever says it twice is one."""
    rows = session.execute(
        select(
            Proposal.public_id,
            Proposal.grouped_as,
            Proposal.round,
            Proposal.panellist_id,
            Participation.group.label("group"),
        )
        .join(
            Participation,
            (Participation.study_id == Proposal.study_id)
            & (Participation.round == Proposal.round)
            & (Participation.panellist_id == Proposal.panellist_id),
        )
        .where(Proposal.study_id == study.id)
        .order_by(Proposal.public_id)
    ).all()
    nameable = _read_nameable(session, study=study)
    together: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for row in rows:
        group = row.group if (row.round, row.group) in nameable else ""
        together[row.grouped_as or row.public_id].append((row.public_id, row.panellist_id, group))
    return {
        lead: Crowd(
            members=tuple(name for name, _, _ in each if name != lead),
            people=len({person for _, person, _ in each}),
            groups=_named(each),
        )
        for lead, each in together.items()
    }


def _named(proposals: Sequence[tuple[str, int, str]]) -> tuple[str, ...]:
    return tuple(sorted({group for _, _, group in proposals if group}))


def _read_nameable(session: Session, *, study: Study) -> frozenset[tuple[int, str]]:
    """Round and group of at least k people who answered: fewer, and the group's name would tell of them."""
    rows = session.execute(
        select(Participation.round, Participation.group)
        .where(Participation.study_id == study.id, Participation.submission > 0)
        .group_by(Participation.round, Participation.group)
        .having(func.count() >= study.smallest_group)
    )
    return frozenset((number, group) for number, group in rows)
