"""Seats to save from while things are killed, and the written cells that tell every save apart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from surveyapp.services import answering
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database
from tests.faults.ledger import FIRST_REQUEST, Sent
from tests.support.studies import SMALL, Ground, lay_ground, load_text


def lay_seats(database: Database, folder: Path, *, seats: int) -> Ground:
    """An open study with so many experts who rate both areas."""
    return lay_ground(database, load_text(SMALL, folder), groups=("both",) * seats)


def take_seat(ground: Ground, position: int) -> tuple[Seat, str]:
    """Start and consent: the seat at revision 1, and the token of its link."""
    seat = ground.sit_down(position)
    with ground.database.verb() as session:
        consent = ground.number("consent")
        changes = {consent: ground.given(consent, "1")}
        answering.save(session, seat=seat, request_id=FIRST_REQUEST, base=0, changes=changes)
    return seat, ground.panel[position].token


def written_cells(ground: Ground) -> list[int]:
    """The cells that hold text: the word and four reasons."""
    reasons = [
        ground.number("fruit", item, area, part="reason")
        for item in ("apples", "pears")
        for area in ("north", "south")
    ]
    return [ground.number("word"), *reasons]


def make_saves(panellist_id: int, cells: list[int], *, life: int = 0) -> Iterator[tuple[str, Sent]]:
    """Saves without end: each with an id and a value of its own, going round the cells.

    A writer that was killed and comes back does so in its next `life`.
    """
    for order in itertools.count(1 + life * 1_000_000):
        request_id = f"{panellist_id}-{order}"
        yield request_id, Sent(panellist_id, order, cells[order % len(cells)], f"thought {request_id}")
