"""Preferred combination: up to so many of the items, in order of preference where asked."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds.choosing import choose, chosen_shortfall
from surveyapp.questionnaire.kinds.contract import Asking, Chance
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.model import Combination, Page, Questionnaire, Text

NONE = "none"


class CombinationKind(Asking[Combination]):
    """Some of the items, together."""

    name = "combination"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Combination, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell, which holds the ids of the chosen items."""
        labels = combination_labels(questionnaire, question, questionnaire.language)
        key = CellKey(question.id, context=context)
        return (CellSpec(key, self.name, "options", question.required, page.key(context), labels),)

    def parse(
        self, questionnaire: Questionnaire, question: Combination, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """Ids of items: in the order sent where order is asked, else in the file's order."""
        return choose(
            question.text.get(questionnaire.language),
            tuple(spec.labels),
            values,
            most=question.max,
            exclusive=_exclusive(question),
            labels=spec.labels,
            ordered=question.ordered,
        )

    def show(
        self, questionnaire: Questionnaire, question: Combination, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The titles of the chosen items; numbered where order is asked."""
        labels = combination_labels(questionnaire, question, language)
        chosen = [labels.get(part, part) for part in given.parts or ()]
        if question.ordered and len(chosen) > 1:
            chosen = [f"{place}. {title}" for place, title in enumerate(chosen, start=1)]
        return "; ".join(chosen)

    def shortfall(
        self, questionnaire: Questionnaire, question: Combination, spec: CellSpec, given: Given | None
    ) -> str | None:
        """Blank though required, or fewer than `min`."""
        return chosen_shortfall(spec, given, least=question.min, exclusive=_exclusive(question))

    def seconds(self, questionnaire: Questionnaire, question: Combination, language: str) -> float:
        """Reading the titles, and weighing them."""
        texts: list[Text | None] = [question.text, question.help, question.perspective]
        texts += [item.title for item in questionnaire.items_of(question)]
        return reading_seconds(language, *texts) + 10 + 8 * question.max

    def plausible(
        self, questionnaire: Questionnaire, question: Combination, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """Some of the items, the first ones more often, so that favourites show up."""
        items = [item.id for item in questionnaire.items_of(question)]
        most = min(question.max, len(items))
        wanted = rng.randint(min(max(question.min, 1), most), most)
        weighed = sorted(items, key=lambda item: rng.random() * (1 + items.index(item) / len(items)))
        return weighed[:wanted]


def combination_labels(questionnaire: Questionnaire, question: Combination, language: str) -> dict[str, str]:
    """Item id → title, in the order of display; ``none`` comes last."""
    fallback = questionnaire.language
    labels = {item.id: item.title.get(language, fallback) for item in questionnaire.items_of(question)}
    if question.none_label is not None:
        labels[NONE] = question.none_label.get(language, fallback)
    return labels


def _exclusive(question: Combination) -> frozenset[str]:
    return frozenset() if question.none_label is None else frozenset({NONE})
