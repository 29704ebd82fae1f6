"""What an expert answered in earlier rounds, read together with what stands now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from surveyapp.delphi.showing import OwnAnswer
from surveyapp.models import Answer
from surveyapp.questionnaire.cells import Status
from surveyapp.services.reading.seats import Seat, Stored, given_of

_ANSWERS_OF_ROUNDS = select(
    Answer.round, Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts, Answer.revision
).where(
    Answer.study_id == bindparam("study_id"),
    Answer.round.in_(bindparam("rounds", expanding=True)),
    Answer.panellist_id == bindparam("panellist_id"),
)
_NOTHING = frozenset({Status.BLANK, Status.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class SeatAnswers:
    """What stands in a seat's cells now, and what its expert answered before."""

    stored: dict[int, tuple[Stored, int]]
    """Cell number → (the stored columns, revision)."""
    earlier: Mapping[int, OwnAnswer]
    """Cell number → the latest earlier answer that is one; kept answers as what they were."""


def rounds_of(earlier_rounds: str) -> tuple[int, ...]:
    """The numbers in ``1,2*``, ascending."""
    return tuple(int(each.rstrip("*")) for each in earlier_rounds.split(",") if each)


def read_seat_answers(reader: Session | Connection, *, seat: Seat) -> SeatAnswers:
    """All answers of a seat, those of earlier submitted rounds too. One query."""
    connection = reader.connection() if isinstance(reader, Session) else reader
    before = rounds_of(seat.earlier_rounds)
    key = {"study_id": seat.study_id, "panellist_id": seat.panellist_id, "rounds": [*before, seat.round]}
    stored: dict[int, tuple[Stored, int]] = {}
    latest: dict[int, tuple[int, Stored]] = {}
    rows = connection.execute(_ANSWERS_OF_ROUNDS, key)
    for round_, cell, status, value, text, parts, revision in rows:
        values: Stored = (status, value, text, parts)
        if round_ == seat.round:
            stored[cell] = (values, revision)
        elif cell not in latest or latest[cell][0] < round_:
            latest[cell] = (round_, values)
    earlier = {}
    for cell, (round_, values) in latest.items():
        given = given_of(values)
        if given.status not in _NOTHING:
            given = replace(given, status=Status.VALUE) if given.status is Status.KEPT else given
            earlier[cell] = OwnAnswer(round_, given)
    return SeatAnswers(stored, earlier)
