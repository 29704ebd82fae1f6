"""Number: digits with a unit and bounds, written the way people write numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import Asking, Chance, plain_number, quoted, refuse, single
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.written import NO_LABELS
from surveyapp.questionnaire.model import Number, Page, Questionnaire

# ASCII digits only, at most fifteen before the point: more could not be shown or summed exactly.
_NUMBER = re.compile(r"[+\-−]?[0-9]{1,15}(?:[.,][0-9]{1,9})?", re.ASCII)


class NumberKind(Asking[Number]):
    """One number."""

    name = "number"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Number, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell."""
        key = CellKey(question.id, context=context)
        return (CellSpec(key, self.name, "number", question.required, page.key(context), NO_LABELS),)

    def parse(
        self, questionnaire: Questionnaire, question: Number, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """``3``, ``3.5`` or ``3,5``, within the bounds and with no more decimals than asked for."""
        label = question.text.get(questionnaire.language)
        text = single(values, label).strip()
        if not text:
            return BLANK
        if _NUMBER.fullmatch(text) is None:
            refuse(label, _not_a_number(question, quoted(text)))
        number = Decimal(text.replace(",", ".").replace("−", "-"))
        number = number.normalize() if number else Decimal(0)
        if -int(number.as_tuple().exponent) > question.decimals:
            refuse(label, _too_fine(question, quoted(text)))
        low, high = bounds(question)
        if low is not None and number < low:
            what = Sentence(
                "{what} is too small; the least is {least}", what=quoted(text), least=plain_number(low)
            )
            refuse(label, what)
        if high is not None and number > high:
            what = Sentence(
                "{what} is too large; the most is {most}", what=quoted(text), most=plain_number(high)
            )
            refuse(label, what)
        return Given(Status.VALUE, number=Decimal(f"{number:f}"))

    def show(
        self, questionnaire: Questionnaire, question: Number, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The number with its unit."""
        number = plain_number(given.number)
        if not number or question.unit is None:
            return number
        return f"{number} {question.unit.get(language, questionnaire.language)}"

    def seconds(self, questionnaire: Questionnaire, question: Number, language: str) -> float:
        """Reading, and thinking of a number."""
        texts = (question.text, question.help, question.perspective, question.unit)
        return reading_seconds(language, *texts) + 6

    def plausible(
        self, questionnaire: Questionnaire, question: Number, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """A number within the bounds, small ones more often."""
        low, high = bounds(question)
        start = float(low if low is not None else 0)
        width = float(high) - start if high is not None else 40.0
        number = round(start + width * rng.betavariate(2, 4), question.decimals)
        number = min(max(number, start), start + width)
        return [f"{number:.{question.decimals}f}"]


def bounds(question: Number) -> tuple[Decimal | None, Decimal | None]:
    """The least and the most, exactly as the file writes them."""
    low = None if question.min is None else Decimal(repr(question.min))
    high = None if question.max is None else Decimal(repr(question.max))
    return low, high


def _not_a_number(question: Number, what: str) -> Sentence:
    if question.decimals:
        return Sentence("{what} is not a number; write digits, like 3 or 3.5", what=what)
    return Sentence("{what} is not a number; write digits, like 3", what=what)


def _too_fine(question: Number, what: str) -> Sentence:
    if question.decimals:
        return Sentence(
            "{what} is too fine; at most {most} decimals can be stored", what=what, most=question.decimals
        )
    return Sentence("{what} is too fine; whole numbers only", what=what)
