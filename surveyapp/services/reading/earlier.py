"""What an expert answered in earlier rounds, in each cell or in the one that it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from surveyapp.delphi.showing import OwnAnswer
from surveyapp.questionnaire.cells import Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Sheet, Stored, given_of

_WORTH_SHOWING = frozenset({Status.VALUE, Status.KEPT, Status.DONT_KNOW})


def find_earlier_answer(instrument: Instrument, sheet: Sheet, cell: int) -> OwnAnswer | None:
    """The expert's latest answer of an earlier round to `cell`, or to a comparable earlier wording of it.

    A kept answer stands in it as the value that was kept.
    """
    return own_answers(instrument, sheet, (cell,)).get(cell)


def _own(stored: Stored, round_: int, is_reworded: bool) -> OwnAnswer | None:
    # What people write is theirs alone, and must not be kept about.
    make = _make_own if stored[2] is not None and stored[0] == Status.VALUE else _kept_own
    return make(stored, round_, is_reworded)


def _make_own(stored: Stored, round_: int, is_reworded: bool) -> OwnAnswer | None:
    given = given_of(stored)
    if given.status not in _WORTH_SHOWING:
        return None
    given = replace(given, status=Status.VALUE) if given.status is Status.KEPT else given
    return OwnAnswer(round_, given, is_of_earlier_wording=is_reworded)


_kept_own = lru_cache(maxsize=4_096)(_make_own)


def own_answers(instrument: Instrument, sheet: Sheet, cells: Iterable[int]) -> dict[int, OwnAnswer]:
    """Cell → what the expert answered there before; cells without an earlier answer are not in it."""
    found: dict[int, OwnAnswer] = {}
    earlier, earlier_of = sheet.earlier, instrument.earlier_of
    if not earlier:
        return found
    for cell in cells:
        entry = earlier.get(cell)
        own = None if entry is None else _own(entry[0], entry[1], False)
        if own is None and cell in earlier_of:
            entries = (earlier[each] for each in earlier_of[cell] if each in earlier)
            owns = (_own(stored, round_, True) for stored, round_ in entries)
            own = next((each for each in owns if each is not None), None)
        if own is not None:
            found[cell] = own
    return found
