"""Long text: several lines in the expert's own words."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds.contract import Asking, Chance
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.written import read_text, synthetic_text, text_cell
from surveyapp.questionnaire.model import LongText, Page, Questionnaire


class LongTextKind(Asking[LongText]):
    """Several lines."""

    name = "long_text"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: LongText, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell."""
        key = CellKey(question.id, context=context)
        return (text_cell(key, self.name, page.key(context), required=question.required),)

    def parse(
        self, questionnaire: Questionnaire, question: LongText, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """The text as it was written."""
        label = question.text.get(questionnaire.language)
        return read_text(values, label, question.max_length)

    def seconds(self, questionnaire: Questionnaire, question: LongText, language: str) -> float:
        """Reading, and a few sentences to write."""
        return reading_seconds(language, question.text, question.help, question.perspective) + 40

    def plausible(
        self, questionnaire: Questionnaire, question: LongText, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """A synthetic sentence, always where it is required."""
        return [text[: question.max_length] for text in synthetic_text(rng, 1 if spec.required else 0.3)]
