"""Statements handed to the driver alone behave like all others: types, errors, watchers, lost connections."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, event, literal, select, text
from sqlalchemy.exc import IntegrityError

from surveyapp.errors import Unavailable
from surveyapp.models import Throttle, UtcDateTime
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.unit import Database

MOMENT = datetime(2026, 11, 25, 7, 30, 15, 250_000, tzinfo=UTC)
ECHO = DriverStatement(
    select(
        bindparam("moment", type_=UtcDateTime()),
        literal(True),
        bindparam("words", type_=Throttle.purpose.type),
    )
)
COUNT = DriverStatement(
    text(
        "INSERT INTO throttle (purpose, subject, window_start, count) VALUES (:purpose, :subject, :now, 1)"
    ).bindparams(bindparam("now", type_=UtcDateTime()))
)
ALL = DriverStatement(select(Throttle.purpose, Throttle.window_start).order_by(Throttle.purpose))


def test_values_go_in_and_come_out_in_our_types(database: Database) -> None:
    with database.reading() as session:
        for _ in range(2):
            row = ECHO.row(session.connection(), {"moment": MOMENT, "words": "100 % – a:b"})
            assert row == (MOMENT, True, "100 % – a:b")


def test_rows_are_counted_and_an_error_says_nothing_of_what_was_to_be_stored(database: Database) -> None:
    values = {"purpose": "link", "subject": "a secret", "now": MOMENT}
    with database.verb() as session:
        assert COUNT.write(session.connection(), values) == 1
    with database.verb() as session, pytest.raises(IntegrityError, match="INSERT INTO throttle") as raised:
        COUNT.write(session.connection(), values)
    assert "a secret" not in (raised.value.statement or "")
    assert raised.value.params is None
    with database.glance() as connection:
        assert ALL.rows(connection, {}) == [("link", MOMENT)]


def test_one_row_means_one(database: Database) -> None:
    with database.verb() as session:
        connection = session.connection()
        assert ALL.row(connection, {}) is None
        for purpose in ("link", "sign-in"):
            COUNT.write(connection, {"purpose": purpose, "subject": "", "now": MOMENT})
        with pytest.raises(RuntimeError, match="2 were found"):
            ALL.row(connection, {})


def test_whoever_counts_statements_counts_these(database: Database) -> None:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    with database.verb() as session:
        ALL.rows(session.connection(), {})
    with database.glance() as connection:
        ALL.rows(connection, {})
    assert sum("throttle" in statement for statement in seen) == 2


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
def test_lost_connections_cost_one_refusal_together(database_url: str) -> None:
    database, other = Database(database_url), Database(database_url)
    with database.glance() as one, database.glance() as two:
        ALL.rows(one, {})
        ALL.rows(two, {})
    with other.verb() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(Unavailable), database.glance() as connection:
        ALL.rows(connection, {})
    with database.glance() as one, database.glance() as two:
        assert ALL.rows(one, {}) == ALL.rows(two, {}) == []
    database.close()
    other.close()


def test_a_statement_whose_text_changes_with_its_values_is_refused(database: Database) -> None:
    listed = DriverStatement(select(Throttle.count).where(Throttle.count.in_([1, 2])))
    with database.glance() as connection, pytest.raises(ValueError, match="no fixed text"):
        listed.rows(connection, {})
