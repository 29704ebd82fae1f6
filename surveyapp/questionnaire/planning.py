"""The plan of a questionnaire: every page in every context, and what names stand for along the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from surveyapp.questionnaire import expressions
from surveyapp.questionnaire.cells import CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.expressions import Absent, Expression, Look, Value
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.model import Consent, Expertise, Page, Question, Questionnaire

Answers = Mapping[CellKey, Given]


@dataclass(frozen=True, slots=True)
class RoutedPage:
    """One page as one panellist sees it; `key` is ``effectiveness.cbrn`` or ``background``."""

    key: str
    page: Page
    context: str
    questions: tuple[Question, ...]
    cells: tuple[CellSpec, ...]


@dataclass(frozen=True, slots=True)
class PlannedQuestion:
    """A question on a page in one context, with its condition read and its cells laid out."""

    question: Question
    condition: Expression | None
    cells: tuple[CellSpec, ...]


@dataclass(frozen=True, slots=True)
class PlannedPage:
    """A page in one context, before anybody in particular sees it."""

    key: str
    page: Page
    context: str
    condition: Expression | None
    questions: tuple[PlannedQuestion, ...]
    routed: dict[tuple[bool, ...], RoutedPage] = field(default_factory=dict)
    """Which of its questions are shown → the page so; panellists differ in few ways, so these are few."""


def plan(questionnaire: Questionnaire) -> tuple[PlannedPage, ...]:
    """Every page in every context, laid out once per questionnaire."""
    planned: tuple[PlannedPage, ...] | None = questionnaire.kept.get(plan)
    if planned is None:
        planned = tuple(_lay_out(questionnaire))
        questionnaire.kept[plan] = planned
    return planned


def _lay_out(questionnaire: Questionnaire) -> Iterator[PlannedPage]:
    for page in questionnaire.pages:
        for context in questionnaire.members_of(page):
            questions = tuple(
                PlannedQuestion(
                    question,
                    _condition(question.show_if),
                    KINDS[question.kind].cells(questionnaire, page, question, context),
                )
                for question in page.questions
            )
            yield PlannedPage(page.key(context), page, context, _condition(page.show_if), questions)


def _condition(text: str | None) -> Expression | None:
    return None if text is None else expressions.parse(text)


class Walk:
    """What names stand for while the pages are walked in order.

    `is_asked` grows page by page: (question, context) → whether it is asked for certain (True) or
    perhaps (False); what is not in it is not asked. With `is_open`, an answer that is asked but not
    there is pending instead of missing; without `tags`, these are pending too.
    """

    def __init__(
        self,
        questionnaire: Questionnaire,
        *,
        group: str,
        tags: Collection[str] | None,
        answers: Answers,
        is_open: bool = False,
    ) -> None:
        self.questionnaire = questionnaire
        self.group = group
        self.tags: Value | Absent = Absent.PENDING if tags is None else frozenset(tags)
        self.answers = answers
        self.is_open = is_open
        self.is_asked: dict[tuple[str, str], bool] = {}

    def look(self, context: str) -> Look:
        """What a name stands for on a page in `context`."""

        def look(name: str) -> Value | Absent:
            if name == "group":
                return self.group
            if name == "tags":
                return self.tags
            if name == "context":
                return context
            return self.answer(name, context)

        return look

    def answer(self, name: str, context: str) -> Value | Absent:
        """The answer to a question, on the page's own context if the question has one per context."""
        place = (name, context) if (name, context) in self.is_asked else (name, "")
        if place not in self.is_asked:
            return Absent.MISSING
        question = self.questionnaire.questions_by_id[name]
        per_context = isinstance(question, Expertise) and question.contexts is not None
        given = self.answers.get(CellKey(name, context=context if per_context else place[1]))
        if given is None or given.is_blank:
            return Absent.PENDING if self.is_open else Absent.MISSING
        if isinstance(question, Consent):
            return given.number == 1
        return _value(given)


def _value(given: Given) -> Value | Absent:
    """What an answer is in an expression; an opt-out has no value to compare."""
    if given.status not in {Status.VALUE, Status.KEPT}:
        return Absent.MISSING
    if given.parts is not None:
        return frozenset(given.parts)
    if given.number is not None:
        return float(given.number)
    return Absent.MISSING if given.text is None else given.text
