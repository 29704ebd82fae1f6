"""REL-15: no room left for the database. What is not saved is said not to be; all that was is there.

The disk is full in two ways: the database may take no more pages, or its log may not grow. Neither needs a
file system of its own, and both end when the room is back, without any repair.
"""

from __future__ import annotations

import itertools
import json
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from surveyapp.errors import Unavailable
from surveyapp.services import answering
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database
from tests.faults.ledger import Ledger, Sent
from tests.faults.seats import lay_seats, make_saves, take_seat, written_cells
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert

if TYPE_CHECKING:
    from flask import Flask

ROOM_IN_DATABASE, ROOM_IN_LOG = 40_000, 800_000
PADDING = " and so on" * 150
FullDisk = Callable[[Database], AbstractContextManager[None]]


@contextmanager
def no_more_pages(database: Database) -> Iterator[None]:
    """Little room is left in the database."""
    with database.engine.connect() as connection:
        page_size = connection.scalar(text("PRAGMA page_size"))
        pages = connection.scalar(text("PRAGMA page_count")) + ROOM_IN_DATABASE // page_size

    def limit(connection: Any, *_rest: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    event.listen(database.engine, "checkout", limit)
    try:
        yield
    finally:
        event.remove(database.engine, "checkout", limit)
        # Connections keep the limit they had; new ones have none.
        database.engine.dispose()


@contextmanager
def no_longer_log(database: Database) -> Iterator[None]:
    """Little room is left for the log that every commit goes to first."""
    log = Path(f"{database.url.database}-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + ROOM_IN_LOG, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def save(ground: Ground, seat: Seat, request_id: str, sent: Sent) -> int:
    with ground.database.verb() as session:
        changes = {sent.cell: ground.given(sent.cell, sent.value)}
        saved = answering.save(session, seat=seat, request_id=request_id, base=1_000_000, changes=changes)
    return saved.revision


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("full_disk", [no_more_pages, no_longer_log])
def test_rel_15_a_full_disk_loses_nothing_that_was_acknowledged(
    database: Database, tmp_path: Path, full_disk: FullDisk
) -> None:
    ground = lay_seats(database, tmp_path, seats=1)
    seat, _ = take_seat(ground, 0)
    ledger = Ledger()
    # Short and long by turns: room is used up quickly, and for a short save there may be some again.
    saves = (
        (request_id, replace(each, value=each.value + PADDING * (each.order % 2)))
        for request_id, each in make_saves(seat.panellist_id, written_cells(ground)[1:])
    )
    refused: list[str] = []
    with full_disk(database):
        for request_id, sent in itertools.islice(saves, 2_000):
            ledger.note_sent(request_id, sent)
            try:
                ledger.note_acknowledged(request_id, save(ground, seat, request_id, sent))
            except Unavailable:
                refused.append(request_id)
                if len(refused) == 5:
                    break
        assert len(refused) == 5, "the disk was never full"
        assert len(ledger.acknowledged) > 20
        assert ledger.find_faults(ground) == []
    # The room is back: the same saves go through, and nothing has to be mended.
    for request_id in refused:
        ledger.note_acknowledged(request_id, save(ground, seat, request_id, ledger.sent[request_id]))
    assert ledger.find_faults(ground) == []
    with database.reading() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_rel_15_an_expert_is_told_that_nothing_was_saved(
    app: Flask, client: JudgingClient, tmp_path: Path
) -> None:
    database: Database = app.extensions["surveyapp.database"]
    ground = lay_seats(database, tmp_path, seats=1)
    expert = Expert(client, ground)
    expert.consent()
    page = f"{expert.base}/p/rate.north"
    field = expert.field("fruit", "apples", "north", "", "reason")
    token = client.get(page).find("input", name="csrf_token").get("value", "")
    headers = {"X-CSRFToken": token, "Origin": client.base_url}

    def autosave(request_id: str, words: str) -> tuple[int, dict[str, Any]]:
        body = {
            "request_id": request_id,
            "base": 1_000_000,
            "place": "rate.north",
            "answers": {field: [words]},
        }
        reply = client.http.post(
            f"{expert.base}/save",
            data=json.dumps(body),
            content_type="application/json",
            base_url=client.base_url,
            headers=headers,
        )
        return reply.status_code, reply.get_json()

    with no_longer_log(database):
        replies = (autosave(f"request-{number}", f"{number}{PADDING}") for number in range(2_000))
        refusal = next((reply for reply in replies if reply[0] != 200), None)
        assert refusal == (503, {"kind": "unavailable"})
        posted = {"csrf_token": token, "revision": "9999", "request_id": "page-post-1", "shown": field[1:]}
        refused = client.post(page, {**posted, field: f"posted{PADDING * 3}"}, 503)
        assert "try again" in refused.words
    assert autosave("request-after", "There is room again.")[0] == 200
    assert "There is room again." in client.get(page).words
    database.close()
