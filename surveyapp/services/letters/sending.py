"""Sending what is due: each letter claimed, looked at once more, handed over, and what came of it noted.

A worker may be killed at any instant. A letter that it had claimed is taken by another when the lease runs
out; only one that was handed over and not yet noted goes twice, and then it is the same letter with the same
Message-ID.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, text, update
from sqlalchemy.orm import Session

from surveyapp.mail.kinds import Kind
from surveyapp.mail.letters import Letter
from surveyapp.mail.transport import Answer, Line, Outcome
from surveyapp.models import OutboxMessage, Throttle, UtcDateTime
from surveyapp.services.letters.audience import Occasion, find_addressee, say_why_not
from surveyapp.services.letters.last_look import find_why_not
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.texts import find_text, get_text
from surveyapp.services.letters.writing import put_together
from surveyapp.services.unit import Database, read_now

LEASE = timedelta(minutes=5)
BATCH = 10
GIVE_UP_AFTER = timedelta(days=2)
_SHORTEST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=1)
_PACE = "letters"
_SPEND = text(
    "INSERT INTO throttle (purpose, subject, window_start, count) VALUES (:purpose, '', :start, :count)"
    " ON CONFLICT (purpose, subject, window_start) DO UPDATE SET count = throttle.count + :count"
).bindparams(bindparam("start", type_=UtcDateTime()))
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A letter that this worker has until its lease runs out."""

    study_id: int
    panellist_id: int
    round: int
    kind: str
    number: int
    attempts: int
    queued_at: datetime

    @property
    def occasion(self) -> Occasion:
        return Occasion(self.study_id, self.round, Kind(self.kind), self.number)


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one batch."""

    claimed: int
    handed_over: int
    is_line_down: bool


def send_due(
    database: Database, office: Office, *, most: int = BATCH, is_stopped: Callable[[], bool] = lambda: False
) -> Sent:
    """Send up to `most` of the letters that are due."""
    with database.verb() as session:
        claims = _claim(session, office=office, most=most, now=read_now(session))
    handed_over, is_down = 0, False
    if not claims:
        return Sent(0, 0, is_line_down=False)
    with office.transport.open() as line, office.drawer.open() as drawer:
        for at, claim in enumerate(claims):
            if is_stopped() or is_down:
                _give_back(database, claims[at:], pause=_SHORTEST_PAUSE if is_down else timedelta(0))
                break
            answer = _send(database, office, claim, line=line, drawer=drawer)
            if answer is not None:
                handed_over += answer.outcome is Outcome.ACCEPTED
                is_down = answer.is_line_down
    return Sent(len(claims), handed_over, is_line_down=is_down)


def _claim(session: Session, *, office: Office, most: int, now: datetime) -> list[_Claim]:
    """Take letters that are due, or whose worker is gone, as many as the pace allows."""
    start = now.astimezone(UTC).replace(second=0, microsecond=0)
    if office.per_minute:
        spent = session.scalar(
            select(Throttle.count).where(
                Throttle.purpose == _PACE, Throttle.subject == "", Throttle.window_start == start
            )
        )
        most = min(most, office.per_minute - (spent or 0))
        if most <= 0:
            return []
    due = session.scalars(
        select(OutboxMessage)
        .where(
            or_(
                and_(OutboxMessage.state == "queued", OutboxMessage.due_at <= now),
                and_(OutboxMessage.state == "sending", OutboxMessage.lease_until <= now),
            )
        )
        .order_by(OutboxMessage.due_at, OutboxMessage.panellist_id)
        .limit(most)
        # Two workers never wait for each other: each takes what the other does not hold.
        .with_for_update(skip_locked=True)
    ).all()
    claims = []
    for row in due:
        row.state, row.state_at, row.lease_until = "sending", now, now + LEASE
        row.attempts += 1
        claims.append(
            _Claim(
                row.study_id,
                row.panellist_id,
                row.round,
                row.kind,
                row.number,
                row.attempts,
                row.queued_at,
            )
        )
    if claims and office.per_minute:
        session.execute(_SPEND, {"purpose": _PACE, "start": start, "count": len(claims)})
    session.flush()
    return claims


def _send(database: Database, office: Office, claim: _Claim, *, line: Line, drawer: Line) -> Answer | None:
    """Send one claimed letter, and note what came of it; None where it was not to be sent any more."""
    prepared = _prepare(database, office, claim)
    if prepared is None:
        return None
    letter, is_synthetic = prepared
    answer = (drawer if is_synthetic else line).hand_over(letter)
    note(database, claim, answer)
    return answer


def _prepare(database: Database, office: Office, claim: _Claim) -> tuple[Letter, bool] | None:
    """Look once more whether the letter should go, and put it together."""
    with database.verb() as session:
        now = read_now(session)
        row = _hold(session, claim)
        if row is None:
            # Another worker has it: this one was too slow.
            return None
        to = find_addressee(session, occasion=claim.occasion, panellist_id=claim.panellist_id, now=now)
        if to is None:
            row.answer = say_why_not(session, occasion=claim.occasion, panellist_id=claim.panellist_id)
            row.state, row.state_at, row.lease_until = "dropped", now, None
            return None
        if why_not := find_why_not(session, row, occasion=claim.occasion, now=now):
            row.answer, row.state, row.state_at, row.lease_until = why_not, "dropped", now, None
            return None
        if not row.text_language:
            found = find_text(
                session,
                study_id=claim.study_id,
                kind=claim.occasion.kind,
                number=claim.number,
                language=to.language,
            )
            row.text_language, row.text_version = found.language, found.version
        said = get_text(
            session,
            study_id=claim.study_id,
            kind=claim.occasion.kind,
            number=claim.number,
            language=row.text_language,
            version=row.text_version,
        )
        try:
            letter = put_together(
                office,
                occasion=claim.occasion,
                to=to,
                text=said,
                language=row.text_language,
                queued_at=claim.queued_at,
            )
        except ValueError:
            row.state, row.state_at, row.lease_until = "refused", now, None
            row.answer = "No letter can go to this address: it is not written like one."
            return None
        row.lease_until = now + LEASE
        return letter, to.is_synthetic


def _hold(session: Session, claim: _Claim) -> OutboxMessage | None:
    """The letter, if it is still this worker's."""
    return session.scalars(
        select(OutboxMessage)
        .where(*_is(claim), OutboxMessage.state == "sending", OutboxMessage.attempts == claim.attempts)
        .with_for_update()
    ).one_or_none()


