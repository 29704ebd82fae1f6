"""The statements behind saving and submitting, in as few trips to the database as each allows.

PostgreSQL answers over a socket, so there several statements travel as one; SQLite works inside the
process and knows no such statements, so there each goes by itself. What they do is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError

from surveyapp.errors import Conflict, Sentence
from surveyapp.models import Round, SaveReceipt, Submission, UtcDateTime, database_now
from surveyapp.services.reading.seats import SeatKey, Stored


@dataclass(frozen=True, slots=True)
class Held:
    """The round, locked against closing until the transaction ends, and the seat's next revision in it."""

    state: str
    closes_at: datetime | None
    now: datetime
    earlier_revision: int | None
    """What the same request led to before; then nothing was raised."""
    earlier_submission: int | None
    revision: int | None
    """None when nothing was raised: an earlier request, a closed round, or a panellist who has withdrawn."""
    submission: int | None


def key_of(seat: SeatKey) -> dict[str, int]:
    """What names a seat's rows."""
    return {"study_id": seat.study_id, "round": seat.round, "panellist_id": seat.panellist_id}


_OF_SEAT = "study_id = :study_id AND round = :round AND panellist_id = :panellist_id"
# What raising sets: for a save, and for a submission.
_RAISED = {
    False: "revision = participation.revision + 1, "
    "place = coalesce(CAST(:place AS text), participation.place)",
    True: "revision = participation.revision + 1, submitted_revision = participation.revision + 1, "
    "submission = participation.submission + 1, submitted_at = :now",
}
_EARLIER = f"FROM save_receipt WHERE {_OF_SEAT} AND request_id = :request_id"
# The lock keeps a closer waiting until this transaction ends; the closer's own lock waits for it.
_HOLD_AND_RAISE = """
WITH held AS (
    SELECT state, closes_at, transaction_timestamp() AS now,
           (SELECT revision {earlier}) AS earlier_revision,
           (SELECT submission {earlier}) AS earlier_submission
    FROM round WHERE study_id = :study_id AND number = :round FOR SHARE OF round
), raised AS (
    UPDATE participation SET {raised} FROM held
    WHERE {of_seat} AND withdrawn_at IS NULL AND held.earlier_revision IS NULL
      AND held.state = 'open' AND (held.closes_at IS NULL OR held.now < held.closes_at)
    RETURNING participation.revision, participation.submission
)
SELECT held.*, raised.revision, raised.submission FROM held LEFT JOIN raised ON true
"""
_HOLD_AND_RAISE_ON_POSTGRESQL = {
    is_submission: text(
        _HOLD_AND_RAISE.format(earlier=_EARLIER, of_seat=_OF_SEAT, raised=raised.replace(":now", "held.now"))
    ).columns(closes_at=UtcDateTime(), now=UtcDateTime())
    for is_submission, raised in _RAISED.items()
}
_IS_EARLIER = [
    SaveReceipt.study_id == bindparam("study_id"),
    SaveReceipt.round == bindparam("round"),
    SaveReceipt.panellist_id == bindparam("panellist_id"),
    SaveReceipt.request_id == bindparam("request_id"),
]
_FIND_EARLIER = select(SaveReceipt.revision, SaveReceipt.submission).where(*_IS_EARLIER)
_HOLD_ALONE = select(
    Round.state,
    Round.closes_at,
    database_now(),
    _FIND_EARLIER.with_only_columns(SaveReceipt.revision).scalar_subquery(),
    _FIND_EARLIER.with_only_columns(SaveReceipt.submission).scalar_subquery(),
).where(Round.study_id == bindparam("study_id"), Round.number == bindparam("round"))
_RAISE_ALONE = {
    is_submission: text(
        f"UPDATE participation SET {raised} WHERE {_OF_SEAT} AND withdrawn_at IS NULL "  # noqa: S608 - fixed texts
        "RETURNING revision, submission"
    )
    for is_submission, raised in _RAISED.items()
}
_RAISE_ALONE[True] = _RAISE_ALONE[True].bindparams(bindparam("now", type_=UtcDateTime()))


def find_earlier(connection: Connection, *, seat: SeatKey, request_id: str) -> tuple[int, int] | None:
    """The revision and submission that the same request led to before, or None."""
    row = connection.execute(_FIND_EARLIER, {**key_of(seat), "request_id": request_id}).one_or_none()
    return None if row is None else (row.revision, row.submission)


def hold_and_raise(
    connection: Connection,
    *,
    seat: SeatKey,
    request_id: str,
    is_submission: bool = False,
    place: str | None = None,
) -> Held | None:
    """Lock the round against closing and raise the seat's revision; None when there is no such round.

    Nothing is raised when the round takes no answers, the request was done before, or the panellist has
    withdrawn.
    """
    values: dict[str, Any] = {**key_of(seat), "request_id": request_id}
    if connection.dialect.name == "postgresql":
        if not is_submission:
            values["place"] = place
        row = connection.execute(_HOLD_AND_RAISE_ON_POSTGRESQL[is_submission], values).one_or_none()
        return None if row is None else Held(*row)
    row = connection.execute(_HOLD_ALONE, values).one_or_none()
    if row is None:
        return None
    state, closes_at, now, earlier_revision, earlier_submission = row
    raised: tuple[int | None, int | None] = (None, None)
    if earlier_revision is None and state == "open" and (closes_at is None or now < closes_at):
        more = {"now": now} if is_submission else {"place": place}
        found = connection.execute(_RAISE_ALONE[is_submission], {**key_of(seat), **more}).one_or_none()
        if found is not None:
            raised = (found.revision, found.submission)
    return Held(state, closes_at, now, earlier_revision, earlier_submission, *raised)


