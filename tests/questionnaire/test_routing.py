"""Routing: who comes to which pages, when they open, and how long it takes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from surveyapp.questionnaire.cells import BLANK, CellKey, Given, Status
from surveyapp.questionnaire.loading import load, load_text
from surveyapp.questionnaire.routing import all_cells, estimate, route, routing_questions

EXAMPLES = Path(__file__).parents[2] / "questionnaires" / "examples"
SHOW_IF = load(EXAMPLES / "show_if.yaml")
ONCE = load(EXAMPLES / "once.yaml")
FIRST_ROUND = {
    CellKey("consent"): Given(Status.VALUE, number=Decimal(1)),
    CellKey("known"): Given(Status.VALUE, parts=("mountains",)),
}


def number(value: int) -> Given:
    return Given(Status.VALUE, number=Decimal(value))


def chosen(*parts: str) -> Given:
    return Given(Status.VALUE, parts=parts)


def test_conditions_read_group_tags_and_answers() -> None:
    resident = route(SHOW_IF, group="coast", tags=(), answers={})
    assert [page.key for page in resident.pages] == ["region.coast"]
    assert [question.id for question in resident.pages[0].questions] == ["dangers"]
    elder = route(SHOW_IF, group="coast", tags=["elder"], answers={})
    assert [question.id for question in elder.pages[0].questions] == ["dangers", "changes"]
    expert = route(SHOW_IF, group="experts", tags=(), answers={})
    assert [page.key for page in expert.pages] == ["choice"]
    answers = {CellKey("regions-known"): chosen("mountains"), CellKey("years"): number(10)}
    expert = route(SHOW_IF, group="experts", tags=(), answers=answers)
    assert [page.key for page in expert.pages] == ["choice", "region.mountains"]
    assert [spec.key for spec in expert.page("region.mountains").cells] == [
        CellKey("dangers", context="mountains"),
        CellKey("changes", context="mountains"),
    ]
    assert expert.cells() == (*expert.pages[0].cells, *expert.pages[1].cells)
    with pytest.raises(KeyError):
        expert.page("region.coast")


def test_answers_to_what_is_not_asked_have_no_say() -> None:
    answers = {CellKey("regions-known"): chosen("mountains")}
    resident = route(SHOW_IF, group="coast", tags=(), answers=answers)
    assert [page.key for page in resident.pages] == ["region.coast"]


@pytest.mark.parametrize("given", [BLANK, Given(Status.DONT_KNOW, text="x"), Given(Status.WITHDRAWN)])
def test_what_is_no_value_opens_nothing(given: Given) -> None:
    answers = {CellKey("regions-known"): given}
    expert = route(SHOW_IF, group="experts", tags=(), answers=answers)
    assert [page.key for page in expert.pages] == ["choice"]


def test_consent_opens_what_follows() -> None:
    questionnaire = load(EXAMPLES / "consent.yaml")
    for answers, is_open in (
        ({}, False),
        ({CellKey("consent"): number(0)}, False),
        ({CellKey("consent"): BLANK}, False),
        ({CellKey("newsletter"): number(1)}, False),
        ({CellKey("consent"): number(1)}, True),
    ):
        way = route(questionnaire, group="", tags=(), answers=answers)
        assert len(way.pages) == 2
        assert (way.open_until, way.is_consented) == ((2, True) if is_open else (1, False))


def test_which_questions_route() -> None:
    assert routing_questions(SHOW_IF) == {"regions-known", "years"}
    assert routing_questions(load(EXAMPLES / "consent.yaml")) == {"consent"}


def test_cells_are_the_same_every_time() -> None:
    again = load(EXAMPLES / "show_if.yaml")
    assert all_cells(again) == all_cells(SHOW_IF)
    assert len(all_cells(SHOW_IF)) == 6


EXPERTISE = """
format: 1
id: by-expertise
version: "1"
languages: [en]
title: T
scales:
  knowledge: {points: [{value: 1, label: low}, {value: 2, label: high}], opt_outs: [{id: dk, label: dk}]}
contexts: {areas: {title: A, members: [{id: a, title: A}, {id: b, title: B}, {id: c, title: C}]}}
pages:
  - id: first
    title: First
    questions:
      - {id: knows, kind: expertise, text: x, scale: knowledge, contexts: areas}
      - {id: agreed, kind: consent, text: x, agree_label: x, required: false}
  - id: each
    title: Each
    for_each: areas
    show_if: knows >= 2
    questions:
      - {id: dangers, kind: long_text, text: x}
      - {id: more, kind: long_text, text: x, show_if: agreed}
  - id: other-each
    title: Each again
    for_each: areas
    show_if: not agreed
    questions: [{id: again, kind: long_text, text: x}]
