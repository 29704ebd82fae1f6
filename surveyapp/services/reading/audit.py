"""The record of acts: who did what in a study, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.delphi.receipts import canonical_json
from surveyapp.models import AuditEntry

COLUMNS = ("at", "actor", "act", "detail", "reason")
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are meant; what is left out does not narrow them."""

    act: str = ""
    """An act, such as ``round.open``, or its first word, such as ``round``."""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act."""

    number: int
    at: datetime
    actor: str
    act: str
    detail: Mapping[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class AuditPart:
    """Some entries, the latest first, out of `count`; and what can be filtered by."""

    lines: tuple[AuditLine, ...]
    count: int
    acts: tuple[str, ...]
    actors: tuple[str, ...]


NOTHING_LEFT_OUT = AuditFilter()


@dataclass(frozen=True, slots=True)
class _Meant:
    study_id: int | None
    wanted: AuditFilter = field(default=NOTHING_LEFT_OUT)

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [AuditEntry.study_id == self.study_id]
        if self.wanted.act:
            word = self.wanted.act
            found.append((AuditEntry.act == word) | AuditEntry.act.startswith(f"{word}.", autoescape=True))
        if self.wanted.actor:
            found.append(AuditEntry.actor == self.wanted.actor)
        if self.wanted.since is not None:
            found.append(AuditEntry.at >= self.wanted.since)
        if self.wanted.until is not None:
            found.append(AuditEntry.at < self.wanted.until)
        return found


def list_audit(
    session: Session, *, study_id: int, wanted: AuditFilter, first: int = 0, most: int = 50
) -> AuditPart:
    """A page of the record, the latest act first."""
    conditions = _Meant(study_id, wanted).conditions
    rows = session.scalars(
        select(AuditEntry).where(*conditions).order_by(AuditEntry.id.desc()).offset(first).limit(most)
    )
    kinds = session.execute(
        select(AuditEntry.act, AuditEntry.actor).where(AuditEntry.study_id == study_id).distinct()
    ).all()
    count = session.scalar(select(func.count()).select_from(AuditEntry).where(*conditions))
    return AuditPart(
        lines=tuple(_line(row) for row in rows),
        count=count or 0,
        acts=tuple(sorted({act for act, _ in kinds})),
        actors=tuple(sorted({actor for _, actor in kinds})),
    )


def audit_rows(lines: Iterable[AuditLine]) -> Iterator[tuple[str, ...]]:
    """The record as a table, its column names first: the same file from a page and from the command."""
    yield COLUMNS
    for each in lines:
        yield iso(each.at), each.actor, each.act, canonical_json(dict(each.detail)), each.reason


def iterate_audit(session: Session, *, study_id: int | None, wanted: AuditFilter) -> Iterator[AuditLine]:
    """The whole record, the earliest act first, a block at a time."""
    conditions = _Meant(study_id, wanted).conditions
    last = 0
    while True:
        rows = session.scalars(
            select(AuditEntry).where(*conditions, AuditEntry.id > last).order_by(AuditEntry.id).limit(_BLOCK)
        ).all()
        for row in rows:
            yield _line(row)
        if len(rows) < _BLOCK:
            return
        last = rows[-1].id


def _line(row: AuditEntry) -> AuditLine:
    return AuditLine(row.id, row.at, row.actor, row.act, json.loads(row.detail), row.reason)
