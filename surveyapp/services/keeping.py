"""Keeping earlier answers: the wish becomes the value that the expert gave before."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy.orm import Session

from surveyapp.errors import AnswerError, Problem
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.keeping import keep, may_keep
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.earlier import read_seat_answers
from surveyapp.services.reading.seats import Seat, Stored, read_stored


def read_for_saving(
    session: Session,
    instrument: Instrument,
    *,
    seat: Seat,
    changes: Mapping[int, Given],
    cells: Collection[int] | None = None,
) -> tuple[dict[int, tuple[Stored, int]], Mapping[int, Given]]:
    """What stands in `cells` (or in all), and `changes` with the earlier value wherever one is kept.

    One query. Raises AnswerError for every answer that is to be kept and never was.
    """
    wished = _wished(changes)
    if not wished:
        return read_stored(session, seat=seat, cells=cells), changes
    answers = read_seat_answers(session, seat=seat)
    kept: dict[int, Given] = {}
    problems: list[Problem] = []
    for cell in wished:
        before = answers.earlier.get(cell)
        try:
            kept[cell] = keep(before.given if before else None, _label_of(instrument, cell))
        except AnswerError as error:
            problems += error.problems
    if problems:
        raise AnswerError(problems)
    return answers.stored, {**changes, **kept}


def with_kept(session: Session, *, seat: Seat, changes: Mapping[int, Given]) -> Mapping[int, Given]:
    """`changes` with the earlier values put in; what was never answered cannot be kept and is left out."""
    wished = _wished(changes)
    if not wished:
        return changes
    earlier = read_seat_answers(session, seat=seat).earlier
    found = {cell: earlier[cell].given if cell in earlier else None for cell in wished}
    kept = {cell: keep(given, "") for cell, given in found.items() if may_keep(given)}
    return {
        cell: kept.get(cell, given) for cell, given in changes.items() if cell in kept or cell not in found
    }


def _wished(changes: Mapping[int, Given]) -> list[int]:
    return [cell for cell, given in changes.items() if given.status is Status.KEPT]


def _label_of(instrument: Instrument, cell: int) -> str:
    questionnaire, key = instrument.questionnaire, instrument.specs[cell - 1].key
    if key.item:
        return questionnaire.items_by_id[key.item].title.get(questionnaire.language)
    return questionnaire.questions_by_id[key.question].text.get(questionnaire.language)