def raise_again(connection: Connection, *, seat: SeatKey, now: datetime) -> tuple[int, int]:
    """Raise a seat that is held already, now for a submission: its revision and the submission's number."""
    row = connection.execute(_RAISE_ALONE[True], {**key_of(seat), "now": now}).one()
    return row.revision, row.submission


# One statement for any number of cells. The condition repeats what `save` has checked under the lock of
# the participation: even a mistake there could not overwrite a newer answer.
_ON_CONFLICT = """
ON CONFLICT (study_id, round, panellist_id, cell) DO UPDATE
SET status = excluded.status, value = excluded.value, text = excluded.text, parts = excluded.parts,
    revision = excluded.revision, release = excluded.release
WHERE answer.revision <= :base
"""
_ANSWERS = (
    "INSERT INTO answer (study_id, round, panellist_id, cell, status, value, text, parts, revision, release)"
)
_FROM_ARRAYS = """
SELECT :study_id, :round, :panellist_id, cell, status, value, text, parts, :revision,
       CAST(:release AS smallint)
FROM unnest(CAST(:cells AS integer[]), CAST(:statuses AS smallint[]), CAST(:numbers AS float8[]),
            CAST(:texts AS text[]), CAST(:parts AS text[])) AS given (cell, status, value, text, parts)
"""
_FROM_JSON = """
SELECT :study_id, :round, :panellist_id,
       value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, :revision, :release
FROM json_each(:rows) WHERE true
"""
_RECEIPT = (
    "INSERT INTO save_receipt (study_id, round, panellist_id, request_id, revision, submission, created_at) "
    "VALUES (:study_id, :round, :panellist_id, :request_id, :revision, :submission, :created_at)"
)
_CREATED = bindparam("created_at", type_=UtcDateTime())
_WITH_RECEIPT = "WITH receipt AS (" + _RECEIPT + ") "
_WRITE_ON_SQLITE = text(_ANSWERS + _FROM_JSON + _ON_CONFLICT)
_WRITE_ON_POSTGRESQL = text(_ANSWERS + _FROM_ARRAYS + _ON_CONFLICT)
_WRITE_WITH_RECEIPT = text(_WITH_RECEIPT + _ANSWERS + _FROM_ARRAYS + _ON_CONFLICT).bindparams(_CREATED)
_KEEP_RECEIPT = text(_RECEIPT).bindparams(_CREATED)
_KEEP_SUBMISSION = insert(Submission)


def write_answers(
    connection: Connection,
    *,
    seat: SeatKey,
    revision: int,
    base: int,
    rows: Mapping[int, Stored],
    release: int,
) -> None:
    """Write what stands in cells from now on: cell number → the stored columns.

    `release` is the number of the release that stood on the page; 0 for none.
    """
    if rows:
        values = {**key_of(seat), "revision": revision, "base": base, "release": release}
        _write(connection, _WRITE_ON_POSTGRESQL, values, rows)


def write_answers_and_receipt(
    connection: Connection,
    *,
    seat: SeatKey,
    revision: int,
    base: int,
    rows: Mapping[int, Stored],
    release: int,
    request_id: str,
    now: datetime,
) -> None:
    """Write answers and remember the request. Raises Conflict when the same one was being saved already."""
    receipt = {"request_id": request_id, "submission": 0, "created_at": now}
    values: dict[str, Any] = {**key_of(seat), "revision": revision}
    try:
        if rows and connection.dialect.name == "postgresql":
            stood = {"base": base, "release": release}
            _write(connection, _WRITE_WITH_RECEIPT, {**values, **stood, **receipt}, rows)
            return
        write_answers(connection, seat=seat, revision=revision, base=base, rows=rows, release=release)
        connection.execute(_KEEP_RECEIPT, {**values, **receipt})
    except IntegrityError as error:
        raise _under_way() from error


def keep_submission(
    connection: Connection, *, seat: SeatKey, revision: int, request_id: str, columns: Mapping[str, Any]
) -> None:
    """Keep a submission and remember the request. Raises Conflict when it was being submitted already."""
    receipt = {
        **key_of(seat),
        "request_id": request_id,
        "revision": revision,
        "submission": columns["number"],
        "created_at": columns["submitted_at"],
    }
    try:
        connection.execute(_KEEP_SUBMISSION, {**key_of(seat), **columns})
        connection.execute(_KEEP_RECEIPT, receipt)
    except IntegrityError as error:
        raise _under_way() from error


def _under_way() -> Conflict:
    # The same request ran at the same moment and was first. This one undoes itself; sent again, it finds
    # the reply of the first.
    return Conflict(Sentence("This was being saved already. Nothing was saved twice."))


def _write(
    connection: Connection, on_postgresql: Any, values: dict[str, Any], rows: Mapping[int, Stored]
) -> None:
    if connection.dialect.name == "sqlite":
        statement: Any = _WRITE_ON_SQLITE
        values["rows"] = json.dumps([(cell, *columns) for cell, columns in rows.items()])
    else:
        statement = on_postgresql
        values["cells"] = _array_of(rows)
        columns = zip(*rows.values(), strict=True)
        for name, column in zip(("statuses", "numbers", "texts", "parts"), columns, strict=True):
            values[name] = _array_of(column)
    written = connection.execute(statement, values).rowcount
    if written != len(rows):
        raise RuntimeError(f"{len(rows)} answers were to be written and {written} were: nothing is kept")


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
