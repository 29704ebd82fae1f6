"""What counts in a round, panellist by panellist, for the cells that are asked for.

What counts is the latest submission. Its answers equal the answer rows unless something was edited
afterwards, or questions fell out of the expert's route before submitting; only then its own text is read.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, literal, select
from sqlalchemy.orm import Session

from surveyapp.models import Answer, Participation, Submission
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.services.driver_statements import DriverStatement, among
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Stored

Counted = Mapping[int, Mapping[int, Stored]]
"""Panellist → cell → what counts there; blank and withdrawn answers are left out."""

_NOTHING_GIVEN = (Status.BLANK.value, Status.WITHDRAWN.value)
_AT_ONCE = 500


def read_counted(
    session: Session,
    *,
    instrument: Instrument,
    round_number: int,
    cells: Collection[int],
    partial_counts: bool = False,
    only: Collection[int] | None = None,
    hold: bool = False,
) -> Counted:
    """What counts in `cells` of the round, of everybody or of the panellists in `only`.

    With `partial_counts` the answers of those who began and did not submit count too. With `hold` nobody
    withdraws until the transaction ends.
    """
    key = {"study_id": instrument.study_id, "round": round_number}
    participations = list(_read_participations(session, key=key, only=only, hold=hold))
    given = _read_given(session, key=key, cells=cells, only=only)
    counted: dict[int, Mapping[int, Stored]] = {}
    for row in participations:
        mine = given.get(row.panellist_id, {})
        if not row.submission:
            if partial_counts and row.withdrawn_at is None:
                counted[row.panellist_id] = mine
        elif row.has_strays or row.revision > row.submitted_revision:
            counted[row.panellist_id] = _read_submitted(
                session, row, key=key, instrument=instrument, cells=cells
            )
        else:
            counted[row.panellist_id] = mine
    return {panellist_id: cells_given for panellist_id, cells_given in counted.items() if cells_given}


_PARTICIPATIONS = select(
    Participation.panellist_id,
    Participation.submission,
    Participation.revision,
    Participation.submitted_revision,
    Participation.has_strays,
    Participation.withdrawn_at,
).where(Participation.study_id == bindparam("study_id"), Participation.round == bindparam("round"))
_ANSWERS = select(
    Answer.panellist_id, Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts
).where(
    Answer.study_id == bindparam("study_id"),
    Answer.round == bindparam("round"),
    among(Answer.cell, "cells"),
    Answer.status.not_in([literal(status) for status in _NOTHING_GIVEN]),
)
_GIVEN = DriverStatement(_ANSWERS)
_GIVEN_BY = DriverStatement(_ANSWERS.where(among(Answer.panellist_id, "panellists", by_key=True)))


def _read_participations(
    session: Session, *, key: Mapping[str, int], only: Collection[int] | None, hold: bool
) -> Iterator[Any]:
    statement = _PARTICIPATIONS.with_for_update(read=True) if hold else _PARTICIPATIONS
    if only is None:
        yield from session.execute(statement, key)
        return
    for some in _in_parts(list(only)):
        yield from session.execute(statement.where(Participation.panellist_id.in_(some)), key)


def _read_given(
    session: Session, *, key: Mapping[str, int], cells: Collection[int], only: Collection[int] | None
) -> dict[int, dict[int, Stored]]:
    found: dict[int, dict[int, Stored]] = defaultdict(dict)
    session.flush()
    connection, values = session.connection(), {**key, "cells": cells}
    rows = (
        _GIVEN.rows(connection, values)
        if only is None
        else _GIVEN_BY.rows(connection, {**values, "panellists": only})
    )
    for panellist_id, cell, status, value, text, parts in rows:
        found[panellist_id][cell] = (status, value, text, parts)
    return found


def _read_submitted(
    session: Session, row: Any, *, key: Mapping[str, int], instrument: Instrument, cells: Collection[int]
) -> dict[int, Stored]:
    content = session.execute(
        select(Submission.content).where(
            Submission.study_id == key["study_id"],
            Submission.round == key["round"],
            Submission.panellist_id == row.panellist_id,
            Submission.number == row.submission,
        )
    ).scalar_one()
    chosen = frozenset(cells)
    found: dict[int, Stored] = {}
    for answer in json.loads(content)["answers"]:
        name = CellKey(
            answer["question"], answer["item"], answer["context"], answer["criterion"], answer["part"]
        )
        number = instrument.number_of.get(name)
        status = Status[answer["status"].upper()].value
        if number is not None and number in chosen and status not in _NOTHING_GIVEN:
            parts = answer.get("parts")
            value = answer.get("value")
            found[number] = (
                status,
                None if value is None else float(value),
                answer.get("text"),
                None if parts is None else json.dumps(parts, ensure_ascii=False),
            )
    return found


def _in_parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    # A database takes so many values in one statement and no more.
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
