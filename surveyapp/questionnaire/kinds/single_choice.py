"""Single choice: one option, or an other in own words."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import Asking, Chance, quoted, refuse, single
from surveyapp.questionnaire.kinds.options import option_labels, options_seconds
from surveyapp.questionnaire.kinds.written import (
    OTHER,
    OTHER_MAX_LENGTH,
    read_text,
    synthetic_text,
    text_cell,
)
from surveyapp.questionnaire.model import Page, Questionnaire, SingleChoice


class SingleChoiceKind(Asking[SingleChoice]):
    """One option of several."""

    name = "single_choice"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: SingleChoice, context: str
    ) -> tuple[CellSpec, ...]:
        """The choice; with `other`, the own words after it."""
        key = CellKey(question.id, context=context)
        labels = option_labels(questionnaire, question, questionnaire.language)
        choice = CellSpec(key, self.name, "option", question.required, page.key(context), labels)
        if question.other is None:
            return (choice,)
        return (choice, text_cell(key._replace(part=OTHER), self.name, page.key(context)))

    def parse(
        self, questionnaire: Questionnaire, question: SingleChoice, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """An option's id, or own words."""
        label = question.text.get(questionnaire.language)
        if spec.key.part == OTHER:
            return read_text(values, label, OTHER_MAX_LENGTH, one_line=True)
        text = single(values, label)
        if not text:
            return BLANK
        if text not in spec.labels:
            what = Sentence("{what} is not one of the options; choose one that is shown", what=quoted(text))
            refuse(label, what)
        return Given(Status.VALUE, text=text)

    def show(
        self,
        questionnaire: Questionnaire,
        question: SingleChoice,
        spec: CellSpec,
        given: Given,
        language: str,
    ) -> str:
        """The option's label, or the own words."""
        if given.text is None or spec.key.part == OTHER:
            return given.text or ""
        return option_labels(questionnaire, question, language).get(given.text, given.text)

    def seconds(self, questionnaire: Questionnaire, question: SingleChoice, language: str) -> float:
        """Reading question and options, and choosing."""
        return options_seconds(questionnaire, question, language) + 3

    def plausible(
        self,
        questionnaire: Questionnaire,
        question: SingleChoice,
        spec: CellSpec,
        rng: Chance,
        leaning: float,
    ) -> list[str]:
        """One of the options."""
        if spec.key.part == OTHER:
            return synthetic_text(rng, 0.1)
        return [rng.choice(list(spec.labels))]
