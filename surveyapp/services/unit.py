"""One verb, one transaction: opening databases, reading from them, and the one place that commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from surveyapp.errors import ConfigError, Sentence, Unavailable
from surveyapp.models import database_now
from surveyapp.services.turns import WriterTurns

BUSY_TIMEOUT_MS = 5_000
_VERB = {"surveyapp_begin": "BEGIN IMMEDIATE"}
# SQLite's driver stands in autocommit already: there only the BEGIN is left out.
_GLANCE = {"surveyapp_begin": ""}


class Database:
    """A study database, SQLite or PostgreSQL, behind two doors: `reading` and `verb`."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url: URL = make_url(url)
        if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ConfigError(
                f"SURVEYAPP_DATABASE_URL: {self.url.get_backend_name()} is no database for Surveyapp; "
                "write sqlite:///path/to/file.sqlite3 or postgresql://user:password@host/name."
            )
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self._turn: AbstractContextManager[None] = nullcontext()
        if self.is_sqlite and self.url.database:
            self._turn = WriterTurns(self.url.database)
        self.engine = _create_engine(self.url, pool_size=pool_size)
        self._verb_engine = self.engine.execution_options(**_VERB)
        self._glance_engine = (
            self.engine.execution_options(**_GLANCE)
            if self.is_sqlite
            else _create_glance_engine(self.url, pool_size=pool_size)
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the data and leaves nothing behind."""
        with _answering(), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A bare connection for one query that needs no other beside it: no transaction begins or ends.

        That saves two of three trips to PostgreSQL, on the way that every expert's request takes.
        """
        with _answering(), self._glance_engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Like `reading`, but every statement sees the same instant: for exports and backups."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        snapshot = self.engine.execution_options(**options)
        with _answering(), Session(snapshot, expire_on_commit=False) as session:
            if self.is_sqlite:
                # BEGIN alone takes no snapshot; the first read does.
                session.execute(text("SELECT count(*) FROM sqlite_master"))
            yield session

    @contextmanager
    def verb(self, *, keep: bool = True) -> Iterator[Session]:
        """A session whose changes are committed together when the block ends, or not at all.

        Without `keep` they are undone together: for whoever wants to know what an act would do, in the words
        of the act itself.
        """
        with _answering(), self._turn, Session(self._verb_engine, expire_on_commit=False) as session:
            yield session
            if keep:
                session.commit()
            else:
                # What the database would refuse is refused here too.
                session.flush()
                session.rollback()

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Every engine that statements go through: for whoever counts or watches them."""
        return (self.engine,) if self.is_sqlite else (self.engine, self._glance_engine)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self._glance_engine.dispose()
        if isinstance(self._turn, WriterTurns):
            self._turn.close()


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a database that does not answer, is locked or full, from a mistake of ours."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        raise Unavailable(
            Sentence(
                "The database does not answer just now. What was saved before is still there; "
                "please try again in a moment."
            )
        ) from error


def read_now(session: Session) -> datetime:
    """The database's clock, asked once at the start of a verb and then passed on."""
    return session.execute(select(database_now())).scalar_one()


def _create_glance_engine(url: URL, *, pool_size: int) -> Engine:
    # Connections of their own: to switch one between the two ways costs as much as a short query.
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        isolation_level="AUTOCOMMIT",
        # Nothing was begun, so there is nothing to roll back when a connection is given back.
        pool_reset_on_return=None,
    )


def _create_engine(url: URL, *, pool_size: int) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=pool_size, max_overflow=pool_size)
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: it would begin them too late and too weak.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            # FULL, not NORMAL: an answer shown as saved must survive the loss of power.
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A verb takes the write lock at once, so that it waits at its start and never fails half-way.
        statement = connection.get_execution_options().get("surveyapp_begin", "BEGIN")
        if statement:
            connection.connection.cursor().execute(statement)

    return engine
