"""What an expert answered in earlier rounds, in each cell or in the one that it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from surveyapp.delphi.showing import OwnAnswer
from surveyapp.questionnaire.cells import Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Sheet, given_of

_WORTH_SHOWING = frozenset({Status.VALUE, Status.KEPT, Status.DONT_KNOW})


def find_earlier_answer(instrument: Instrument, sheet: Sheet, cell: int) -> OwnAnswer | None:
    """The expert's latest answer of an earlier round to `cell`, or to a comparable earlier wording of it.

    A kept answer stands in it as the value that was kept.
    """
    for number in (cell, *instrument.earlier_of.get(cell, ())):
        if number in sheet.earlier:
            stored, round_ = sheet.earlier[number]
            given = given_of(stored)
            if given.status in _WORTH_SHOWING:
                given = replace(given, status=Status.VALUE) if given.status is Status.KEPT else given
                return OwnAnswer(round_, given, is_of_earlier_wording=number != cell)
    return None


def own_answers(instrument: Instrument, sheet: Sheet, cells: Iterable[int]) -> dict[int, OwnAnswer]:
    """Cell → what the expert answered there before; cells without an earlier answer are not in it."""
    found = {}
    if sheet.earlier:
        for cell in cells:
            own = find_earlier_answer(instrument, sheet, cell)
            if own is not None:
                found[cell] = own
    return found
