"""What experts say about one another's released reasons: marks and replies, where the protocol allows it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from sqlalchemy import Select, delete, exists, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.delphi.rounds import takes_answers
from surveyapp.errors import NotFound, Refused, RoundClosed, Sentence
from surveyapp.models import Participation, Reaction, Reason, Release, Reply, Round
from surveyapp.questionnaire.kinds.written import read_text
from surveyapp.services.audit import record
from surveyapp.services.letters.occasions import letter_of_reply
from surveyapp.services.reading.seats import SeatKey

MAX_REPLY = 2_000
MOST_REPLIES_TO_ONE = 5
MOST_REPLIES_IN_A_ROUND = 60
_REPLY_LETTERS = 8

Stance: TypeAlias = Literal["for_me", "not_for_me"]


@dataclass(frozen=True, slots=True)
class ReplyInView:
    """One reply as somebody sees it: without author and time."""

    reply_id: str
    public_id: str
    """The reason that it answers."""
    text: str
    state: str
    """``waiting``, ``shown`` or ``hidden``; an expert sees the first and the last on own replies only."""
    is_own: bool = False
    because: str = ""
    """Why an own reply is hidden; '' where nobody said so."""
    item: str = ""
    """For moderators: the item that the reason is about."""
    reason: str = ""
    """For moderators: the reason as experts read it."""


def mark_reason(
    session: Session,
    *,
    seat: SeatKey,
    public_id: str,
    stance: Stance | None,
    discussion: Discussion | None,
    now: datetime,
) -> None:
    """Say that another's reason speaks for me, or does not; None takes the mark back.

    Raises Refused where the protocol allows no marks, for one's own reason, or for one that this round does
    not show; RoundClosed; NotFound when the reason is gone.
    """
    if discussion is None or not discussion.marks:
        raise Refused(Sentence("In this study reasons are not marked."))
    _hold(session, seat=seat, now=now)
    _check_in_view(session, seat=seat, public_id=public_id)
    key = (seat.study_id, seat.round, seat.panellist_id, public_id)
    mark = session.get(Reaction, key)
    if stance is None:
        if mark is not None:
            session.delete(mark)
    elif mark is None:
        session.add(
            Reaction(
                study_id=seat.study_id,
                round=seat.round,
                panellist_id=seat.panellist_id,
                public_id=public_id,
                stance=stance,
                marked_at=now,
            )
        )
    else:
        mark.stance, mark.marked_at = stance, now
    session.flush()


def reply_to_reason(
    session: Session,
    *,
    seat: SeatKey,
    public_id: str,
    text: str,
    discussion: Discussion | None,
    now: datetime,
) -> str:
    """Write back to another's reason; returns the reply's random name.

    Others see it at once, or when a moderator has passed it, as the protocol says. The same text sent again
    is the same reply: a repeat after a lost answer, or a double click. Raises what `mark_reason` raises,
    AnswerError for a text that cannot be stored, and Refused for an empty one or one too many.
    """
    if discussion is None or not discussion.replies:
        raise Refused(Sentence("In this study reasons are not replied to."))
    _hold(session, seat=seat, now=now)
    _check_in_view(session, seat=seat, public_id=public_id)
    written = read_text([text.strip()], Sentence("Reply"), MAX_REPLY).text
    if written is None:
        raise Refused(Sentence("The reply is empty: write something, or leave it."))
    if there := _find_same(session, seat=seat, public_id=public_id, text=written):
        return there
    _check_caps(session, seat=seat, public_id=public_id)
    reply_id = "A-" + secrets.token_hex(_REPLY_LETTERS)
    session.add(
        Reply(
            study_id=seat.study_id,
            round=seat.round,
            panellist_id=seat.panellist_id,
            public_id=public_id,
            reply_id=reply_id,
            text=written,
            state="waiting" if discussion.moderated else "shown",
            written_at=now,
        )
    )
    session.flush()
    if not discussion.moderated:
        letter_of_reply(
            session, study_id=seat.study_id, round_number=seat.round, public_id=public_id, now=now
        )
    return reply_id


def take_reply_back(session: Session, *, seat: SeatKey, reply_id: str, now: datetime) -> None:
    """Delete one's own reply while the round is open. Raises RoundClosed, or NotFound for another's."""
    _hold(session, seat=seat, now=now)
    gone = session.execute(
        delete(Reply)
        .where(
            Reply.study_id == seat.study_id,
            Reply.round == seat.round,
            Reply.panellist_id == seat.panellist_id,
            Reply.reply_id == reply_id,
        )
        .returning(Reply.reply_id)
    ).all()
    if not gone:
        raise NotFound(Sentence("There is no such reply of yours."))


def moderate_reply(
    session: Session,
    *,
    study_id: int,
    reply_id: str,
    is_shown: bool,
    now: datetime,
    actor: str,
    because: str = "",
) -> None:
    """Let a reply be seen by others, or hide it; either can be undone. Raises NotFound."""
    moderate_replies(
        session,
        study_id=study_id,
        reply_ids=[reply_id],
        is_shown=is_shown,
        now=now,
        actor=actor,
        because=because,
    )


def moderate_replies(
    session: Session,
    *,
    study_id: int,
    reply_ids: Sequence[str],
    is_shown: bool,
    now: datetime,
    actor: str,
    because: str = "",
) -> None:
    """Let several replies be seen by others, or hide them: all, or none where one is unknown.

    Why one is hidden stays on record, and its author is told. Raises NotFound with every name that the study
    does not have.
    """
    rows = session.scalars(
        select(Reply)
        .where(Reply.study_id == study_id, Reply.reply_id.in_(reply_ids))
        .order_by(Reply.reply_id)
        .with_for_update()
    ).all()
    unknown = sorted(set(reply_ids) - {row.reply_id for row in rows})
    if unknown:
        raise NotFound(Sentence("This study has no reply {unknown}.", unknown=", ".join(unknown)))
    for row in rows:
        if is_shown and row.state == "waiting":
            letter_of_reply(
                session, study_id=study_id, round_number=row.round, public_id=row.public_id, now=now
            )
        row.state = "shown" if is_shown else "hidden"
        row.moderated_by, row.because = actor, "" if is_shown else because
        detail = {"reply": row.reply_id, "reason": row.public_id}
        act = "reply.show" if is_shown else "reply.hide"
        record(session, study_id=study_id, now=now, actor=actor, act=act, detail=detail, reason=because)
    session.flush()


def list_replies(session: Session, *, seat: SeatKey) -> tuple[ReplyInView, ...]:
    """The replies to the reasons that the seat's round shows: those that are shown, and one's own.

    In the order of reasons and of the replies' random names, which tells nothing about time.
    """
    rows = session.execute(
        _select_replies(seat.study_id)
        .join(Round, (Round.study_id == Reason.study_id) & (Round.shows_round == Reason.round))
        .where(Round.number == seat.round)
    )
    return tuple(
        ReplyInView(reply_id, public_id, text, state, is_own=True, because=because)
        if panellist_id == seat.panellist_id
        else ReplyInView(reply_id, public_id, text, state)
        for reply_id, public_id, text, state, panellist_id, because in rows
        if state == "shown" or panellist_id == seat.panellist_id
    )


def list_replies_to_moderate(
    session: Session, *, study_id: int, state: str | None = "waiting", round_number: int | None = None
) -> tuple[ReplyInView, ...]:
    """The replies that wait for a moderator, or those in another state, or all of them with None.

    With `round_number` those alone that were written in this round.
    """
    statement = _select_replies(study_id).add_columns(Reason.item, Reason.released_text)
    if state is not None:
        statement = statement.where(Reply.state == state)
    if round_number is not None:
        statement = statement.where(Reply.round == round_number)
    rows = session.execute(statement)
    return tuple(
        ReplyInView(reply_id, public_id, text, now, item=item, reason=reason)
        for reply_id, public_id, text, now, _, _, item, reason in rows
    )


def list_own_marks(session: Session, *, seat: SeatKey) -> Mapping[str, Stance]:
    """Reason → the mark that this seat has set on it in its round."""
    rows = session.execute(
        select(Reaction.public_id, Reaction.stance).where(
            Reaction.study_id == seat.study_id,
            Reaction.round == seat.round,
            Reaction.panellist_id == seat.panellist_id,
        )
    )
    return {public_id: "for_me" if stance == "for_me" else "not_for_me" for public_id, stance in rows}


def _select_replies(study_id: int) -> Select[str, str, str, str, int, str]:
    return (
        select(Reply.reply_id, Reply.public_id, Reply.text, Reply.state, Reply.panellist_id, Reply.because)
        .join(Reason, (Reason.study_id == Reply.study_id) & (Reason.public_id == Reply.public_id))
        .where(Reply.study_id == study_id)
        .order_by(Reply.public_id, Reply.reply_id)
    )


def _hold(session: Session, *, seat: SeatKey, now: datetime) -> None:
    """Hold the round open and the seat's participation, as a save does."""
    here = (Round.study_id == seat.study_id, Round.number == seat.round)
    look = select(Round.state, Round.closes_at, Round.closing_at).where(*here)
    # Looked at before the lock is asked for: somebody may be waiting to close.
    for statement in (look, look.with_for_update(read=True)):
        held = session.execute(statement).one_or_none()
        if held is None or not takes_answers(
            held.state, now=now, closes_at=held.closes_at, closing_at=held.closing_at
        ):
            raise RoundClosed(Sentence("Round {number} takes no answers now.", number=seat.round))
    mine = session.execute(
        select(Participation.withdrawn_at)
        .where(
            Participation.study_id == seat.study_id,
            Participation.round == seat.round,
            Participation.panellist_id == seat.panellist_id,
        )
        .with_for_update()
    ).one_or_none()
    if mine is None or mine.withdrawn_at is not None:
        raise Refused(Sentence("You have withdrawn from this study: nothing more is stored."))


