"""Migrations go up, down, and up again with data in them, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, select, update
from sqlalchemy.exc import IntegrityError

from surveyapp.errors import ConfigError
from surveyapp.models import Answer, Base, Round, Study, WebSession
from surveyapp.services import answering
from surveyapp.services.schema import MIGRATIONS, check_current, migrate
from surveyapp.services.unit import Database
from tests.support.studies import SMALL, lay_ground, load_text


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_the_history_is_one_line_of_numbered_steps() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert len(script.get_heads()) == 1
    revisions = sorted(revision.revision for revision in script.walk_revisions())
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]


def test_up_gives_exactly_the_models_and_down_leaves_nothing(empty: Database) -> None:
    head = migrate(empty)
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == head
    assert tables(empty) == set(Base.metadata.tables)
    migrate(empty, to="base")
    assert tables(empty) == set()
    assert migrate(empty) == head


def test_migrating_twice_changes_nothing(empty: Database, tmp_path: Path) -> None:
    migrate(empty)
    ground = lay_ground(empty, load_text(SMALL, tmp_path))
    seat = ground.sit_down()
    consent = ground.number("consent")
    with empty.verb() as session:
        changes = {consent: ground.given(consent, "1")}
        answering.save(session, seat=seat, request_id="before-it", base=0, changes=changes)
    before = contents(empty)
    migrate(empty)
    assert contents(empty) == before
    assert before["answer"]


def test_each_step_goes_down_and_up_with_data_in_the_tables(empty: Database, tmp_path: Path) -> None:
    head = migrate(empty)
    ground = lay_ground(empty, load_text(SMALL, tmp_path))
    ground.sit_down()
    for revision in [step.down_revision for step in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]:
        migrate(empty, to=str(revision or "base"))
    assert tables(empty) == set()
    assert migrate(empty) == head


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


def test_rel_38_an_empty_or_older_database_is_refused_in_words(empty: Database) -> None:
    with pytest.raises(ConfigError, match="init-db"):
        check_current(empty)
    migrate(empty)
    check_current(empty)


def test_every_constraint_has_a_name_in_the_database_too(empty: Database) -> None:
    migrate(empty)
    with empty.engine.connect() as connection:
        inspector = inspect(connection)
        for name, table in Base.metadata.tables.items():
            declared = {
                check.name for check in table.constraints if isinstance(check, CheckConstraint) and check.name
            }
            assert {check["name"] for check in inspector.get_check_constraints(name)} == declared, name
            for key in inspector.get_foreign_keys(name):
                assert key["name"], (name, key)
            for unique in inspector.get_unique_constraints(name):
                assert unique["name"], (name, unique)
            assert inspector.get_pk_constraint(name)["name"] == f"pk_{name}"


@pytest.mark.parametrize(
    ("status", "columns"),
    [
        (1, {}),
        (1, {"value": 1.0, "text": "both"}),
        (2, {"value": 1.0}),
        (3, {"value": 1.0}),
        (3, {}),
        (5, {"text": "still here"}),
        (9, {"value": 1.0}),
    ],
)
def test_the_database_itself_refuses_an_answer_that_contradicts_its_status(
    database: Database, tmp_path: Path, status: int, columns: dict[str, Any]
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    seat = ground.sit_down()
    with pytest.raises(IntegrityError, match="status_fits_value"), database.verb() as session:
        session.add(
            Answer(
                study_id=seat.study_id,
                round=seat.round,
                panellist_id=seat.panellist_id,
                cell=1,
                status=status,
                revision=1,
                **columns,
            )
        )


@pytest.mark.parametrize(
    ("table", "values", "constraint"),
    [
        (Study, {"smallest_group": 2}, "smallest_group_floor"),
        (Round, {"state": "ajar"}, "state_known"),
        (WebSession, {"round": None}, "seat_has_round"),
    ],
)
def test_the_database_itself_holds_the_bounds(
    database: Database, tmp_path: Path, table: type[Base], values: dict[str, Any], constraint: str
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    ground.sit_down()
    with pytest.raises(IntegrityError, match=constraint), database.verb() as session:
        session.execute(update(table).values(**values))


def test_times_come_back_aware_and_exact(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)
    with database.verb() as session:
        session.execute(update(Round).where(Round.study_id == ground.study_id).values(closes_at=moment))
    with database.reading() as session:
        assert session.scalars(select(Round.closes_at)).one() == moment
    with pytest.raises(Exception, match="without its zone"), database.verb() as session:
        session.execute(update(Round).values(closes_at=moment.replace(tzinfo=None)))
