"""Consent: a statement to agree to, stored as 1 (agreed) or 0 (said no)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import Asking, Chance, quoted, refuse
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.model import Consent, Page, Questionnaire

_AGREED = Given(Status.VALUE, number=Decimal(1))
_NOT_AGREED = Given(Status.VALUE, number=Decimal(0))


class ConsentKind(Asking[Consent]):
    """A box to tick under a statement."""

    name = "consent"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Consent, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell."""
        labels = {"1": question.agree_label.get(questionnaire.language), "0": "–"}
        key = CellKey(question.id, context=context)
        return (CellSpec(key, self.name, "number", question.required, page.key(context), labels),)

    def parse(
        self, questionnaire: Questionnaire, question: Consent, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """``1`` agrees, ``0`` does not; a hidden ``0`` beside the ticked box changes nothing."""
        sent = set(values) - {""}
        if not sent <= {"0", "1"}:
            strange = min(sent - {"0", "1"})
            label = question.text.get(questionnaire.language)
            what = Sentence(
                "{what} is neither yes (1) nor no (0); tick the box or leave it", what=quoted(strange)
            )
            refuse(label, what)
        if "1" in sent:
            return _AGREED
        return _NOT_AGREED if sent else BLANK

    def show(
        self, questionnaire: Questionnaire, question: Consent, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The label of the box, if it was ticked."""
        return question.agree_label.get(language, questionnaire.language) if is_agreed(given) else ""

    def shortfall(
        self, questionnaire: Questionnaire, question: Consent, spec: CellSpec, given: Given | None
    ) -> str | None:
        """A required consent must be given: a no is not enough."""
        if question.required and not is_agreed(given):
            return Sentence("Your consent is needed before you can take part.")
        return None

    def seconds(self, questionnaire: Questionnaire, question: Consent, language: str) -> float:
        """Reading it, and ticking a box."""
        return reading_seconds(language, question.text, question.help, question.agree_label) + 3

    def plausible(
        self, questionnaire: Questionnaire, question: Consent, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """Agreed, always where it is required."""
        return ["1"] if question.required or rng.random() < 0.8 else ["0"]


def is_agreed(given: Given | None) -> bool:
    """Whether consent was given."""
    return given is not None and given.status is Status.VALUE and given.number == 1
