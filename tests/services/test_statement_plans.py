"""Whatever the size of a study, a save and a page look at the rows of one seat and no other's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from surveyapp.models import Study
from surveyapp.services import answering, rounds
from surveyapp.services.reading.seats import Seat, read_answers, read_sheet
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

# How many columns of its key a search in one of these tables must use at least.
KEYS = {"answer": 3, "participation": 3, "save_receipt": 4, "submission": 3, "panellist": 2, "web_session": 1}


@contextmanager
def watched(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile, with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_rest: object) -> None:
        seen.append((statement, values))

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)


def answer_all(ground: Ground, seat: Seat, request_id: str) -> None:
    changes = {}
    if not seat.earlier.numbers:
        changes = {
            ground.number("consent"): ground.given(ground.number("consent"), "1"),
            ground.number("word"): ground.given(ground.number("word"), "botany"),
        }
    for item in ("apples", "pears"):
        cell = ground.number("fruit", item, "north", "effect")
        changes[cell] = ground.given(cell, "3")
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id=f"save-{request_id}", base=0, changes=changes)
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id=f"submit-{request_id}")


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_no_statement_of_an_expert_walks_through_other_seats(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("north", "south"))
    answer_all(ground, ground.sit_down(), "in-round-1")
    ground.close()
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    with watched(database) as seen:
        seat = ground.sit_down()
        assert seat.earlier.numbers == (1,)
        answer_all(ground, seat, "in-round-2")
        with database.glance() as connection:
            read_answers(connection, seat=seat)
            read_sheet(connection, seat=seat)
    plans = 0
    with database.engine.connect() as connection:
        for statement, values in seen:
            if not statement.lstrip().startswith(("SELECT", "UPDATE", "WITH")):
                continue
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(values)).all()
            for table, needed in KEYS.items():
                for line in (row[3] for row in rows):
                    words = line.split()
                    if table in words[1:2]:
                        plans += 1
                        assert words[0] == "SEARCH", f"{statement}\n{line}"
                        assert line.count("=?") >= needed, f"{statement}\n{line}"
    assert plans > 10
