"""The statements behind saving and submitting, in as few trips to the database as each allows.

PostgreSQL answers over a socket, so there several statements travel as one; SQLite works inside the
process and knows no such statements, so there each goes by itself. What they do is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.exc import IntegrityError

from surveyapp.errors import Conflict, Sentence
from surveyapp.models import Participation, Round, SaveReceipt, UtcDateTime, database_now
from surveyapp.services.driver_statements import DriverStatement
from surveyapp.services.reading.seats import SeatKey, Stored


@dataclass(frozen=True, slots=True)
class Held:
    """A seat in its round, locked until the transaction ends: against closing, and against other saves."""

    state: str
    closes_at: datetime | None
    now: datetime
    revision: int
    """The seat's present revision; what is written now gets the next."""
    submission: int
    """Number of its latest submission; 0 before the first."""
    is_withdrawn: bool
    earlier_revision: int | None
    """What the same request led to before, if it was done before."""
    earlier_submission: int | None


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A submission that is to be kept for ever."""

    submission: int
    """Its number."""
    content: str
    answer_count: int
    sha256: str
    salt_seed: str
    has_strays: bool
    """Whether answers stand beside it which it does not hold; whoever counts must know."""


def key_of(seat: SeatKey) -> dict[str, int]:
    """What names a seat's rows."""
    return {"study_id": seat.study_id, "round": seat.round, "panellist_id": seat.panellist_id}


_FIND_EARLIER = select(SaveReceipt.revision, SaveReceipt.submission).where(
    SaveReceipt.study_id == bindparam("study_id"),
    SaveReceipt.round == bindparam("round"),
    SaveReceipt.panellist_id == bindparam("panellist_id"),
    SaveReceipt.request_id == bindparam("request_id"),
)
_FIND_EARLIER_ALONE = DriverStatement(_FIND_EARLIER)
_HELD = (
    select(
        Round.state,
        Round.closes_at,
        database_now(),
        Participation.revision,
        Participation.submission,
        Participation.withdrawn_at.is_not(None),
        _FIND_EARLIER.with_only_columns(SaveReceipt.revision).scalar_subquery(),
        _FIND_EARLIER.with_only_columns(SaveReceipt.submission).scalar_subquery(),
    )
    .select_from(Round)
    .join(
        Participation,
        (Participation.study_id == Round.study_id) & (Participation.round == Round.number),
    )
    .where(
        Round.study_id == bindparam("study_id"),
        Round.number == bindparam("round"),
        Participation.panellist_id == bindparam("panellist_id"),
    )
    # One save of a seat at a time. SQLite has but one writer anyway.
    .with_statement_hint("FOR NO KEY UPDATE OF participation", "postgresql")
)
# This lock keeps a closer waiting until the transaction ends; the closer's own lock waits for it. It stands
# before the other one, so that whoever waits for a closer holds nothing that the closer might want.
_HOLD = DriverStatement(_HELD.with_for_update(read=True, of=Round))


def find_earlier(connection: Connection, *, seat: SeatKey, request_id: str) -> tuple[int, int] | None:
    """The revision and submission that the same request led to before, or None."""
    row = _FIND_EARLIER_ALONE.row(connection, {**key_of(seat), "request_id": request_id})
    return None if row is None else (row[0], row[1])


def hold(connection: Connection, *, seat: SeatKey, request_id: str) -> Held | None:
    """Lock the round against closing and the seat against other saves; None when the seat is gone."""
    row = _HOLD.row(connection, {**key_of(seat), "request_id": request_id})
    return None if row is None else Held(*row)


_OF_SEAT = "study_id = :study_id AND round = :round AND panellist_id = :panellist_id"
_RAISE = "UPDATE participation SET revision = :revision, place = coalesce(CAST(:place AS text), place)"
_SUBMITTED = (
    ", submitted_revision = :revision, submission = :submission, submitted_at = :now, "
    "has_strays = :has_strays"
)
_RECEIPT = (
    "INSERT INTO save_receipt (study_id, round, panellist_id, request_id, revision, submission, created_at) "
    "VALUES (:study_id, :round, :panellist_id, :request_id, :revision, :submission, :now)"
)
_SUBMISSION = (
    "INSERT INTO submission (study_id, round, panellist_id, number, content, answer_count, sha256, "
    "salt_seed, submitted_at) VALUES (:study_id, :round, :panellist_id, :submission, :content, "
    ":answer_count, :sha256, :salt_seed, :now)"
)
# One statement for any number of cells. The condition repeats what `save` has checked under the lock of
# the participation: even a mistake there could not overwrite a newer answer.
_ON_CONFLICT = """
ON CONFLICT (study_id, round, panellist_id, cell) DO UPDATE
SET status = excluded.status, value = excluded.value, text = excluded.text, parts = excluded.parts,
    revision = excluded.revision, release = excluded.release, correction = excluded.correction
WHERE answer.revision <= :base
"""
_ANSWERS = (
    "INSERT INTO answer (study_id, round, panellist_id, cell, status, value, text, parts, revision, release, "
    "correction)"
)
_FROM_ARRAYS = """
SELECT :study_id, :round, :panellist_id, cell, status, value, text, parts, :revision, :release, :correction
FROM unnest(CAST(:cells AS integer[]), CAST(:statuses AS smallint[]), CAST(:numbers AS float8[]),
            CAST(:texts AS text[]), CAST(:parts AS text[])) AS given (cell, status, value, text, parts)
"""
_FROM_JSON = """
SELECT :study_id, :round, :panellist_id,
       value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, :revision, :release, :correction
FROM json_each(:rows) WHERE true
"""


