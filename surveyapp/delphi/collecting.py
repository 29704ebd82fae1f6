"""Rounds that only collect items: what of a questionnaire they ask, and what stands in for items to come."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from surveyapp.questionnaire import expressions
from surveyapp.questionnaire.model import (
    Combination,
    Consent,
    Item,
    Page,
    Proposals,
    Question,
    Questionnaire,
    Rating,
    Text,
)

PROPOSALS: Final = "proposals"
"""What a protocol's round says that it asks when it only collects items."""

_ABOUT_ITEMS: Final = (Rating, Combination)
_STAND_IN: Final = "proposed-item"


def only_collects(asks: str) -> bool:
    """Whether a round that asks for this has nothing rated: what it says stands in plans and protocols."""
    return asks == PROPOSALS


def collecting_part(questionnaire: Questionnaire) -> Questionnaire:
    """What a round that only collects items asks.

    These are the pages with questions for proposals, whatever else stands on them but ratings; the pages that
    are asked once, such as a background; and of other pages the consents that something waits for and the
    questions that decide whether the rest is shown. Nothing is practised, for nothing is rated.
    """
    needed = _needed(questionnaire)
    pages = tuple(
        page if questions == page.questions else page.model_copy(update={"questions": questions})
        for page in questionnaire.pages
        if (questions := tuple(each for each in page.questions if each.id in needed))
    )
    part = questionnaire.model_copy(update={"pages": pages, "practice": None})
    # A copy would bring along what was worked out from the whole.
    return Questionnaire.from_canonical(part.canonical())


def find_unreachable(questionnaire: Questionnaire) -> frozenset[str]:
    """Questions about items that decide whether something is shown which a collecting round should ask."""
    needed = _needed(questionnaire)
    read = {
        name
        for page in questionnaire.pages
        if any(question.id in needed for question in page.questions)
        for name in _read_on(page, needed)
    }
    return frozenset(
        name for name in read if isinstance(questionnaire.questions_by_id.get(name), _ABOUT_ITEMS)
    )


def as_if_proposed(questionnaire: Questionnaire) -> Questionnaire:
    """The questionnaire as it is once items have come: where it has none yet, one stands in for them.

    So rules about ratings can be checked before anybody has proposed what is rated.
    """
    if not questionnaire.awaits_items:
        return questionnaire
    asked = [each for each in questionnaire.questions_by_id.values() if isinstance(each, _ABOUT_ITEMS)]
    tags = tuple(dict.fromkeys(each.tagged for each in asked if each.tagged is not None))
    item = Item(id=_STAND_IN, title=Text({"*": _STAND_IN}), tags=tags)
    return Questionnaire.from_canonical(questionnaire.model_copy(update={"items": (item,)}).canonical())


def has_something_to_rate(questionnaire: Questionnaire) -> bool:
    """Whether there is an item for at least one of the ratings, or nothing is meant to be rated at all."""
    ratings = [each for each in questionnaire.questions_by_id.values() if isinstance(each, Rating)]
    return not ratings or any(questionnaire.items_of(each) for each in ratings)


def rates_new_items(questionnaire: Questionnaire) -> bool:
    """Whether any rating would ask about an item that comes later: it names no items, or all there are."""
    return any(
        each.items is None or len(questionnaire.items_of(each)) == len(questionnaire.items)
        for each in questionnaire.questions_by_id.values()
        if isinstance(each, Rating)
    )


def _needed(questionnaire: Questionnaire) -> frozenset[str]:
    """The questions that a collecting round asks, those that others depend on included."""
    needed = {question.id for page in questionnaire.pages for question in _of_itself(page)}
    while True:
        read = {name for page in questionnaire.pages for name in _read_on(page, needed)}
        more = {
            name
            for name in read - needed
            if name in questionnaire.questions_by_id
            and not isinstance(questionnaire.questions_by_id[name], _ABOUT_ITEMS)
        }
        if not more:
            return frozenset(needed)
        needed |= more


def _of_itself(page: Page) -> Iterator[Question]:
    is_whole = page.once or any(isinstance(question, Proposals) for question in page.questions)
    for question in page.questions:
        is_waited_for = isinstance(question, Consent) and question.required
        if is_waited_for or (is_whole and not isinstance(question, _ABOUT_ITEMS)):
            yield question


def _read_on(page: Page, needed: Collection[str]) -> Iterator[str]:
    """What the conditions of a page's needed questions read, and the page's own where it has any."""
    asked = [question for question in page.questions if question.id in needed]
    texts = [page.show_if] if asked else []
    for text in (*texts, *(question.show_if for question in asked)):
        if text is not None:
            yield from expressions.names(expressions.parse(text))
