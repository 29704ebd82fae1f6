"""Rounds: open one, close it exactly."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.delphi.rounds import RoundAct, RoundState, next_state
from surveyapp.errors import NotFound, Refused
from surveyapp.models import Panellist, Round, Study
from surveyapp.services import queue
from surveyapp.services.audit import record
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

CLOSE_JOB = "round.close"


def get_current_round(session: Session, *, study_id: int) -> Round | None:
    """The round with the highest number that was not cancelled, or None before the first."""
    return session.scalars(
        select(Round)
        .where(Round.study_id == study_id, Round.state != RoundState.CANCELLED)
        .order_by(Round.number.desc())
        .limit(1)
    ).first()


def open_round(
    session: Session, *, study: Study, now: datetime, actor: str, closes_at: datetime | None = None
) -> Round:
    """Open the study's next round; with `closes_at` it closes by itself.

    Raises Refused when another round is open, nobody is on the panel, or the deadline is over already.
    """
    if closes_at is not None and closes_at <= now:
        raise Refused(
            f"The deadline {iso(closes_at)} is over already; it is {iso(now)} now. Give a later one."
        )
    current = get_current_round(session, study_id=study.id)
    if current is not None and current.state == RoundState.OPEN:
        raise Refused(f"Round {current.number} is open already. Close it before you open another.")
    panel = session.scalar(select(func.count()).select_from(Panellist).where(Panellist.study_id == study.id))
    if not panel:
        raise Refused(
            "There is nobody on the panel yet. Import the panel first: surveyapp panel import STUDY FILE"
        )
    if current is None or current.state not in {RoundState.DRAFT, RoundState.SCHEDULED}:
        current = Round(
            study_id=study.id,
            number=current.number + 1 if current else 1,
            state=RoundState.DRAFT,
            questionnaire_number=study.questionnaire_number,
        )
        session.add(current)
    current.state = next_state(RoundState(current.state), RoundAct.OPEN, number=current.number)
    current.opened_at = now
    current.closes_at = closes_at
    session.flush()
    if closes_at is not None:
        queue.enqueue(
            session,
            key=f"{CLOSE_JOB}:{study.id}:{current.number}:{iso(closes_at)}",
            kind=CLOSE_JOB,
            study_id=study.id,
            payload={"round": current.number},
            run_at=closes_at,
        )
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="round.open",
        detail={"round": current.number, "closes_at": iso(closes_at) if closes_at else None},
    )
    return current


def mark_closing(session: Session, *, study_id: int, number: int, now: datetime) -> None:
    """Say that somebody waits to close: saves that have not begun yet step back, those in flight finish."""
    session.execute(
        update(Round)
        .where(Round.study_id == study_id, Round.number == number, Round.state == RoundState.OPEN)
        .values(closing_at=now)
    )


def close_held_round(session: Session, *, study_id: int, number: int, now: datetime, actor: str) -> Round:
    """Flip an open round to closed, once no save is in flight any more. Raises Refused when it is not."""
    held = session.scalars(
        select(Round)
        .where(Round.study_id == study_id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        raise NotFound(f"This study has no round {number}.")
    held.state = next_state(RoundState(held.state), RoundAct.CLOSE, number=number)
    held.closed_at = now
    held.closing_at = None
    record(session, study_id=study_id, now=now, actor=actor, act="round.close", detail={"round": number})
    session.flush()
    return held


def close_round(database: Database, *, slug: str, actor: str, number: int | None = None) -> Round:
    """Close the study's open round, or round `number`: two transactions, first the mark, then the state.

    What was acknowledged before is in; what comes later is a late draft. Raises Refused when there is
    no open round.
    """
    with database.verb() as session:
        study = get_study(session, slug=slug)
        study_id = study.id
        if number is None:
            current = get_current_round(session, study_id=study_id)
            if current is None:
                raise Refused("This study has no round yet. Open one first: surveyapp round open STUDY")
            number = current.number
        mark_closing(session, study_id=study_id, number=number, now=read_now(session))
    with database.verb() as session:
        return close_held_round(session, study_id=study_id, number=number, now=read_now(session), actor=actor)
