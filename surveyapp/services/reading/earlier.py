"""What an expert answered in an earlier round, in this cell or in the one that it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from surveyapp.questionnaire.cells import Given, Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Sheet, given_of

_WORTH_SHOWING = frozenset({Status.VALUE, Status.KEPT, Status.DONT_KNOW})


@dataclass(frozen=True, slots=True)
class EarlierAnswer:
    """What was given, in which round, and whether the item was worded otherwise then."""

    given: Given
    """A kept answer stands here as the value that was kept."""
    round: int
    is_of_earlier_wording: bool = False


def find_earlier_answer(instrument: Instrument, sheet: Sheet, cell: int) -> EarlierAnswer | None:
    """The expert's latest answer of an earlier round to `cell`, or to a comparable earlier wording of it."""
    for number in (cell, *instrument.earlier_of.get(cell, ())):
        if number in sheet.earlier:
            stored, given_in = sheet.earlier[number]
            status, *columns = stored
            if status == Status.KEPT:
                stored = (int(Status.VALUE), *columns)  # type: ignore[assignment]  # the same three columns
            given = given_of(stored)
            if given.status in _WORTH_SHOWING:
                return EarlierAnswer(given, given_in, number != cell)
    return None
