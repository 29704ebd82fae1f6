"""Expertise: how well do you know this? Once, or once per context."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.questionnaire.cells import CellKey, CellSpec, Given
from surveyapp.questionnaire.kinds.contract import Asking, Chance
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.points import plausible_point, read_point, shown_point
from surveyapp.questionnaire.model import Expertise, Page, Questionnaire


class ExpertiseKind(Asking[Expertise]):
    """A self-rating on a scale."""

    name = "expertise"

    def cells(
        self, questionnaire: Questionnaire, page: Page, question: Expertise, context: str
    ) -> tuple[CellSpec, ...]:
        """One cell per context of its set, or one alone."""
        labels = questionnaire.scales[question.scale].labels(questionnaire.language)
        if question.contexts is None:
            contexts = [context]
        else:
            contexts = [member.id for member in questionnaire.contexts[question.contexts].members]
        return tuple(
            CellSpec(
                CellKey(question.id, context=each),
                self.name,
                "number",
                question.required,
                page.key(context),
                labels,
            )
            for each in contexts
        )

    def parse(
        self, questionnaire: Questionnaire, question: Expertise, spec: CellSpec, values: Sequence[str]
    ) -> Given:
        """A point of the scale, or an opt-out."""
        scale = questionnaire.scales[question.scale]
        given = scale.given_by_text.get(values[0]) if len(values) == 1 else None
        return given or read_point(scale, values, _label(questionnaire, question, spec), spec.labels)

    def show(
        self, questionnaire: Questionnaire, question: Expertise, spec: CellSpec, given: Given, language: str
    ) -> str:
        """The point's label."""
        return shown_point(questionnaire, question.scale, given, language)

    def seconds(self, questionnaire: Questionnaire, question: Expertise, language: str) -> float:
        """Reading, and one thought per context."""
        reading = reading_seconds(language, question.text, question.help, question.perspective)
        if question.contexts is None:
            return reading + 5
        members = questionnaire.contexts[question.contexts].members
        return reading + 5 * len(members) + reading_seconds(language, *(member.title for member in members))

    def plausible(
        self, questionnaire: Questionnaire, question: Expertise, spec: CellSpec, rng: Chance, leaning: float
    ) -> list[str]:
        """Any point; experts think themselves a little above the middle."""
        return plausible_point(questionnaire.scales[question.scale], rng, 0.2 + leaning / 2)


def _label(questionnaire: Questionnaire, question: Expertise, spec: CellSpec) -> str:
    text = question.text.get(questionnaire.language)
    if question.contexts is None:
        return text
    context = questionnaire.contexts_by_id[spec.key.context]
    return f"{text} – {context.title.get(questionnaire.language)}"
