"""Which rounds are closed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Round

_OVER = (RoundState.CLOSED, RoundState.RELEASED)


def find_last_closed(session: Session, *, study_id: int) -> int | None:
    """The number of the round that was closed last, released ones too, or None."""
    return session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.state.in_(_OVER))
        .order_by(Round.closed_at.desc(), Round.number.desc())
        .limit(1)
    ).first()


def list_closed(session: Session, *, study_id: int) -> tuple[int, ...]:
    """The numbers of all rounds that are closed, released ones too, ascending."""
    rows = session.scalars(
        select(Round.number).where(Round.study_id == study_id, Round.state.in_(_OVER)).order_by(Round.number)
    )
    return tuple(rows)