def _check_in_view(session: Session, *, seat: SeatKey, public_id: str) -> None:
    """Raises unless the reason is another's, and stands in a release that the seat's round shows."""
    found = session.execute(
        select(Reason.panellist_id, Reason.round).where(
            Reason.study_id == seat.study_id, Reason.public_id == public_id
        )
    ).one_or_none()
    # A reason is told from none only where it has been shown.
    is_shown = found is not None and session.scalar(
        select(
            exists().where(
                Round.study_id == seat.study_id,
                Round.number == seat.round,
                Round.shows_round == found.round,
                Release.study_id == Round.study_id,
                Release.round == Round.shows_round,
                Release.released_at.is_not(None),
                # As canonical JSON has it; sources of a summary are named without ``id``.
                Release.content.contains(f'"id":"{public_id}"', autoescape=True),
            )
        )
    )
    if found is None or not is_shown:
        raise NotFound(Sentence("This reason is not shown in this round, or its author has taken it back."))
    if found.panellist_id == seat.panellist_id:
        raise Refused(Sentence("This reason is your own."))


def _find_same(session: Session, *, seat: SeatKey, public_id: str, text: str) -> str | None:
    return session.scalar(
        select(Reply.reply_id).where(
            Reply.study_id == seat.study_id,
            Reply.round == seat.round,
            Reply.panellist_id == seat.panellist_id,
            Reply.public_id == public_id,
            Reply.text == text,
        )
    )


def _check_caps(session: Session, *, seat: SeatKey, public_id: str) -> None:
    mine = (
        Reply.study_id == seat.study_id,
        Reply.round == seat.round,
        Reply.panellist_id == seat.panellist_id,
    )
    to_this = session.scalar(select(func.count()).where(*mine, Reply.public_id == public_id)) or 0
    if to_this >= MOST_REPLIES_TO_ONE:
        raise Refused(
            Sentence("You have replied to this reason {most} times; that is the most.", most=to_this)
        )
    in_all = session.scalar(select(func.count()).where(*mine)) or 0
    if in_all >= MOST_REPLIES_IN_A_ROUND:
        raise Refused(
            Sentence("You have written {most} replies in this round; that is the most.", most=in_all)
        )
