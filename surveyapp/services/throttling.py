"""How often something may be tried: counted per purpose and subject, in windows of time.

Purposes never touch each other's counts: whoever opens a valid link does not win back tries to sign in.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, delete, text
from sqlalchemy.orm import Session

from surveyapp.errors import Sentence, TooManyTries
from surveyapp.models import Throttle, UtcDateTime

# One statement counts and tells the count, on both databases.
_COUNT = text(
    "INSERT INTO throttle (purpose, subject, window_start, count) VALUES (:purpose, :subject, :start, 1)"
    " ON CONFLICT (purpose, subject, window_start) DO UPDATE SET count = throttle.count + 1 RETURNING count"
).bindparams(bindparam("start", type_=UtcDateTime()))


def hide(key: bytes, subject: str) -> str:
    """What is stored instead of an address or account: a hash that only this installation can make."""
    return hmac.digest(key, b"throttle\0" + subject.encode(), "sha256").hex()


def count(
    session: Session, *, purpose: str, subject: str, limit: int, window_seconds: int, now: datetime
) -> int:
    """Count one try and return how many there were in this window.

    Raises TooManyTries beyond `limit`. Count in a unit of work of its own: a try that fails afterwards
    and is rolled back together with its count would not have been counted.
    """
    seconds = int(now.timestamp())
    start = datetime.fromtimestamp(seconds - seconds % window_seconds, UTC)
    tries: int = session.execute(
        _COUNT, {"purpose": purpose, "subject": subject, "start": start}
    ).scalar_one()
    if tries > limit:
        wait = int((start + timedelta(seconds=window_seconds) - now).total_seconds()) + 1
        minutes = -(-wait // 60)
        said = (
            Sentence("Too many tries. Please wait 1 minute.")
            if minutes == 1
            else Sentence("Too many tries. Please wait {minutes} minutes.", minutes=minutes)
        )
        raise TooManyTries(said, retry_after=wait)
    return tries


def sweep(session: Session, *, before: datetime) -> int:
    """Forget windows that began before that moment; returns how many."""
    gone = session.execute(delete(Throttle).where(Throttle.window_start < before).returning(Throttle.subject))
    return len(gone.all())
