"""Which rounds should be closed by now."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Round, Study


def find_overdue(session: Session, *, study_id: int, number: int, now: datetime) -> str | None:
    """The study's slug if this round is open and its deadline is over, else None."""
    return session.execute(
        select(Study.slug)
        .join(Round, Round.study_id == Study.id)
        .where(
            Study.id == study_id,
            Round.number == number,
            Round.state == "open",
            Round.closes_at <= now,
        )
    ).scalar_one_or_none()
