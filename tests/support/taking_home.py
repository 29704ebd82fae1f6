"""Filling in, submitting and reading back: what tests of exports do again and again."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from surveyapp.models import (
    Panellist,
)
from surveyapp.questionnaire.cells import Given
from surveyapp.services import answering
from surveyapp.services.exporting import export_study
from surveyapp.services.reading.seats import Seat
from tests.support.studies import Ground

Row = Mapping[str, str]
HOSTILE = [
    "=HYPERLINK(\"http://example.org\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    '  "=1',
    "a;b,c\n\"d\"\n",
    "\u202eright to left\u202c",
    "\ufeff＝1",
    "Größe, 透明性, שלום",
    "x" * 20_000,
]  # fmt: skip


def save(ground: Ground, seat: Seat, changes: Mapping[int, Given], request: str) -> None:
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id=request, base=1_000, changes=changes)


def submit(ground: Ground, seat: Seat, request: str = "submit-1") -> None:
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id=request)


def fill_in(
    ground: Ground, seat: Seat, *, word: str = "botany", context: str = "north", reason: str = ""
) -> None:
    save(ground, seat, {ground.number("consent"): ground.given(ground.number("consent"), "1")}, "consenting")
    given = [
        (ground.number("word"), word),
        (ground.number("years"), "7.0"),
        (ground.number("fruit", "apples", context, "effect"), "3"),
        (ground.number("fruit", "pears", context, "effect"), "dont-know"),
        (ground.number("best"), "pears"),
    ]
    if reason:
        given.append((ground.number("fruit", "apples", context, part="reason"), reason))
    save(ground, seat, {cell: ground.given(cell, text) for cell, text in given}, "filling-in")


def export(ground: Ground, out: Path, *, exact: bool = False) -> Path:
    export_study(ground.database, slug=ground.slug, out=out, exact=exact, actor="test")
    return out


def read(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def only(rows: list[Row], **wanted: str) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def pseudonym(ground: Ground, member: int = 0) -> str:
    with ground.database.reading() as session:
        found = session.get_one(Panellist, (ground.study_id, ground.panel[member].panellist_id))
        return found.pseudonym
