"""Whether each question's own parts fit: its options, bounds, items, criteria, scale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from surveyapp.errors import Sentence
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import (
    Combination,
    Expertise,
    MultipleChoice,
    Number,
    Page,
    Questionnaire,
    Rating,
    SingleChoice,
)
from surveyapp.questionnaire.noticing import needs_context, twice, unknown

_TAKEN: Final = frozenset({"group", "tags", "context", "and", "or", "not", "in", "true", "false"})


def check_questions(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Everything in the questions that does not fit, apart from their conditions."""
    places = [
        (("pages", p, "questions", q), page, question)
        for p, page in enumerate(questionnaire.pages)
        for q, question in enumerate(page.questions)
    ]
    yield from twice((((*path, "id"), question.id) for path, _, question in places), Sentence("the id"))
    for path, page, question in places:
        if question.id in _TAKEN:
            what = f"“{question.id}” has a meaning of its own in conditions; give this question another id"
            yield Finding((*path, "id"), what)
        match question:
            case SingleChoice() | MultipleChoice():
                yield from _choice(path, questionnaire, question)
            case Number():
                yield from _least_and_most(path, question.min, question.max)
            case Expertise():
                yield from _expertise(path, questionnaire, page, question)
            case Rating():
                yield from _rating(path, questionnaire, page, question)
            case Combination():
                yield from _combination(path, questionnaire, question)


def _least_and_most(path: Path, least: float | None, most: float | None) -> Iterator[Finding]:
    if least is not None and most is not None and least > most:
        yield Finding((*path, "min"), f"min {least:g} is more than max {most:g}; swap them or change one")


def _choice(
    path: Path, questionnaire: Questionnaire, question: SingleChoice | MultipleChoice
) -> Iterator[Finding]:
    source = question.options_from
    if source == "groups":
        if not questionnaire.groups:
            yield Finding((*path, "options_from"), "no groups are declared; add groups, or write options")
    elif source is not None and source not in questionnaire.contexts:
        known = [*questionnaire.contexts, "groups"]
        yield from unknown((*path, "options_from"), source, known, Sentence("set of contexts"))
        return
    options = questionnaire.options_of(question)
    ids = [((*path, "options", index, "id"), option.id) for index, option in enumerate(options)]
    yield from twice(ids, Sentence("the option"))
    labels = [
        ((*path, "options", index, "label"), option.label.get(questionnaire.language))
        for index, option in enumerate(options)
    ]
    yield from twice(labels, Sentence("the option"))
    if question.other is not None and any(option.id == "other" for option in options):
        yield Finding((*path, "other"), "an option has the id “other” already; give that option another id")
    if len(options) + (question.other is not None) < 2:
        yield Finding(path, "a choice needs at least two options; add options, or options_from")
    if isinstance(question, MultipleChoice):
        yield from _least_and_most(path, question.min, question.max)
        choosable = sum(not option.exclusive for option in options) + (question.other is not None)
        if question.min > choosable:
            what = f"at least {question.min} are to be chosen of {choosable} options; lower min"
            yield Finding((*path, "min"), what)


def _expertise(
    path: Path, questionnaire: Questionnaire, page: Page, question: Expertise
) -> Iterator[Finding]:
    yield from unknown((*path, "scale"), question.scale, questionnaire.scales, Sentence("scale"))
    if question.contexts is None:
        return
    contexts = (*path, "contexts")
    yield from unknown(contexts, question.contexts, questionnaire.contexts, Sentence("set of contexts"))
    if page.for_each is not None:
        what = "this page is for one context at a time already; leave contexts out, or for_each"
        yield Finding(contexts, what)


def _rating(path: Path, questionnaire: Questionnaire, page: Page, question: Rating) -> Iterator[Finding]:
    yield from twice(
        (((*path, "criteria", index), name) for index, name in enumerate(question.criteria)),
        Sentence("the criterion"),
    )
    for index, name in enumerate(question.criteria):
        place = (*path, "criteria", index)
        yield from unknown(place, name, questionnaire.criteria, Sentence("criterion"))
        criterion = questionnaire.criteria.get(name)
        statement = None if criterion is None else criterion.statement
        if page.for_each is None and statement is not None and needs_context(statement):
            what = f"the statement of “{name}” names {{context}}, but this page has no for_each; add it"
            yield Finding(place, what)
    if question.reason == "none" and question.reason_required:
        what = "a reason cannot be required where none is asked; write reason: item or reason: cell"
        yield Finding((*path, "reason_required"), what)
    yield from _selection(path, questionnaire, question)


def _combination(path: Path, questionnaire: Questionnaire, question: Combination) -> Iterator[Finding]:
    yield from _least_and_most(path, question.min, question.max)
    if question.none_label is not None and "none" in questionnaire.items_by_id:
        yield Finding((*path, "none_label"), "an item has the id “none” already; give that item another id")
    unfit = list(_selection(path, questionnaire, question))
    yield from unfit
    offered = 0 if unfit else len(questionnaire.items_of(question))
    if not unfit and question.max > offered and not questionnaire.awaits_items:
        what = f"up to {question.max} are to be chosen of {offered} items; lower max"
        yield Finding((*path, "max"), what, of_whole=True)


def _selection(path: Path, questionnaire: Questionnaire, question: Rating | Combination) -> Iterator[Finding]:
    """Whether the items asked about exist, and are any; where experts propose them, they may be to come."""
    if question.items is None and questionnaire.awaits_items:
        return
    if question.items is not None:
        places = [((*path, "items", index), item) for index, item in enumerate(question.items)]
        yield from twice(places, Sentence("the item"))
        missing = [
            each
            for place, item in places
            for each in unknown(place, item, questionnaire.items_by_id, Sentence("item"))
        ]
        yield from missing
        if missing:
            return
    if question.tagged is not None and not questionnaire.items_of(question):
        tags = sorted({tag for item in questionnaire.items for tag in item.tags})
        yield from unknown((*path, "tagged"), question.tagged, tags, Sentence("item with the tag"))
    elif not questionnaire.items_of(question):
        yield Finding(path, "this asks about no item at all; add items", of_whole=True)
