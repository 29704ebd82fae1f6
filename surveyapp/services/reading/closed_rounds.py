"""Which rounds are closed, and one of them with what it asked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import ProtocolVersion, QuestionnaireVersion, Round
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.protocols import get_protocol
from surveyapp.services.reading.reasons import check_closed

OVER = (RoundState.CLOSED, RoundState.RELEASED)
"""The states in which a round's answers are in."""


def find_last_closed(session: Session, *, study_id: int) -> int | None:
    """The number of the round that was closed last, released ones too, or None."""
    return session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.state.in_(OVER))
        .order_by(Round.closed_at.desc(), Round.number.desc())
        .limit(1)
    ).first()


@dataclass(frozen=True, slots=True)
class ClosedRound:
    """A closed round, with the questionnaire that it asked and the protocol that it followed."""

    number: int
    state: str
    cohort: str
    planned: int
    """The protocol's number of this round."""
    instrument: Instrument
    protocol: Protocol | None


def get_closed(session: Session, *, study_id: int, number: int) -> ClosedRound:
    """One closed round: one query, once questionnaire and protocol were read by this process.

    Raises NotFound, or RoundClosed while it may still take answers.
    """
    row = session.execute(
        select(Round, QuestionnaireVersion.sha256, ProtocolVersion.sha256)
        .outerjoin(
            QuestionnaireVersion,
            and_(
                QuestionnaireVersion.study_id == Round.study_id,
                QuestionnaireVersion.number == Round.questionnaire_number,
            ),
        )
        .outerjoin(
            ProtocolVersion,
            and_(ProtocolVersion.study_id == Round.study_id, ProtocolVersion.number == Round.protocol_number),
        )
        .where(Round.study_id == study_id, Round.number == number)
    ).one_or_none()
    held = check_closed(row[0] if row is not None else None, number)
    assert row is not None
    return ClosedRound(
        number=number,
        state=held.state,
        cohort=held.cohort,
        planned=RoundPlan.from_canonical(held.plan).number,
        instrument=get_instrument(
            session, study_id=study_id, number=held.questionnaire_number, sha256=row[1]
        ),
        protocol=get_protocol(session, study_id=study_id, number=held.protocol_number, sha256=row[2])
        if held.protocol_number
        else None,
    )
