"""Whether a round is open: then nothing shows results."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Round


def find_open_round(session: Session, *, study_id: int) -> int | None:
    """The number of the study's open round, or None."""
    return session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.state == "open")
        .order_by(Round.number)
        .limit(1)
    ).first()
