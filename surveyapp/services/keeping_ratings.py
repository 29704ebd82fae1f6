"""“Keep my answer”: the earlier rating put in where somebody keeps it."""

from __future__ import annotations

from collections.abc import Mapping

from surveyapp.errors import AnswerError, Problem
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.keeping import keep, may_keep
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.earlier import find_earlier_answer
from surveyapp.services.reading.seats import Sheet


def with_kept(instrument: Instrument, sheet: Sheet, changes: Mapping[int, Given]) -> Mapping[int, Given]:
    """`changes` with the earlier rating put in wherever one is kept.

    Raises AnswerError for every rating that is to be kept and never was given.
    """
    wished = [cell for cell, given in changes.items() if given.status is Status.KEPT]
    if not wished:
        return changes
    kept: dict[int, Given] = {}
    problems: list[Problem] = []
    for cell in wished:
        own = find_earlier_answer(instrument, sheet, cell)
        try:
            kept[cell] = keep(own.given if own else None, _label_of(instrument, cell))
        except AnswerError as error:
            problems += error.problems
    if problems:
        raise AnswerError(problems)
    return {**changes, **kept}


def as_far_as_kept(instrument: Instrument, sheet: Sheet, changes: Mapping[int, Given]) -> Mapping[int, Given]:
    """The same for what came too late: what cannot be kept for want of a rating stays as it was sent."""
    kept: dict[int, Given] = {}
    for cell, given in changes.items():
        own = find_earlier_answer(instrument, sheet, cell) if given.status is Status.KEPT else None
        if own is not None and may_keep(own.given):
            kept[cell] = keep(own.given, _label_of(instrument, cell))
    return {**changes, **kept}


def _label_of(instrument: Instrument, cell: int) -> str:
    questionnaire, key = instrument.questionnaire, instrument.spec(cell).key
    if key.item in questionnaire.items_by_id:
        return questionnaire.items_by_id[key.item].title.get(questionnaire.language)
    return questionnaire.questions_by_id[key.question].text.get(questionnaire.language)
