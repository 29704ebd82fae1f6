"""The database's schema: bring it up to date, and say when it is not."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from surveyapp.errors import ConfigError
from surveyapp.services.unit import Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def _alembic_config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(database: Database, *, to: str = "head") -> str:
    """Bring the schema to `to` in one transaction and return the revision it has now.

    On SQLite the write lock, on PostgreSQL a lock on the version table, lets one of several starting
    processes migrate while the others wait and then find the work done.
    """
    config = _alembic_config()
    with database._verb_engine.begin() as connection:  # noqa: SLF001 - the unit's own transaction door
        config.attributes["connection"] = connection
        if not database.is_sqlite:
            _wait_for_other_migrators(connection)
        current = MigrationContext.configure(connection).get_current_revision()
        if to == "base" or (to != "head" and current is not None and to < current):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
        return MigrationContext.configure(connection).get_current_revision() or ""


def _wait_for_other_migrators(connection: Connection) -> None:
    # The lock ends with the transaction. Two processes that both find no table may collide on making it:
    # the slower one fails whole, and finds everything done when it is started again.
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS alembic_version"
            " (version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY)"
        )
    )
    connection.execute(text("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE"))


def check_current(database: Database) -> None:
    """Refuse to work on a database whose schema is not this program's.

    Raises ConfigError with the command that mends it.
    """
    head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
    with database.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current == head:
        return
    if current is None:
        raise ConfigError("The database is empty. Run 'surveyapp init-db' to set it up.")
    raise ConfigError(
        f"The database has schema {current}, this program needs {head}. "
        "Run 'surveyapp init-db' with the newer of the two programs."
    )
