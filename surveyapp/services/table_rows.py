"""Whole tables as lines of JSON, and back: the same lines for the same content on both engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Boolean, Column, Table, Text, collate, select, text
from sqlalchemy.orm import Session

from surveyapp.models import Base, UtcDateTime
from surveyapp.models.base import SQLITE_TIME

LINES_AT_ONCE = 2_000
_FIRST_LINES = 20
_BYTES_AT_ONCE = 2_000_000
# Parents before children, so that rows can be put back in this order.
TABLES: tuple[Table, ...] = tuple(Base.metadata.sorted_tables)
_TABLES_BY_NAME = {table.name: table for table in TABLES}

_write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def read_revision(session: Session) -> str:
    """The schema revision of the database; '' for one without tables."""
    return MigrationContext.configure(session.connection()).get_current_revision() or ""


def read_lines(session: Session, table: Table) -> Iterator[tuple[bytes, int]]:
    """The table's rows in the order of its key, as (lines, how many)."""
    postgresql = session.connection().dialect.name == "postgresql"
    order = [
        # Byte order, so that both engines agree on what comes first.
        collate(column, "C") if postgresql and isinstance(column.type, Text) else column
        for column in table.primary_key.columns
    ]
    times = [place for place, column in enumerate(table.columns) if isinstance(column.type, UtcDateTime)]
    # In small portions, so that a table of long texts takes no more memory than one of numbers.
    rows = session.execute(
        select(*table.columns).order_by(*order), execution_options={"stream_results": True}
    )
    size = _FIRST_LINES
    while block := rows.fetchmany(size):
        values = [list(row) for row in block]
        for place in times:
            for row in values:
                if row[place] is not None:
                    row[place] = row[place].isoformat(timespec="microseconds")
        # Lone surrogates cannot be in a database; anything else UTF-8 can write.
        chunk = _write_lines(values).encode()
        size = _next_size(size, len(chunk))
        yield chunk, len(values)


def _write_lines(rows: Sequence[Sequence[Any]]) -> str:
    """Each row as one line of JSON. All at once: row by row takes half as long again."""
    text = _write_json(rows)
    if text.count("],[") == len(rows) - 1:
        return text[1:-1].replace("],[", "]\n[") + "\n"
    # Somewhere a text holds what stands between two rows.
    return "".join([_write_json(row) + "\n" for row in rows])


def _next_size(size: int, bytes_read: int) -> int:
    """How many rows to read next: as many as fit, going by the last ones, and at most four times as many."""
    return max(1, min(size * _BYTES_AT_ONCE // bytes_read, 4 * size, LINES_AT_ONCE))


def insert_lines(
    session: Session, name: str, columns: Sequence[str], lines: Iterable[bytes]
) -> Iterator[int]:
    """Put rows back into the table `name`; yields how many more are in. `columns` names what each list holds.

    Raises KeyError for a table or column that this program does not know, ValueError for a line that fits
    none.
    """
    table = _TABLES_BY_NAME[name]
    chosen = [table.columns[column] for column in columns]
    iterator = iter(lines)
    write = (
        _insert_into_postgresql if session.connection().dialect.name == "postgresql" else _insert_into_sqlite
    )
    while block := _take_block(iterator):
        rows = [json.loads(line) for line in block]
        if any(not isinstance(row, list) or len(row) != len(chosen) for row in rows):
            raise ValueError(f"a line of {name} has not one value per column")
        write(session, table, chosen, rows)
        yield len(rows)


def _take_block(lines: Iterator[bytes]) -> list[bytes]:
    block: list[bytes] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if len(block) == LINES_AT_ONCE or size >= _BYTES_AT_ONCE:
            break
    return block


def _insert_into_postgresql(
    session: Session, table: Table, columns: Sequence[Column[Any]], rows: list[list[Any]]
) -> None:
    # COPY takes rows in several times faster than INSERT.
    cursor: Any = session.connection().connection.cursor()
    names = ", ".join(f'"{column.name}"' for column in columns)
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(row)


def _insert_into_sqlite(
    session: Session, table: Table, columns: Sequence[Column[Any]], rows: list[list[Any]]
) -> None:
    for place, column in enumerate(columns):
        convert = _for_sqlite(column)
        if convert is not None:
            for row in rows:
                row[place] = None if row[place] is None else convert(row[place])
    names = ", ".join(f'"{column.name}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    cursor: Any = session.connection().connection.cursor()
    # Names are this program's own (`Base.metadata`), values are bound.
    cursor.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608


def _for_sqlite(column: Column[Any]) -> Callable[[Any], Any] | None:
    if isinstance(column.type, UtcDateTime):
        return lambda value: datetime.fromisoformat(value).astimezone(UTC).strftime(SQLITE_TIME)
    return int if isinstance(column.type, Boolean) else None


def set_counters(session: Session) -> None:
    """Let PostgreSQL number new rows after those put back; SQLite does so by itself."""
    if session.connection().dialect.name != "postgresql":
        return
    for table in TABLES:
        for column in table.primary_key.columns:
            sequence = session.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": table.name, "column": column.name},
            )
            if sequence is not None:
                session.execute(
                    text(
                        f'SELECT setval(:sequence, (SELECT max("{column.name}") FROM "{table.name}"))'  # noqa: S608
                    ),
                    {"sequence": sequence},
                )
