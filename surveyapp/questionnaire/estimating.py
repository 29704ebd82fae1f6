"""How long will it take? What this expert will see, counted honestly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from surveyapp.questionnaire import expressions
from surveyapp.questionnaire.cells import CellKey, Given
from surveyapp.questionnaire.expressions import Comparison, Either, Expression, Name
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.kinds.pace import reading_seconds
from surveyapp.questionnaire.model import MultipleChoice, Questionnaire
from surveyapp.questionnaire.planning import PlannedPage, Walk, plan


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds; the two differ as long as answers that decide what is asked are not there."""

    min_seconds: int
    max_seconds: int


@dataclass(frozen=True, slots=True)
class _Span:
    """What one page adds if it is shown, at least and at most; and whether it is shown for certain."""

    least: float
    most: float
    is_certain: bool


def estimate(
    questionnaire: Questionnaire,
    *,
    group: str,
    tags: Collection[str],
    answers: Mapping[CellKey, Given],
    language: str | None = None,
    done: Collection[str] = (),
) -> Estimate:
    """The time that this expert needs for all of the own pages, from the first to the last.

    `done` are the keys of pages that were asked in an earlier round, if they were to be, and are not asked
    again. Where the answers given then are not known, what they decide counts as possible.
    """
    walk = Walk(questionnaire, group=group, tags=tags, answers=answers, is_open=True)
    pages: dict[str, list[tuple[PlannedPage, _Span]]] = {}
    for planned in plan(questionnaire):
        # Looked at in any case: what this expert was never asked has no say in later rounds either.
        span = _span(questionnaire, planned, walk, language or questionnaire.language)
        if span is not None and planned.key not in done:
            pages.setdefault(planned.page.id, []).append((planned, span))
    least = most = 0.0
    for spans in pages.values():
        low, high = _together(questionnaire, spans, walk)
        least += low
        most += high
    return Estimate(round(least), round(most))


def _span(questionnaire: Questionnaire, planned: PlannedPage, walk: Walk, language: str) -> _Span | None:
    """What one page adds; None when this expert cannot come to see it. Notes what may be asked on it."""
    look = walk.look(planned.context)
    page_is = _certainty(planned.condition, look)
    if page_is is None:
        return None
    least = most = reading_seconds(language, planned.page.title, planned.page.intro)
    is_empty = True
    for each in planned.questions:
        question_is = _certainty(each.condition, look)
        if question_is is None:
            continue
        is_empty = False
        walk.is_asked[each.question.id, planned.context] = page_is and question_is
        key = (estimate, each.question.id, language)
        seconds = questionnaire.kept.get(key)
        if seconds is None:
            seconds = KINDS[each.question.kind].seconds(questionnaire, each.question, language)
            questionnaire.kept[key] = seconds
        most += seconds
        least += seconds if question_is else 0
    if is_empty:
        return None
    return _Span(least, most, page_is)


def _certainty(condition: Expression | None, look: expressions.Look) -> bool | None:
    """True: shown for certain; False: perhaps; None: never."""
    if condition is None:
        return True
    possible = expressions.outcomes(condition, look)
    return None if True not in possible else len(possible) == 1


def _together(
    questionnaire: Questionnaire, spans: list[tuple[PlannedPage, _Span]], walk: Walk
) -> tuple[float, float]:
    """What all contexts of one page add together, at least and at most.

    Where a context is shown because it was chosen in a question that takes at most n, at most n of
    the contexts that are still open count (the longest), and at least as many as must be chosen.
    """
    certain = [span for _, span in spans if span.is_certain]
    perhaps = [(planned, span) for planned, span in spans if not span.is_certain]
    fewest, highest = 0, len(perhaps)
    chooser = _chooser(questionnaire, perhaps[0][0]) if perhaps else None
    if chooser is not None:
        highest = highest if chooser.max is None else min(chooser.max, highest)
        if chooser.required and walk.is_asked.get((chooser.id, ""), False):
            fewest = min(max(chooser.min, 1) - len(certain), len(perhaps))
    shortest = sorted(span.least for _, span in perhaps)
    longest = sorted((span.most for _, span in perhaps), reverse=True)
    least = sum(span.least for span in certain) + sum(shortest[: max(fewest, 0)])
    most = sum(span.most for span in certain) + sum(longest[:highest])
    return least, most


def _chooser(questionnaire: Questionnaire, planned: PlannedPage) -> MultipleChoice | None:
    """The question whose chosen contexts show a page: ``… or context in areas``, and no other way."""
    condition = planned.condition
    if condition is None or planned.page.for_each is None:
        return None
    parts = condition.parts if isinstance(condition, Either) else (condition,)
    choosers: list[MultipleChoice] = []
    for part in parts:
        read = expressions.names(part) & set(questionnaire.questions_by_id)
        if not read:
            continue
        match part:
            case Comparison(Name("context"), "in", Name(name)):
                question = questionnaire.questions_by_id[name]
                if not isinstance(question, MultipleChoice) or question.options_from != planned.page.for_each:
                    return None
                choosers.append(question)
            case _:
                return None
    return choosers[0] if len(choosers) == 1 else None
