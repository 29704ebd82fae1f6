"""What an installation forgets by itself: ended sessions, old counts and replies, links that expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from surveyapp.models import SaveReceipt, WebSession
from surveyapp.services import one_time, queue, throttling

RECEIPTS_KEPT = timedelta(days=30)
THROTTLES_KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=30)
SECRETS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Swept:
    """How much was forgotten."""

    sessions: int
    receipts: int
    throttles: int
    jobs: int
    secrets: int


def sweep(session: Session, *, now: datetime) -> Swept:
    """Forget what has had its time. Running it again at once forgets nothing more."""
    sessions = session.execute(
        delete(WebSession).where(WebSession.expires_at <= now).returning(WebSession.id_hash)
    ).all()
    # A client sends a save again within minutes, after a long journey within days; never after a month.
    receipts = session.execute(
        delete(SaveReceipt)
        .where(SaveReceipt.created_at < now - RECEIPTS_KEPT)
        .returning(SaveReceipt.request_id)
    ).all()
    return Swept(
        sessions=len(sessions),
        receipts=len(receipts),
        throttles=throttling.sweep(session, before=now - THROTTLES_KEPT),
        jobs=queue.sweep(session, before=now - JOBS_KEPT),
        secrets=one_time.sweep(session, before=now - SECRETS_KEPT),
    )
