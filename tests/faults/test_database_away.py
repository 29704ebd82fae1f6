"""A database that does not answer: one clean page, nothing half done, and all well when it is back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from surveyapp.errors import Unavailable
from surveyapp.services.unit import Database, read_now

if TYPE_CHECKING:
    from flask import Flask

    from tests.support.judging import JudgingClient


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
def test_rel_06_connections_lost_while_idle_cost_one_clean_refusal(
    app: Flask, client: JudgingClient, database_url: str
) -> None:
    client.get("/organiser/sign-in")
    database: Database = app.extensions["surveyapp.database"]
    with database.reading() as session:
        read_now(session)
    other = Database(database_url)
    with other.verb() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()
    link = "/l/study.unknown-secret-unknown-se"
    first = client.http.get(link, base_url=client.base_url)
    assert first.status_code in {404, 503}
    if first.status_code == 503:
        assert first.headers["Retry-After"]
        assert "try again" in first.get_data(as_text=True)
    assert client.http.get(link, base_url=client.base_url).status_code == 404


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "locked.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    yield connection
    connection.close()


def test_rel_20_a_database_that_stays_locked_is_unavailable_and_not_a_fault(
    tmp_path: Path, locked: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveyapp.services.unit.BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{tmp_path}/locked.sqlite3")
    locked.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="does not answer"), database.verb() as session:
        read_now(session)
    locked.execute("ROLLBACK")
    with database.verb() as session:
        assert read_now(session).tzinfo is not None
    database.close()
