"""Who asks for a seat, beside whom the panel knows already: for the study team, which decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.models import Registration, SeatRequest, Study
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.people_alike import Alike, KnownPeople


@dataclass(frozen=True, slots=True)
class Asking:
    """One request."""

    id: int
    name: str
    email: str
    group: str
    language: str
    message: str
    asked_at: datetime
    alike: tuple[Alike, ...]

    @property
    def is_known(self) -> bool:
        """Whether the address has a seat already."""
        return any(each.likeness == "same_address" for each in self.alike)


@dataclass(frozen=True, slots=True)
class RegistrationDesk:
    """A study's public link, and the requests that wait."""

    number: int
    """Which link; 0 before the first."""
    is_open: bool
    note: str
    waiting: tuple[Asking, ...]


def count_requests(session: Session, *, study_id: int) -> int:
    """How many requests wait."""
    counted = select(func.count()).select_from(SeatRequest).where(SeatRequest.study_id == study_id)
    return session.scalar(counted) or 0


def get_registration_desk(session: Session, *, study: Study) -> RegistrationDesk:
    """The door as it stands, and everybody who asks, those who asked first at the top."""
    held = session.get(Registration, study.id)
    rows = session.scalars(
        select(SeatRequest)
        .where(SeatRequest.study_id == study.id)
        .order_by(SeatRequest.asked_at, SeatRequest.id)
    ).all()
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    groups = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    people = KnownPeople(session, study.id, groups) if rows else None
    near = people.list_near({row.email_key for row in rows}) if people is not None else {}
    asking = []
    for row in rows:
        twins = [other for other in rows if other.email_key == row.email_key and other.id != row.id]
        alike = [
            *(
                people.find_alike(row.email_key, row.name, near.get(row.email_key, ()))
                if people is not None
                else ()
            ),
            *(Alike("asks_too", other.name, other.email, groups.get(other.group, ""), "") for other in twins),
        ]
        asking.append(
            Asking(
                row.id,
                row.name,
                row.email,
                groups.get(row.group, row.group),
                row.language,
                row.message,
                row.asked_at,
                tuple(alike),
            )
        )
    return RegistrationDesk(
        number=held.number if held is not None else 0,
        is_open=held is not None and held.is_open,
        note=held.note if held is not None else "",
        waiting=tuple(asking),
    )
