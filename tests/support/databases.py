"""Fresh databases for tests: migrated once per worker and engine, copied for each test."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from surveyapp.services.schema import migrate
from surveyapp.services.unit import Database
from tests.support import postgres

Engine = Literal["sqlite", "postgresql"]


class Databases:
    """Where one worker's databases come from."""

    def __init__(self, folder: Path, worker: str, run: Path, owner: int) -> None:
        self._folder = folder
        self._worker = worker
        self._run = run
        self._owner = owner
        self._numbers = itertools.count(1)
        self._sqlite_template: Path | None = None
        self._admin: psycopg.Connection[tuple[object, ...]] | None = None
        self._server = ""
        self._postgresql_template = ""

    @contextmanager
    def fresh(self, engine: Engine, *, migrated: bool = True) -> Iterator[str]:
        """The address of a database that nobody else uses; it is gone when the block ends."""
        if engine == "sqlite":
            yield from self._fresh_sqlite(migrated)
        else:
            yield from self._fresh_postgresql(migrated)

    def close(self) -> None:
        """Give back the worker's own connection."""
        if self._admin is not None:
            self._admin.close()

    def _fresh_sqlite(self, migrated: bool) -> Iterator[str]:
        home = self._folder / f"sqlite-{next(self._numbers)}"
        home.mkdir()
        path = home / "surveyapp.sqlite3"
        if migrated:
            if self._sqlite_template is None:
                template = self._folder / "template.sqlite3"
                _migrate(f"sqlite:///{template}")
                self._sqlite_template = template
            shutil.copyfile(self._sqlite_template, path)
        yield f"sqlite:///{path}"
        shutil.rmtree(home, ignore_errors=True)

    def _fresh_postgresql(self, migrated: bool) -> Iterator[str]:
        admin = self._connect()
        template = "template0"
        if migrated:
            if not self._postgresql_template:
                name = f"template_{self._worker}"
                admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0'.encode())
                _migrate(self._server.format(name))
                self._postgresql_template = name
            template = self._postgresql_template
        name = f"test_{self._worker}_{next(self._numbers)}"
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield self._server.format(name)
        finally:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._admin is None:
            try:
                self._server = postgres.start_once(self._run, self._owner)
            except postgres.NoPostgresql as error:
                pytest.skip(str(error))
            self._admin = psycopg.connect(self._server.format("postgres"), autocommit=True)
        return self._admin


def _migrate(url: str) -> None:
    database = Database(url)
    try:
        migrate(database)
    finally:
        database.close()


def open_databases(folder: Path) -> Databases:
    """This worker's databases, in the run that the environment names (tests/conftest.py)."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "single")
    return Databases(folder, worker, Path(os.environ["TEST_RUN_FOLDER"]), int(os.environ["TEST_RUN_OWNER"]))