def _statement(sql: str) -> DriverStatement:
    is_timed = ":now" in sql
    return DriverStatement(
        text(sql).bindparams(bindparam("now", type_=UtcDateTime())) if is_timed else text(sql)
    )


_WRITE_ANSWERS = _statement(_ANSWERS + _FROM_JSON + _ON_CONFLICT)
_KEEP_RECEIPT = _statement(_RECEIPT)
_KEEP_SUBMISSION = _statement(_SUBMISSION)
_RAISE_ALONE = {
    False: _statement(f"{_RAISE} WHERE {_OF_SEAT}"),
    True: _statement(f"{_RAISE}{_SUBMITTED} WHERE {_OF_SEAT}"),
}
_WRITE_ALL = {
    False: _statement(
        f"WITH raised AS ({_RAISE} WHERE {_OF_SEAT}), receipt AS ({_RECEIPT}) "
        f"{_ANSWERS}{_FROM_ARRAYS}{_ON_CONFLICT}"
    ),
    True: _statement(
        f"WITH raised AS ({_RAISE}{_SUBMITTED} WHERE {_OF_SEAT}), receipt AS ({_RECEIPT}), "
        f"kept AS ({_SUBMISSION}) {_ANSWERS}{_FROM_ARRAYS}{_ON_CONFLICT}"
    ),
}


def write(
    connection: Connection,
    *,
    seat: SeatKey,
    held: Held,
    request_id: str,
    base: int,
    rows: Mapping[int, Stored],
    release: int = 0,
    correction: int = 0,
    place: str | None = None,
    submission: NewSubmission | None = None,
) -> None:
    """Raise a held seat's revision, write what stands in cells from now on, and remember the request.

    `rows` gives the stored columns by cell number; none that stands may be newer than `base`. `release` is
    the number of the release that stood on the page, or 0, and `correction` that of the latest correction of
    its wording. Raises Conflict when the same request was under way already.
    """
    is_submission = submission is not None
    values: dict[str, Any] = {
        **key_of(seat),
        "revision": held.revision + 1,
        "base": base,
        "release": release,
        "correction": correction,
        "place": place,
        "request_id": request_id,
        "now": held.now,
        **({"submission": 0} if submission is None else asdict(submission)),
    }
    try:
        if connection.dialect.name == "postgresql":
            written = _WRITE_ALL[is_submission].write(connection, {**values, **_arrays_of(rows)})
        else:
            _RAISE_ALONE[is_submission].write(connection, values)
            written = _write_on_sqlite(connection, values, rows) if rows else 0
            if is_submission:
                _KEEP_SUBMISSION.write(connection, values)
            _KEEP_RECEIPT.write(connection, values)
    except IntegrityError as error:
        # The same request ran at the same moment and was first. This one undoes itself; sent again, it
        # finds the reply of the first.
        raise Conflict(Sentence("This was being saved already. Nothing was saved twice.")) from error
    if written != len(rows):
        raise RuntimeError(f"{len(rows)} answers were to be written and {written} were: nothing is kept")


def _write_on_sqlite(connection: Connection, values: dict[str, Any], rows: Mapping[int, Stored]) -> int:
    given = json.dumps([(cell, *columns) for cell, columns in rows.items()])
    return _WRITE_ANSWERS.write(connection, {**values, "rows": given})


def _arrays_of(rows: Mapping[int, Stored]) -> dict[str, str]:
    columns = zip(*rows.values(), strict=True) if rows else ((), (), (), ())
    arrays = {name: _array_of(column) for name, column in zip(_COLUMNS, columns, strict=True)}
    return {"cells": _array_of(rows), **arrays}


_COLUMNS = ("statuses", "numbers", "texts", "parts")


def _array_of(values: Iterable[object]) -> str:
    """A PostgreSQL array as text: the driver's own way takes three times as long for a page of answers."""
    return "{" + ",".join([_element_of(value) for value in values]) + "}"


def _element_of(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
