"""Statements on the way that every expert's request takes, handed to the database's driver as they are.

SQLAlchemy writes each of them once per kind of database; from then on the driver runs it alone. That takes a
third of the processor's time, and an expert's three requests run a dozen of them. All other statements go
through SQLAlchemy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Boolean, ColumnElement, Connection, Dialect, Text, TextClause, TypeDecorator, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.types import NullType

_Convert: TypeAlias = Callable[[Any], Any]
_Take: TypeAlias = "Callable[[Any, _Form, Dialect], Any]"


class NumberList(TypeDecorator[Collection[int]]):
    """Any number of whole numbers as one value: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[int] | None, dialect: Dialect) -> str:
        """The list as text."""
        opening, closing = "[]" if dialect.name == "sqlite" else "{}"
        return f"{opening}{','.join([str(number) for number in value or ()])}{closing}"


class TextList(TypeDecorator[Collection[str]]):
    """Any number of texts as one value: JSON on both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> str:
        """The list as text."""
        return json.dumps(list(value or ()))


class _Among(FunctionElement[bool]):
    """Whether a column holds one of the numbers of a list; the statement is the same for any length."""

    type = Boolean()
    inherit_cache = True


def among(
    column: ColumnElement[int] | InstrumentedAttribute[int], name: str, *, by_key: bool = False
) -> FunctionElement[bool]:
    """Whether `column` is one of the numbers that are given as the value `name`.

    With `by_key` the rows are looked up by these numbers, where a key has the column; else they only decide
    about rows that are found otherwise, which is faster where most are wanted.
    """
    found = _Among(column, bindparam(name, type_=NumberList()))
    if by_key:
        # What is no truth value is not compared with 1, and SQLite looks only at a bare IN for its keys.
        found.type = NullType()  # type: ignore[assignment]  # a type that says nothing
    return found


class _AmongTexts(FunctionElement[bool]):
    """Whether a column holds one of the texts of a list."""

    type = Boolean()
    inherit_cache = True


def among_texts(column: ColumnElement[str] | InstrumentedAttribute[str], name: str) -> FunctionElement[bool]:
    """Whether `column` is one of the texts that are given as the value `name`."""
    return _AmongTexts(column, bindparam(name, type_=TextList()))


@compiles(_Among, "postgresql")
def _among_on_postgresql(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, numbers = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} = ANY (CAST({numbers} AS bigint[]))"


@compiles(_Among, "sqlite")
def _among_on_sqlite(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, numbers = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({numbers}))"  # noqa: S608 - both compiled


@compiles(_AmongTexts, "postgresql")
def _among_texts_on_postgresql(element: _AmongTexts, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT json_array_elements_text(CAST({texts} AS json)))"


@compiles(_AmongTexts, "sqlite")
def _among_texts_on_sqlite(element: _AmongTexts, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - both compiled


@dataclass(slots=True)
class _Form:
    """A statement as one driver wants it."""

    sql: str
    positions: tuple[str, ...] | None
    """The names of its values in order, where the driver takes them by position."""
    fixed: Mapping[str, object]
    """Values that stand in the statement itself."""
    into: tuple[tuple[str, _Convert], ...]
    """The values that the driver takes in another shape than ours."""
    out: tuple[tuple[int, _Convert], ...] | None = None
    """The columns that it gives in another shape than ours; known once it has given some."""


class DriverStatement:
    """One statement with named values, for both kinds of database."""

    def __init__(self, statement: SelectBase | TextClause) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, connection: Connection, values: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        """Every row that the statement gives. Raises SQLAlchemy's errors, like any other statement."""
        rows: Sequence[tuple[Any, ...]] = self._run(connection, values, self._read)
        return rows

    def row(self, connection: Connection, values: Mapping[str, object]) -> tuple[Any, ...] | None:
        """The one row that the statement gives, or None."""
        rows = self.rows(connection, values)
        if len(rows) > 1:
            raise RuntimeError(f"one row was looked for and {len(rows)} were found")
        return rows[0] if rows else None

    def write(self, connection: Connection, values: Mapping[str, object]) -> int:
        """Run a statement that gives no rows; says how many rows it wrote."""
        count: int = self._run(connection, values, lambda cursor, _form, _dialect: cursor.rowcount)
        return count

    def _run(self, connection: Connection, values: Mapping[str, object], take: _Take) -> Any:
        dialect = connection.dialect
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _form_of(self._statement, dialect)
        if form.fixed:
            values = {**form.fixed, **values}
        if form.into:
            values = {**values, **{name: convert(values[name]) for name, convert in form.into}}
        given: Any = values if form.positions is None else [values[name] for name in form.positions]
        try:
            with closing(connection.connection.cursor()) as cursor:
                _tell_watchers(connection, cursor, form.sql, given)
                cursor.execute(form.sql, given)
                return take(cursor, form, dialect)
        except dialect.loaded_dbapi.Error as error:
            raise _told(connection, error, form.sql) from error

    def _read(self, cursor: Any, form: _Form, dialect: Dialect) -> Sequence[tuple[Any, ...]]:
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        if form.out is None:
            form.out = _conversions(self._statement, dialect, cursor.description)
        return [_converted(row, form.out) for row in rows] if form.out else rows


def _form_of(statement: SelectBase | TextClause, dialect: Dialect) -> _Form:
    compiled: Any = statement.compile(dialect=dialect)
    if compiled.literal_execute_params or compiled.post_compile_params:
        # Its text would change with the values; `among` takes lists without that.
        raise ValueError(f"this statement has no fixed text: {compiled}")
    into = []
    for name, value in compiled.binds.items():
        convert = value.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            into.append((name, convert))
    fixed = {name: value.effective_value for name, value in compiled.binds.items() if not value.required}
    positions = None if compiled.positiontup is None else tuple(compiled.positiontup)
    return _Form(str(compiled), positions, fixed, tuple(into))


def _conversions(
    statement: SelectBase | TextClause, dialect: Dialect, description: Sequence[Sequence[Any]]
) -> tuple[tuple[int, _Convert], ...]:
    if isinstance(statement, TextClause):
        return ()
    found = []
    for position, (column, given) in enumerate(zip(statement.selected_columns, description, strict=True)):
        convert = column.type.dialect_impl(dialect).result_processor(dialect, given[1])
        if convert is not None:
            found.append((position, convert))
    return tuple(found)


def _converted(row: tuple[Any, ...], conversions: tuple[tuple[int, _Convert], ...]) -> tuple[Any, ...]:
    values = list(row)
    for position, convert in conversions:
        values[position] = convert(values[position])
    return tuple(values)


def _tell_watchers(connection: Connection, cursor: Any, sql: str, given: Any) -> None:
    """Whoever counts or watches statements learns of these too."""
    for tell in connection.dispatch.before_cursor_execute:
        tell(connection, cursor, sql, given, None, False)


def _told(connection: Connection, error: Exception, sql: str) -> BaseException:
    """The driver's error as SQLAlchemy would raise it, with nothing in it of what was to be stored."""
    dialect = connection.dialect
    lost = not connection.invalidated and dialect.is_disconnect(
        error,  # type: ignore[arg-type]  # SQLAlchemy's own word for the errors of any driver
        connection.connection.dbapi_connection,
        None,
    )
    if lost:
        # When one connection is lost, those that lie waiting are too. SQLAlchemy lets go of them all once
        # it fails on one itself; so a restart of the database costs one refusal, not one for each of them.
        with suppress(DBAPIError):
            connection.exec_driver_sql("SELECT 1")
    return DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
