"""Multiple choice: some of the options, between a least and a most, or none of them."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds.choosing import choose, chosen_shortfall
from surveyapp.questionnaire.kinds.contract import Asking, Chance
from surveyapp.questionnaire.kinds.options import option_labels, options_seconds
from surveyapp.questionnaire.kinds.written import (
    OTHER,
    OTHER_MAX_LENGTH,
    read_text,
    synthetic_text,
    text_cell,
)
from surveyapp.questionnaire.model import MultipleChoice, Page, Questionnaire


class MultipleChoiceKind(Asking[MultipleChoice]):
    """Several options at once."""

    name = "multiple_choice"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: MultipleChoice, context: str
    ) -> tuple[CellSpec, ...]:
        """The choice; with `other`, the own words after it."""
        key = CellKey(question.id, context=context)
        labels = option_labels(questionnaire, question, questionnaire.language)
        choice = CellSpec(key, self.name, "options", question.required, page.key(context), labels)
        if question.other is None:
            return (choice,)
        return (choice, text_cell(key._replace(part=OTHER), self.name, page.key(context)))

    def parse(
        self, questionnaire: Questionnaire, question: MultipleChoice, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """Ids of options, kept in the order of display; or own words."""
        label = question.text.get(questionnaire.language)
        if spec.key.part == OTHER:
            return read_text(values, label, OTHER_MAX_LENGTH, one_line=True)
        return choose(
            label,
            tuple(spec.labels),
            values,
            most=question.max,
            exclusive=exclusive_options(questionnaire, question),
            labels=spec.labels,
        )

    def show(
        self,
        questionnaire: Questionnaire,
        question: MultipleChoice,
        spec: CellSpec,
        given: Given,
        language: str,
    ) -> str:
        """The labels of what was chosen, or the own words."""
        if spec.key.part == OTHER:
            return given.text or ""
        labels = option_labels(questionnaire, question, language)
        return "; ".join(labels.get(part, part) for part in given.parts or ())

    def shortfall(
        self, questionnaire: Questionnaire, question: MultipleChoice, spec: CellSpec, given: Given | None
    ) -> str | None:
        """Blank though required, or fewer than `min`."""
        if spec.key.part == OTHER:
            return None
        exclusive = exclusive_options(questionnaire, question)
        return chosen_shortfall(spec, given, least=question.min, exclusive=exclusive)

    def seconds(self, questionnaire: Questionnaire, question: MultipleChoice, language: str) -> float:
        """Reading question and options, and choosing."""
        options = len(questionnaire.options_of(question))
        return options_seconds(questionnaire, question, language) + 3 + 0.5 * options

    def plausible(
        self,
        questionnaire: Questionnaire,
        question: MultipleChoice,
        spec: CellSpec,
        rng: Chance,
        leaning: float,
    ) -> list[str]:
        """As many as are allowed, or fewer."""
        if spec.key.part == OTHER:
            return synthetic_text(rng, 0.1)
        exclusive = exclusive_options(questionnaire, question)
        options = [option for option in spec.labels if option not in exclusive]
        if not options or (exclusive and rng.random() < 0.1):
            return [rng.choice(sorted(exclusive))]
        most = min(question.max or len(options), len(options))
        return rng.sample(options, rng.randint(min(max(question.min, 1), most), most))


def exclusive_options(questionnaire: Questionnaire, question: MultipleChoice) -> frozenset[str]:
    """The options that stand alone: "none of these"."""
    return frozenset(option.id for option in questionnaire.options_of(question) if option.exclusive)
