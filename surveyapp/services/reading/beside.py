"""The ratings that a written answer goes with, and where on their scales they lie."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from surveyapp.delphi.privacy.reasons import Band, band_of
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.counted import Counted
from surveyapp.services.reading.seats import Stored
from surveyapp.statistics.counts import RatingScale

_BAND_OF_STATUS: Mapping[int, Band] = {Status.DONT_KNOW: "dont_know"}


@dataclass(frozen=True, slots=True)
class RatingBeside:
    """What the author of a reason gave on one criterion, in the rating that the reason goes with."""

    criterion: str
    value: int | None
    """The point of the scale; None for an opt-out."""
    answer: str
    """``value``, ``dont_know`` or ``declined``."""
    band: Band


def ratings_beside(instrument: Instrument, cell: int) -> tuple[int, ...]:
    """The rating cells that a written cell goes with: one, or one for each criterion of the item."""
    key = instrument.spec(cell).key
    if not key.item:
        return ()
    question = instrument.questionnaire.questions_by_id[key.question]
    criteria: Sequence[str] = (key.criterion,) if key.criterion else getattr(question, "criteria", ())
    keys = [CellKey(key.question, key.item, key.context, criterion) for criterion in criteria]
    return tuple(instrument.number_of[each] for each in keys if each in instrument.number_of)


def bands_beside(
    instrument: Instrument, counted: Counted, written: Collection[tuple[int, int]]
) -> Mapping[tuple[int, int], Band]:
    """(Author, cell) of a written answer → where the ratings beside it lie, as `ReasonAtWork.band` has it."""
    beside = {cell: ratings_beside(instrument, cell) for cell in {cell for _, cell in written}}
    # The same few ratings come again and again.
    known: dict[tuple[int, int, float | None], Band] = {}
    found: dict[tuple[int, int], Band] = {}
    for panellist_id, cell in written:
        given = counted.get(panellist_id, {})
        bands: set[Band] = set()
        for rating in beside[cell]:
            if rating in given:
                stored = given[rating]
                key = (rating, stored[0], stored[1])
                if key not in known:
                    known[key] = _rating(instrument, rating, stored).band
                bands.add(known[key])
        found[panellist_id, cell] = bands.pop() if len(bands) == 1 else ""
    return found


def read_ratings(
    instrument: Instrument, counted: Counted, *, panellist_id: int, cells: Sequence[int]
) -> tuple[RatingBeside, ...]:
    """What one author gave in these rating cells."""
    given = counted.get(panellist_id, {})
    return tuple(_rating(instrument, cell, given[cell]) for cell in cells if cell in given)


def _rating(instrument: Instrument, cell: int, stored: Stored) -> RatingBeside:
    status, value, _, _ = stored
    criterion = instrument.spec(cell).key.criterion
    if value is None:
        answer = Status(status).name.lower()
        return RatingBeside(criterion, None, answer, _BAND_OF_STATUS.get(status, ""))
    questionnaire = instrument.questionnaire
    declared = questionnaire.scales[questionnaire.criteria[criterion].scale]
    scale = RatingScale(
        tuple(point.value for point in declared.points), declared.agreement, declared.disagreement
    )
    band = band_of(int(value), scale) if value in scale.points else ""
    return RatingBeside(criterion, int(value), "value", band)
