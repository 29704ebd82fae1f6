"""Who asks for a seat, beside whom the panel knows already: for the study team, which decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from surveyapp.models import Identity, Panellist, Registration, SeatRequest, Study
from surveyapp.services.addresses import find_near
from surveyapp.services.instruments import get_instrument
from surveyapp.services.panel_checks import name_key

Likeness = Literal["same_address", "same_name", "near_address", "asks_too"]


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who may be the same person."""

    likeness: Likeness
    name: str
    email: str
    group: str
    state: str
    """Where that seat stands; '' for somebody who asks, too."""


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
    people = _People(session, study.id, groups) if rows else None
    near = people.list_near({row.email_key for row in rows}) if people is not None else {}
    asking = []
    for row in rows:
        twins = [other for other in rows if other.email_key == row.email_key and other.id != row.id]
        alike = [
            *(people.find_alike(row, near.get(row.email_key, ())) if people is not None else ()),
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


class _People:
    """Everybody on the panel who can be compared with."""

    def __init__(self, session: Session, study_id: int, groups: Mapping[str, str]) -> None:
        rows = session.execute(
            select(Identity.email_key, Identity.name, Identity.email, Panellist.group, Panellist.state)
            .join(
                Panellist,
                and_(Panellist.study_id == Identity.study_id, Panellist.id == Identity.panellist_id),
            )
            .where(Identity.study_id == study_id)
        ).all()
        self._by_address = {
            row.email_key: (row.name, row.email, groups.get(row.group, row.group), row.state) for row in rows
        }
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row.name:
                self._by_name[name_key(row.name)].append(row.email_key)

    def list_near(self, addresses: set[str]) -> dict[str, list[str]]:
        """Folded address → those on the panel that are one slip away."""
        found: dict[str, list[str]] = defaultdict(list)
        for address, other in find_near(sorted(addresses), self._by_address):
            if other in self._by_address:
                found[address].append(other)
        return found

    def find_alike(self, row: SeatRequest, near: tuple[str, ...] | list[str]) -> Iterator[Alike]:
        """Those on the panel who may be the one who asks, each once."""
        told = {row.email_key}
        if row.email_key in self._by_address:
            yield Alike("same_address", *self._by_address[row.email_key])
        for address in self._by_name.get(name_key(row.name), ()):
            if address not in told:
                told.add(address)
                yield Alike("same_name", *self._by_address[address])
        for address in near:
            if address not in told:
                told.add(address)
                yield Alike("near_address", *self._by_address[address])
