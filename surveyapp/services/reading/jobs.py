"""The jobs of a study: what waits, what runs, what could not be done, and what is done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from surveyapp.models import Job, database_now
from surveyapp.services.queue import MAX_ATTEMPTS

JobState = Literal["running", "waiting", "retrying", "failed", "done"]
_MOST = 200


@dataclass(frozen=True, slots=True)
class JobLine:
    """One job."""

    id: int
    kind: str
    round: int | None
    state: JobState
    run_at: datetime
    done_at: datetime | None
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class JobsOfStudy:
    """The jobs of a study: those that need a look first, then what is done, the latest first."""

    lines: tuple[JobLine, ...]
    left_out: int
    most_attempts: int


def list_jobs(session: Session, *, study_id: int) -> JobsOfStudy:
    """The latest jobs of a study."""
    now = session.execute(select(database_now())).scalar_one()
    rank = case((Job.done_at.is_not(None) & Job.error.is_not(None), 0), (Job.done_at.is_(None), 1), else_=2)
    rows = session.scalars(
        select(Job).where(Job.study_id == study_id).order_by(rank, Job.run_at.desc(), Job.id).limit(_MOST)
    ).all()
    count = session.scalar(select(func.count()).select_from(Job).where(Job.study_id == study_id)) or 0
    return JobsOfStudy(tuple(_line(row, now) for row in rows), count - len(rows), MAX_ATTEMPTS)


def _line(row: Job, now: datetime) -> JobLine:
    number = json.loads(row.payload).get("round")
    return JobLine(
        id=row.id,
        kind=row.kind,
        round=int(number) if number is not None else None,
        state=_state(row, now),
        run_at=row.run_at,
        done_at=row.done_at,
        attempts=row.attempts,
        error=row.error or "",
    )


def _state(row: Job, now: datetime) -> JobState:
    if row.done_at is not None:
        return "failed" if row.error else "done"
    if row.lease_until is not None and row.lease_until > now:
        return "running"
    return "retrying" if row.error else "waiting"
