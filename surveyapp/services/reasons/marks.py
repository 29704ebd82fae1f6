"""How reasons were marked in a round: counted when it is closed, told in its release and never otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks, ShownReason
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.privacy.ledger import Figure, Ledger
from surveyapp.delphi.privacy.marks import FOR_ME, Marked, tell_marks
from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.delphi.privacy.suppression import Alike, Exact, Hidden, Part
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Participation, Publication, Reaction, Reason, Release, Round
from surveyapp.services.figures import RoundFigures
from surveyapp.services.ledgers import Line
from surveyapp.services.reasons.discussing import Stance

STANCES: Final = ("not_for_me", "for_me")
"""In the order of the scale that `delphi.privacy.marks` counts on."""
_FIGURE: Final = "marks:"
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class _Round:
    """A closed round: everybody who submitted it, and how each reason was marked by them."""

    variant_of: Mapping[int, str]
    """Who submitted → the variant of the feedback."""
    stances: Mapping[str, Mapping[int, str]]
    """Reason → who submitted and marked it → the mark."""


def shown_marks(
    session: Session, figures: RoundFigures, *, study_id: int, rules: PrivacyRules
) -> tuple[ShownMarks, ...]:
    """What the release of a closed round tells of marks on the reasons that the round showed.

    Nothing where its protocol allows no marks. A mark counts when its author submitted the round, as answers
    do. In the order of the release that showed the reasons.
    """
    protocol = figures.protocol
    if protocol is None or protocol.discussion is None or not protocol.discussion.marks:
        return ()
    held = session.get_one(Round, (study_id, figures.number))
    marked = _read_round(session, study_id=study_id, number=figures.number)
    if held.shows_round is None or not marked.stances:
        return ()
    plan = RoundPlan.from_canonical(held.plan)
    others = sum(plan.discussion_for(variant) is None for variant in marked.variant_of.values())
    authors = _read_authors(session, study_id=study_id, public_ids=marked.stances)
    told_before = _read_told(session, study_id=study_id, number=figures.number)
    found = []
    for reason in _read_shown(session, study_id=study_id, number=held.shows_round):
        author, stances = authors.get(reason.id), list(marked.stances.get(reason.id, {}).values())
        if author is None or not stances:
            continue
        left_over = marked.variant_of.keys() - marked.stances[reason.id].keys()
        counted = Marked(
            for_me=stances.count("for_me"),
            not_for_me=stances.count("not_for_me"),
            readers=_count_readers(figures, reason) - others,
            is_silent_only_the_author=left_over == {author},
        )
        told = _as_shown(reason, tell_marks(counted, rules), of_round=held.shows_round)
        if told is not None and _may_tell_again(
            session, reason.id, author, marked, study_id=study_id, before=told_before, k=rules.k
        ):
            found.append(told)
    return tuple(found)


def lines_of_marks(session: Session, content: ReleaseContent, *, study_id: int) -> Iterator[Line]:
    """The marks that a release tells, as lines of the publication ledger."""
    cells = session.execute(
        select(Reason.public_id, Reason.cell).where(
            Reason.study_id == study_id, Reason.round.in_({each.of_round for each in content.marks})
        )
    )
    cell_of = dict(cells.all())
    for each in content.marks:
        yield Line(cell_of[each.reason.id], f"{_FIGURE}{each.reason.id}", each.n)


def list_told(session: Session, *, study_id: int) -> tuple[tuple[int, tuple[ShownMarks, ...]], ...]:
    """Each released round in which reasons were marked, with what its release tells of it."""
    rows = session.execute(
        select(Release.round, Release.content)
        .join(Round, (Round.study_id == Release.study_id) & (Round.number == Release.round))
        .where(
            Release.study_id == study_id,
            Release.released_at.is_not(None),
            Round.state == RoundState.RELEASED,
        )
        .order_by(Release.round, Release.number)
    )
    # The last release of a round is the one that tells.
    told = {number: ReleaseContent.from_canonical(content).marks for number, content in rows}
    return tuple((number, marks) for number, marks in told.items() if marks)


def list_waiting(session: Session, *, study_id: int, smallest: int) -> tuple[tuple[int, int | None], ...]:
    """Each closed round with marks that is not released yet, with how many marked anything."""
    numbers = session.scalars(
        select(Round.number)
        .where(
            Round.study_id == study_id,
            Round.state == RoundState.CLOSED,
            exists().where(Reaction.study_id == Round.study_id, Reaction.round == Round.number),
        )
        .order_by(Round.number)
    ).all()
    return tuple(
        (each, count_marking(session, study_id=study_id, number=each, smallest=smallest)) for each in numbers
    )


def count_marking(session: Session, *, study_id: int, number: int, smallest: int) -> int | None:
    """How many of those who submitted a round marked anything in it; None while that may not be told.

    For organisers, until the release tells more: not while the round is open, since a number would follow
    single marks, and not where they, or those who marked nothing, are fewer than `smallest`.
    """
    if session.get_one(Round, (study_id, number)).state not in {RoundState.CLOSED, RoundState.RELEASED}:
        return None
    marked = _read_round(session, study_id=study_id, number=number)
    marking = {panellist for stances in marked.stances.values() for panellist in stances}
    silent = len(marked.variant_of) - len(marking)
    return len(marking) if len(marking) >= smallest and (not silent or silent >= smallest) else None


def _as_shown(reason: ShownReason, part: Part, *, of_round: int) -> ShownMarks | None:
    match part:
        case Hidden():
            return None
        case Exact(counts):
            against, for_me = counts.of
            return ShownMarks(of_round=of_round, reason=reason, n=counts.n, for_me=for_me, not_for_me=against)
        case Alike(n, point, percent):
            mostly: Stance = "for_me" if point == FOR_ME else "not_for_me"
            return ShownMarks(of_round=of_round, reason=reason, n=n, at_least=percent, mostly=mostly)


def _count_readers(figures: RoundFigures, reason: ShownReason) -> int:
    """How many answered a rating that the reason stands beside: those surely saw it, perhaps others too."""
    beside = [
        figures.counts(number)
        for key, number in figures.cells_of(reason.item)
        if reason.context in {"", key.context} and reason.criterion in {"", key.criterion}
    ]
    return max((each.answered for each in beside if each is not None), default=0)


def _may_tell_again(
    session: Session,
    public_id: str,
    author: int,
    marked: _Round,
    *,
    study_id: int,
    before: Mapping[str, Mapping[int, int]],
    k: int,
) -> bool:
    """Whether the marks tell nothing of few people together with those that another round's release told.

    Where somebody who had marked the reason then has left with all answers, it cannot be told any more.
    """
    ledger = Ledger(k)
    for number, n in before.get(public_id, {}).items():
        earlier = _read_round(session, study_id=study_id, number=number)
        if len(earlier.stances.get(public_id, {})) != n:
            return False
        ledger.record(_figures(public_id, author, earlier))
    return not ledger.published(public_id) or ledger.may_publish(_figures(public_id, author, marked)).may


def _figures(public_id: str, author: int, marked: _Round) -> list[Figure]:
    """Who marked the reason, and who could have: a mark is one answer whatever round it was made in."""
    stances = marked.stances[public_id]
    marks = {panellist: 1 + STANCES.index(stance) for panellist, stance in stances.items()}
    readers = {panellist: marks.get(panellist, 0) for panellist in marked.variant_of if panellist != author}
    return [Figure(public_id, "readers", readers), Figure(public_id, "marks", marks)]


def _read_round(session: Session, *, study_id: int, number: int) -> _Round:
    submitted = session.execute(
        select(Participation.panellist_id, Participation.variant).where(
            Participation.study_id == study_id,
            Participation.round == number,
            Participation.submission > 0,
        )
    )
    variant_of = dict(submitted.all())
    stances: dict[str, dict[int, str]] = defaultdict(dict)
    for public_id, panellist_id, stance in session.execute(
        select(Reaction.public_id, Reaction.panellist_id, Reaction.stance).where(
            Reaction.study_id == study_id, Reaction.round == number
        )
    ):
        if panellist_id in variant_of:
            stances[public_id][panellist_id] = stance
    return _Round(variant_of, stances)


def _read_authors(session: Session, *, study_id: int, public_ids: Collection[str]) -> dict[str, int]:
    """Reason → its author, of those reasons that are still there."""
    found: dict[str, int] = {}
    names = list(public_ids)
    for start in range(0, len(names), _AT_ONCE):
        rows = session.execute(
            select(Reason.public_id, Reason.panellist_id).where(
                Reason.study_id == study_id, Reason.public_id.in_(names[start : start + _AT_ONCE])
            )
        )
        found |= dict(rows.all())
    return found


def _read_shown(session: Session, *, study_id: int, number: int) -> tuple[ShownReason, ...]:
    """The reasons that the latest release of round `number` shows."""
    content = session.scalar(
        select(Release.content)
        .where(Release.study_id == study_id, Release.round == number, Release.released_at.is_not(None))
        .order_by(Release.number.desc())
        .limit(1)
    )
    return () if content is None else ReleaseContent.from_canonical(content).reasons


def _read_told(session: Session, *, study_id: int, number: int) -> dict[str, dict[int, int]]:
    """Reason → the other rounds whose releases told its marks, with how many they stood on."""
    rows = session.execute(
        select(Publication.figure, Publication.round, Publication.n).where(
            Publication.study_id == study_id,
            Publication.round != number,
            Publication.figure.startswith(_FIGURE),
        )
    )
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for figure, round_number, n in rows:
        found[figure.removeprefix(_FIGURE)][round_number] = n
    return found
