"""Who is asked what: the pages and cells of one panellist, from group, tags and answers so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from types import MappingProxyType

from surveyapp.questionnaire import expressions
from surveyapp.questionnaire.cells import CellKey, CellSpec
from surveyapp.questionnaire.estimating import Estimate, estimate
from surveyapp.questionnaire.kinds.consent import is_agreed
from surveyapp.questionnaire.model import Consent, Questionnaire
from surveyapp.questionnaire.planning import Answers, PlannedPage, RoutedPage, Walk, plan

__all__ = ["Estimate", "Route", "RoutedPage", "all_cells", "estimate", "route", "routing_questions"]


@dataclass(frozen=True)
class Route:
    """Every page that one panellist is asked, in order.

    `open_until` counts the leading pages that may be opened: after a page with a required consent
    that is not given, nothing is open.
    """

    pages: tuple[RoutedPage, ...]
    open_until: int
    is_consented: bool
    """Whether every required consent on the way is given."""

    def page(self, key: str) -> RoutedPage:
        """The page called `key`; KeyError when it is not on this route."""
        return self._by_key[key]

    def cells(self) -> tuple[CellSpec, ...]:
        """All cells of all pages, in order."""
        return tuple(chain.from_iterable(page.cells for page in self.pages))

    @cached_property
    def _by_key(self) -> Mapping[str, RoutedPage]:
        return {page.key: page for page in self.pages}


def all_cells(questionnaire: Questionnaire) -> tuple[CellSpec, ...]:
    """Every cell that anybody could be asked, in order."""
    return tuple(
        chain.from_iterable(planned.cells for page in plan(questionnaire) for planned in page.questions)
    )


def routing_questions(questionnaire: Questionnaire) -> frozenset[str]:
    """The ids of the questions whose answers decide what is asked; consents are among them."""
    read = {
        name
        for page in questionnaire.pages
        for text in (page.show_if, *(question.show_if for question in page.questions))
        if text is not None
        for name in expressions.names(expressions.parse(text))
    }
    consents = {
        question.id
        for question in questionnaire.questions_by_id.values()
        if isinstance(question, Consent) and question.required
    }
    return frozenset(read & set(questionnaire.questions_by_id) | consents)


def route(
    questionnaire: Questionnaire,
    *,
    group: str,
    tags: Collection[str],
    answers: Answers,
    carried: Answers = MappingProxyType({}),
) -> Route:
    """The pages that this panellist is asked; what depends on a missing answer is not shown yet.

    Answers to questions that are no longer asked have no say. `carried` are answers of earlier rounds: a page
    that is asked once is not asked again where they hold it, and its answers still decide what is.
    """
    done = pages_done(questionnaire, carried)
    if done:
        answers = {**_of_pages(questionnaire, done, carried), **answers}
    walk = Walk(questionnaire, group=group, tags=tags, answers=answers)
    pages: list[RoutedPage] = []
    open_until: int | None = None
    for planned in plan(questionnaire):
        if planned.key in done:
            for each in planned.questions:
                walk.is_asked[each.question.id, planned.context] = True
            continue
        look = walk.look(planned.context)
        if planned.condition is not None and expressions.evaluate(planned.condition, look) is not True:
            continue
        shown = tuple(
            each.condition is None or expressions.evaluate(each.condition, look) is True
            for each in planned.questions
        )
        if not any(shown):
            continue
        page = planned.routed.get(shown)
        if page is None:
            page = planned.routed[shown] = _routed(planned, shown)
        pages.append(page)
        for question in page.questions:
            walk.is_asked[question.id, planned.context] = True
            if open_until is None and isinstance(question, Consent) and question.required:
                key = CellKey(question.id, context=planned.context)
                if not is_agreed(answers.get(key)):
                    open_until = len(pages)
    return Route(
        tuple(pages),
        open_until=len(pages) if open_until is None else open_until,
        is_consented=open_until is None,
    )


def pages_done(questionnaire: Questionnaire, carried: Collection[CellKey]) -> frozenset[str]:
    """Keys of the pages asked once that earlier rounds hold: whoever submits leaves a row in every cell."""
    if not carried:
        return frozenset()
    return frozenset(
        planned.key
        for planned in plan(questionnaire)
        if planned.page.once and any(key in carried for key in marks(planned))
    )


def _of_pages(questionnaire: Questionnaire, keys: Collection[str], carried: Answers) -> Answers:
    """What `carried` holds for these pages: what is asked anew is decided by what is answered anew."""
    return {
        spec.key: carried[spec.key]
        for planned in plan(questionnaire)
        if planned.key in keys
        for each in planned.questions
        for spec in each.cells
        if spec.key in carried
    }


def marks(planned: PlannedPage) -> tuple[CellKey, ...]:
    """The cells of a page that tell whether it was asked: one of a question that it always asks."""
    always = next((each for each in planned.questions if each.condition is None and each.cells), None)
    if always is not None:
        return (always.cells[0].key,)
    return tuple(spec.key for each in planned.questions for spec in each.cells)


def _routed(planned: PlannedPage, shown: tuple[bool, ...]) -> RoutedPage:
    visible = [each for each, is_shown in zip(planned.questions, shown, strict=True) if is_shown]
    return RoutedPage(
        key=planned.key,
        page=planned.page,
        context=planned.context,
        questions=tuple(each.question for each in visible),
        cells=tuple(chain.from_iterable(each.cells for each in visible)),
    )
