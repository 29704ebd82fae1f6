"""The durable queue: work asked for in the same transaction as the act that needs it.

A worker leases a job; if it dies, the lease runs out and another takes over. So a job runs at least once,
and each kind of job is written so that a second run does no harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.models import Job

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 8
_FIRST_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker holds until its lease ends."""

    id: int
    kind: str
    study_id: int | None
    payload: Mapping[str, Any]
    attempts: int


def enqueue(
    session: Session,
    *,
    key: str,
    kind: str,
    study_id: int | None,
    payload: Mapping[str, Any],
    run_at: datetime,
) -> bool:
    """Ask for work not before `run_at`; the same `key` twice is one job. Says whether it is new."""
    if session.scalar(select(Job.id).where(Job.key == key)) is not None:
        return False
    session.add(Job(key=key, kind=kind, study_id=study_id, payload=canonical_json(payload), run_at=run_at))
    session.flush()
    return True


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """Take one job that is due and that no other worker holds, or None."""
    due = (
        select(Job.id)
        .where(
            Job.done_at.is_(None), Job.run_at <= now, or_(Job.lease_until.is_(None), Job.lease_until <= now)
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job_id = session.scalar(due)
    if job_id is None:
        return None
    job = session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(lease_until=now + LEASE, attempts=Job.attempts + 1)
        .returning(Job.kind, Job.study_id, Job.payload, Job.attempts)
    ).one()
    return Claimed(job_id, job.kind, job.study_id, json.loads(job.payload), job.attempts)


def finish(session: Session, *, job_id: int, now: datetime) -> None:
    """The work is done."""
    session.execute(update(Job).where(Job.id == job_id).values(done_at=now, lease_until=None, error=None))


def fail(session: Session, *, job_id: int, attempts: int, error: str, now: datetime) -> None:
    """The work failed: try again after a pause that doubles, or give up and keep the reason."""
    given_up = attempts >= MAX_ATTEMPTS
    session.execute(
        update(Job)
        .where(Job.id == job_id)
        .values(
            lease_until=None,
            error=error,
            run_at=now + _FIRST_PAUSE * 2 ** (attempts - 1),
            done_at=now if given_up else None,
        )
    )
