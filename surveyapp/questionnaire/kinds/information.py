"""Information: text to read; nothing is asked."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import CellSpec, Given
from surveyapp.questionnaire.kinds.contract import Asking, Chance, refuse
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.model import Information, Page, Questionnaire


class InformationKind(Asking[Information]):
    """Text to read."""

    name = "information"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Information, context: str
    ) -> tuple[CellSpec, ...]:
        """None."""
        return ()

    def parse(
        self, questionnaire: Questionnaire, question: Information, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """Nothing can be given here."""
        refuse(question.id, Sentence("nothing can be answered here"))

    def seconds(self, questionnaire: Questionnaire, question: Information, language: str) -> float:
        """Reading it."""
        return reading_seconds(language, question.text, question.help)

    def plausible(
        self,
        questionnaire: Questionnaire,
        question: Information,
        spec: CellSpec,
        rng: Chance,
        leaning: float,
    ) -> list[str]:
        """Nothing."""
        return []