"""


def test_self_rated_expertise_routes_per_context() -> None:
    questionnaire = load_text("x.yaml", EXPERTISE.encode(), EXAMPLES)
    answers = {
        CellKey("knows", context="a"): number(2),
        CellKey("knows", context="b"): number(1),
        CellKey("knows", context="c"): Given(Status.DONT_KNOW, text="dk"),
    }
    keys = [page.key for page in route(questionnaire, group="", tags=(), answers=answers).pages]
    assert keys == ["first", "each.a"]
    answers[CellKey("agreed")] = number(1)
    page = route(questionnaire, group="", tags=(), answers=answers).page("each.a")
    assert [question.id for question in page.questions] == ["dangers", "more"]
    answers[CellKey("agreed")] = number(0)
    keys = [page.key for page in route(questionnaire, group="", tags=(), answers=answers).pages]
    assert keys == ["first", "each.a", "other-each.a", "other-each.b", "other-each.c"]


def test_estimates_count_what_this_expert_will_see() -> None:
    resident = estimate(SHOW_IF, group="coast", tags=(), answers={})
    assert resident.min_seconds == resident.max_seconds
    elder = estimate(SHOW_IF, group="coast", tags=["elder"], answers={})
    assert elder.min_seconds > resident.min_seconds
    unknown = estimate(SHOW_IF, group="experts", tags=(), answers={})
    answers = {CellKey("regions-known"): chosen("mountains")}
    none = estimate(SHOW_IF, group="experts", tags=(), answers=answers | {CellKey("years"): number(1)})
    both = estimate(SHOW_IF, group="experts", tags=(), answers=answers | {CellKey("years"): number(50)})
    # One region must be chosen and one at most can be: the range is what the years leave open.
    assert unknown.max_seconds == both.max_seconds == both.min_seconds
    assert none.min_seconds == none.max_seconds < both.min_seconds
    assert unknown.min_seconds < unknown.max_seconds


def test_estimate_of_what_depends_on_expertise_is_a_range() -> None:
    questionnaire = load_text("x.yaml", EXPERTISE.encode(), EXAMPLES)
    before = estimate(questionnaire, group="", tags=(), answers={})
    answers = {CellKey("knows", context=context): number(1) for context in "abc"}
    after = estimate(questionnaire, group="", tags=(), answers=answers | {CellKey("agreed"): number(1)})
    assert before.min_seconds == after.min_seconds == after.max_seconds < before.max_seconds


def test_what_is_asked_once_is_not_asked_again_and_goes_on_deciding() -> None:
    first = route(ONCE, group="experts", tags=(), answers={})
    assert [page.key for page in first.pages] == ["consent", "background"]
    assert not first.is_consented
    later = route(ONCE, group="experts", tags=(), answers={}, carried=FIRST_ROUND)
    assert [page.key for page in later.pages] == ["effect.mountains"]
    assert later.is_consented
    assert later.open_until == 1


def test_a_page_asked_once_is_asked_of_whom_it_was_not_asked_before() -> None:
    """Somebody who was a resident in the first round and is an expert now."""
    agreed = {CellKey("consent"): FIRST_ROUND[CellKey("consent")]}
    later = route(ONCE, group="experts", tags=(), answers={}, carried=agreed)
    assert [page.key for page in later.pages] == ["background"]


def test_a_blank_left_in_the_first_round_stands() -> None:
    carried = {**FIRST_ROUND, CellKey("known"): BLANK}
    later = route(ONCE, group="experts", tags=(), answers={}, carried=carried)
    assert later.pages == ()


def test_what_is_asked_anew_is_decided_by_what_is_answered_anew() -> None:
    carried = {CellKey("regions-known"): chosen("mountains"), CellKey("consent"): number(1)}
    anew = route(SHOW_IF, group="experts", tags=(), answers={}, carried=carried)
    assert [page.key for page in anew.pages] == ["choice"]
    # The same where other pages are asked once.
    pages = tuple(page.model_copy(update={"once": page.id == "consent"}) for page in ONCE.pages)
    mixed = type(ONCE).from_canonical(ONCE.model_copy(update={"pages": pages}).canonical())
    anew = route(mixed, group="experts", tags=(), answers={}, carried=FIRST_ROUND)
    assert [page.key for page in anew.pages] == ["background"]


def test_the_time_of_a_later_round_is_that_of_what_is_asked_in_it() -> None:
    once = ["consent", "background"]
    first = estimate(ONCE, group="experts", tags=(), answers=FIRST_ROUND)
    later = estimate(ONCE, group="experts", tags=(), answers=FIRST_ROUND, done=once)
    assert later.max_seconds < first.max_seconds
    assert later.min_seconds == later.max_seconds
    unknown = estimate(ONCE, group="experts", tags=(), answers={}, done=once)
    assert unknown.min_seconds <= later.min_seconds < unknown.max_seconds


def test_what_an_expert_was_never_asked_adds_nothing_to_a_later_round() -> None:
    """A resident of the first round chose no regions, so none can come of it in the second."""
    condition = "context == 'coast' or context in known"
    pages = (*ONCE.pages[:-1], ONCE.pages[-1].model_copy(update={"show_if": condition}))
    ours = type(ONCE).from_canonical(ONCE.model_copy(update={"pages": pages}).canonical())
    time = estimate(ours, group="residents", tags=(), answers={}, done=["consent", "background"])
    assert time.min_seconds == time.max_seconds
