"""What lies before those who moderate: the replies of a round, and how reasons were marked in closed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import NotFound
from surveyapp.models import Reason, Reply, Round, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.item_history import read_fates
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reasons.discussing import Marks, ReplyInView, count_marks, list_replies_to_moderate

_BEGUN = (RoundState.OPEN, RoundState.CLOSED, RoundState.RELEASED)


@dataclass(frozen=True, slots=True)
class MarkedReason:
    """A reason that experts were shown, and how it was marked, as far as that may be told."""

    public_id: str
    item: str
    text: str
    marks: Marks


@dataclass(frozen=True, slots=True)
class ReplyDesk:
    """One round's replies."""

    number: int
    discussion: Discussion | None
    """None where the protocol allows none any more; what was written is still there."""
    states: Mapping[str, int]
    replies: tuple[ReplyInView, ...]
    marked: tuple[MarkedReason, ...]
    """Reasons that were marked in closed rounds, all of the study's: those that this round shows."""
    smallest_group: int
    titles: Mapping[str, str]


def find_latest_round(session: Session, *, study_id: int) -> int | None:
    """The round in which experts discuss now, or did last: the latest that was opened."""
    return session.scalar(
        select(func.max(Round.number)).where(Round.study_id == study_id, Round.state.in_(_BEGUN))
    )


def list_begun(session: Session, *, study_id: int) -> tuple[int, ...]:
    """The numbers of all rounds that were opened, ascending."""
    return tuple(
        session.scalars(
            select(Round.number)
            .where(Round.study_id == study_id, Round.state.in_(_BEGUN))
            .order_by(Round.number)
        )
    )


def get_reply_desk(session: Session, *, study: Study, number: int, state: str | None) -> ReplyDesk:
    """The replies that were written in round `number`, in a `state` or all of them.

    Replies are read while their round is open, because others wait for them; marks are counted only when it
    is closed, and never under the study's smallest number of people. Raises NotFound.
    """
    held = session.get(Round, (study.id, number))
    if held is None or held.state not in _BEGUN:
        raise NotFound(f"This study has no round {number} that was opened.")
    counts = session.execute(
        select(Reply.state, func.count().label("replies"))
        .where(Reply.study_id == study.id, Reply.round == number)
        .group_by(Reply.state)
    )
    protocol = find_protocol(session, study=study)
    return ReplyDesk(
        number=number,
        discussion=protocol.discussion if protocol is not None else None,
        states=Counter({row.state: row.replies for row in counts}),
        replies=list_replies_to_moderate(session, study_id=study.id, state=state, round_number=number),
        marked=_read_marked(session, study=study, held=held),
        smallest_group=study.smallest_group,
        titles=_read_titles(session, study=study, held=held),
    )


def _read_marked(session: Session, *, study: Study, held: Round) -> tuple[MarkedReason, ...]:
    rows = session.execute(
        select(Reason.public_id, Reason.item, Reason.released_text).where(
            Reason.study_id == study.id, Reason.round == held.shows_round
        )
    ).all()
    names = {row.public_id for row in rows}
    marks = count_marks(session, study_id=study.id, smallest=study.smallest_group, public_ids=names)
    found = [
        MarkedReason(row.public_id, row.item, row.released_text, marks[row.public_id])
        for row in rows
        if row.public_id in marks
    ]
    return tuple(sorted(found, key=lambda each: (-(each.marks.for_me or 0), each.public_id)))


def _read_titles(session: Session, *, study: Study, held: Round) -> Mapping[str, str]:
    language = get_instrument(
        session, study_id=study.id, number=held.questionnaire_number
    ).questionnaire.language
    fates = read_fates(session, study_id=study.id, cohort=held.cohort)
    return {fate.item.id: fate.item.title.get(language) for fate in fates}
