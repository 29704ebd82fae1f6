"""The durable queue: work asked for in the same transaction as the act that needs it, done by a worker.

A worker claims a job for a while (its lease). If it dies, the lease runs out and another worker takes the
job; so a job may run twice, and each kind of work must not mind that.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Refused, Sentence
from surveyapp.models import Job, UtcDateTime
from surveyapp.services.audit import record

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(hours=1)

# One statement for both databases: of two acts that ask for the same work at once, neither fails.
_ENQUEUE = text(
    "INSERT INTO job (key, kind, study_id, payload, run_at, attempts)"
    " VALUES (:key, :kind, :study_id, :payload, :run_at, 0) ON CONFLICT (key) DO NOTHING"
).bindparams(bindparam("run_at", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this worker has until its lease runs out."""

    id: int
    key: str
    kind: str
    study_id: int | None
    payload: Mapping[str, Any]
    attempt: int
    lease_until: datetime


def enqueue(
    session: Session,
    *,
    key: str,
    kind: str,
    study_id: int | None,
    payload: Mapping[str, Any],
    run_at: datetime,
) -> None:
    """Ask for work of `kind` at `run_at`; asking again with the same `key` changes nothing."""
    # Rows that the same act has just made must be there before the statement refers to them.
    session.flush()
    values = {"key": key, "kind": kind, "study_id": study_id, "run_at": run_at}
    session.execute(_ENQUEUE, {**values, "payload": json.dumps(dict(payload), sort_keys=True)})


def claim(
    session: Session, *, now: datetime, only: Collection[str] = (), but: Collection[str] = ()
) -> ClaimedJob | None:
    """Take the job that has been due longest, or None when nothing is due.

    `only` and `but` name kinds of work: what waits for other machines is done apart from the rest.
    """
    kinds = [*([Job.kind.in_(only)] if only else []), *([Job.kind.not_in(but)] if but else [])]
    job = session.execute(
        select(Job)
        .where(
            Job.done_at.is_(None),
            Job.run_at <= now,
            or_(Job.lease_until.is_(None), Job.lease_until <= now),
            *kinds,
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        # Two workers never wait for each other: each takes what the other does not hold.
        .with_for_update(skip_locked=True)
    ).scalar_one_or_none()
    if job is None:
        return None
    job.attempts += 1
    job.lease_until = now + LEASE
    session.flush()
    return ClaimedJob(
        id=job.id,
        key=job.key,
        kind=job.kind,
        study_id=job.study_id,
        payload=json.loads(job.payload),
        attempt=job.attempts,
        lease_until=job.lease_until,
    )


def finish(session: Session, *, job: ClaimedJob, now: datetime) -> None:
    """The work is done."""
    session.execute(update(Job).where(Job.id == job.id).values(done_at=now, lease_until=None, error=None))


def fail(session: Session, *, job: ClaimedJob, error: str, now: datetime) -> None:
    """The work could not be done: try again after a pause that doubles, and give up after many tries."""
    values: dict[str, Any] = {"lease_until": None, "error": error[:500]}
    if job.attempt >= MAX_ATTEMPTS:
        values["done_at"] = now
    else:
        values["run_at"] = now + min(_FIRST_PAUSE * 2 ** (job.attempt - 1), _LONGEST_PAUSE)
    session.execute(update(Job).where(Job.id == job.id).values(**values))


def give_up(session: Session, *, job: ClaimedJob, error: str, now: datetime) -> None:
    """The work cannot be done, and trying again would not help."""
    values = {"lease_until": None, "error": error[:500], "done_at": now}
    session.execute(update(Job).where(Job.id == job.id).values(**values))


def run_again(session: Session, *, study_id: int, job_id: int, now: datetime, actor: str) -> None:
    """Let a job of the study that could not be done be tried again, from the first attempt on.

    Raises NotFound, and Refused for one that is done, or that a worker has at this moment.
    """
    job = session.scalars(
        select(Job).where(Job.id == job_id, Job.study_id == study_id).with_for_update()
    ).one_or_none()
    if job is None:
        raise NotFound(Sentence("This study has no job {job_id}.", job_id=job_id))
    if job.lease_until is not None and job.lease_until > now:
        raise Refused(Sentence("A worker is at it in this moment. Wait for what comes of it."))
    if job.done_at is not None and job.error is None:
        raise Refused(Sentence("This job is done already."))
    job.attempts, job.run_at, job.done_at, job.lease_until, job.error = 0, now, None, None, None
    detail = {"job": job.id, "kind": job.kind}
    record(session, study_id=study_id, now=now, actor=actor, act="job.again", detail=detail)
    session.flush()


def count_waiting(session: Session) -> int:
    """How many jobs are not done."""
    return session.execute(select(func.count()).select_from(Job).where(Job.done_at.is_(None))).scalar_one()


def sweep(session: Session, *, before: datetime) -> int:
    """Forget jobs that were done before that moment; returns how many."""
    forgotten = session.execute(delete(Job).where(Job.done_at < before).returning(Job.id))
    return len(forgotten.all())
