"""The options of choices, as both kinds of choice show and count them."""

from __future__ import annotations

from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.kinds.written import OTHER
from surveyapp.questionnaire.model import MultipleChoice, Questionnaire, SingleChoice


def option_labels(
    questionnaire: Questionnaire, question: SingleChoice | MultipleChoice, language: str
) -> dict[str, str]:
    """Option id → label, in the order of display; ``other`` comes last."""
    fallback = questionnaire.language
    labels = {
        option.id: option.label.get(language, fallback) for option in questionnaire.options_of(question)
    }
    if question.other is not None:
        labels[OTHER] = question.other.get(language, fallback)
    return labels


def options_seconds(
    questionnaire: Questionnaire, question: SingleChoice | MultipleChoice, language: str
) -> float:
    """The seconds that reading the question and its options takes."""
    texts = [question.text, question.help, question.perspective, question.other]
    for option in questionnaire.options_of(question):
        texts += [option.label, option.help]
    return reading_seconds(language, *texts)