def _is(claim: _Claim) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxMessage.study_id == claim.study_id,
        OutboxMessage.panellist_id == claim.panellist_id,
        OutboxMessage.round == claim.round,
        OutboxMessage.kind == claim.kind,
        OutboxMessage.number == claim.number,
    )


def note(database: Database, claim: _Claim, answer: Answer) -> None:
    """Write down what the other side said."""
    with database.verb() as session:
        now = read_now(session)
        row = _hold(session, claim)
        if row is None:
            return
        row.answer, row.state_at, row.lease_until = answer.words, now, None
        if answer.outcome is Outcome.ACCEPTED:
            row.state, row.sent_at = "sent", now
        elif answer.outcome is Outcome.REFUSED:
            row.state = "refused"
        elif answer.outcome is Outcome.UNKNOWN:
            row.state, row.sent_at = "unknown", now
        elif now - claim.queued_at > GIVE_UP_AFTER:
            row.state = "refused"
            row.answer = f"Given up after {GIVE_UP_AFTER.days} days. {answer.words}"
        else:
            row.state, row.due_at = "queued", now + _pause(now - claim.queued_at)
    if answer.outcome is not Outcome.ACCEPTED:
        _log.warning("A letter of kind %s was not accepted: %s", claim.kind, answer.outcome)


def _pause(age: timedelta) -> timedelta:
    """As long again as it has been waiting already: a pause that doubles."""
    return max(_SHORTEST_PAUSE, min(age, _LONGEST_PAUSE))


def _give_back(database: Database, claims: list[_Claim], *, pause: timedelta) -> None:
    """Let others have letters that were claimed and not tried."""
    with database.verb() as session:
        now = read_now(session)
        for claim in claims:
            session.execute(
                update(OutboxMessage)
                .where(
                    *_is(claim),
                    OutboxMessage.state == "sending",
                    OutboxMessage.attempts == claim.attempts,
                )
                .values(state="queued", state_at=now, due_at=now + pause, lease_until=None)
            )


def count_due(session: Session, *, now: datetime) -> int:
    """How many letters could go now."""
    return (
        session.scalar(
            select(func.count())
            .select_from(OutboxMessage)
            .where(OutboxMessage.state == "queued", OutboxMessage.due_at <= now)
        )
        or 0
    )
