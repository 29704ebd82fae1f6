"""How long a study keeps names: on that day all names, addresses and links go, and the answers stay.

From then on nobody can be written to, nobody can be looked up, and nobody can ask for the own answers any
more: they are linked to nobody.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.models import (
    AuditEntry,
    Erasure,
    Identity,
    Invitation,
    LetterWish,
    NamesKept,
    OutboxMessage,
    Registration,
    SaveReceipt,
    SeatRequest,
    Study,
    WebSession,
)
from surveyapp.services.audit import record
from surveyapp.services.erasing import ERASED
from surveyapp.services.panellists import names_somebody

_ACTOR = "system"
_AT_ONCE = 500


def find_names_kept(session: Session, *, study_id: int) -> datetime | None:
    """Until when the study keeps names; None for as long as it is there."""
    return session.scalar(select(NamesKept.until).where(NamesKept.study_id == study_id))


def keep_names_until(
    session: Session, *, study: Study, until: datetime | None, now: datetime, actor: str
) -> None:
    """Keep names until that moment, or for as long as the study is there. Raises InputError for the past."""
    if until is not None and until <= now:
        what = Sentence("This day is over; write one that is still to come.")
        raise InputError([Problem("until", what)])
    # Two who set it at once take turns.
    session.execute(select(Study.id).where(Study.id == study.id).with_for_update(key_share=True))
    session.execute(delete(NamesKept).where(NamesKept.study_id == study.id))
    if until is not None:
        session.add(NamesKept(study_id=study.id, until=until, set_at=now, set_by=actor))
    detail = {"until": None if until is None else until.date().isoformat()}
    record(session, study_id=study.id, now=now, actor=actor, act="panel.names_kept", detail=detail)
    session.flush()


def forget_due_names(session: Session, *, now: datetime) -> int:
    """Forget the names of every study whose day has come; returns how many people. Again it does nothing."""
    due = session.scalars(
        select(NamesKept.study_id)
        .where(
            NamesKept.until <= now,
            or_(
                exists().where(Identity.study_id == NamesKept.study_id),
                exists().where(SeatRequest.study_id == NamesKept.study_id),
            ),
        )
        .order_by(NamesKept.study_id)
    ).all()
    return sum(_forget_names(session, study_id=study_id, now=now) for study_id in due)


def _forget_names(session: Session, *, study_id: int, now: datetime) -> int:
    people = session.execute(
        select(Identity.panellist_id, Identity.name, Identity.email)
        .where(Identity.study_id == study_id)
        .order_by(Identity.panellist_id)
    ).all()
    _scrub_record(session, study_id, [(name, email) for _, name, email in people])
    for table in (Identity, Invitation, LetterWish, WebSession, SaveReceipt, SeatRequest):
        session.execute(delete(table).where(table.study_id == study_id))
    letters = OutboxMessage.study_id == study_id
    session.execute(delete(OutboxMessage).where(letters, OutboxMessage.state.in_(("queued", "sending"))))
    session.execute(update(OutboxMessage).where(letters).values(answer=""))
    session.execute(update(Registration).where(Registration.study_id == study_id).values(is_open=False))
    known = set(session.scalars(select(Erasure.panellist_id).where(Erasure.study_id == study_id)))
    lines = [
        {
            "study_id": study_id,
            "panellist_id": number,
            "answers": "kept",
            "erased_at": now,
            "erased_by": _ACTOR,
        }
        for number, _, _ in people
        if number not in known
    ]
    for start in range(0, len(lines), _AT_ONCE):
        session.execute(insert(Erasure), lines[start : start + _AT_ONCE])
    detail = {"people": len(people)}
    record(session, study_id=study_id, now=now, actor=_ACTOR, act="panel.names_forgotten", detail=detail)
    session.flush()
    return len(people)


def _scrub_record(session: Session, study_id: int, people: list[tuple[str, str]]) -> None:
    for entry in session.scalars(
        select(AuditEntry).where(AuditEntry.study_id == study_id, AuditEntry.reason != "")
    ):
        if any(names_somebody(entry.reason, name=name, email=email) for name, email in people):
            entry.reason = ERASED
    session.flush()
