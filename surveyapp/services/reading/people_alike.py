"""Who on the panel may be the same person as somebody new: by address, by name, or by a slip of a letter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.exchange.panel_file import PanelRow
from surveyapp.models import Identity, Panellist, Study
from surveyapp.services.addresses import find_near, fold_address
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


class KnownPeople:
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

    def find_alike(self, address: str, name: str, near: Sequence[str] = ()) -> Iterator[Alike]:
        """Those on the panel who may be the one with this folded address or this name, each once."""
        told = {address}
        if address in self._by_address:
            yield Alike("same_address", *self._by_address[address])
        for other in self._by_name.get(name_key(name), ()) if name else ():
            if other not in told:
                told.add(other)
                yield Alike("same_name", *self._by_address[other])
        for other in near:
            if other not in told:
                told.add(other)
                yield Alike("near_address", *self._by_address[other])


@dataclass(frozen=True, slots=True)
class RowBeside:
    """A row of a sheet, and who on the panel may be the same person."""

    row: int
    name: str
    email: str
    group: str
    alike: tuple[Alike, ...]


def list_rows_beside(session: Session, *, study: Study, rows: Sequence[PanelRow]) -> tuple[RowBeside, ...]:
    """The rows that may be about somebody who is on the panel already."""
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    groups = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    people = KnownPeople(session, study.id, groups)
    written = [(row, fold_address(row.email)) for row in rows if "@" in row.email]
    near = people.list_near({address for _, address in written})
    found = []
    for row, address in written:
        alike = tuple(people.find_alike(address, row.name, near.get(address, ())))
        if alike:
            found.append(RowBeside(row.row, row.name, row.email, row.group, alike))
    return tuple(found)
