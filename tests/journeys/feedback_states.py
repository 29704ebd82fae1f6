"""The expert's pages in round 2: how to get to each of their states."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.journeys.house import rating
from tests.journeys.second_round import take_seat
from tests.journeys.states import Visit, expert_state
from tests.journeys.walking import Expert

RATINGS = "p/effectiveness.cbrn"


def seated(visit: Visit, *, kind: int = 0) -> Expert:
    """Somebody on the page of ratings, nothing answered yet in this round."""
    expert = take_seat(visit.house, visit.open_page, kind=kind, **visit.options)
    expert.enter()
    expert.go(RATINGS)
    return expert


@expert_state
def landing_of_round_two(visit: Visit) -> Page:
    expert = take_seat(visit.house, visit.open_page, **visit.options)
    expert.open_link()
    return expert.page


@expert_state
def news(visit: Visit) -> Page:
    expert = take_seat(visit.house, visit.open_page, **visit.options)
    expert.enter()
    expert.must_be_at("news")
    return expert.page


@expert_state
def page_with_feedback(visit: Visit) -> Page:
    return seated(visit).page


@expert_state
def page_that_asks_why(visit: Visit) -> Page:
    expert = seated(visit)
    expert.give(rating(0), 1)
    expert.option(rating(1), "=keep").check()
    expert.wait_saved()
    expect(expert.page.locator("[data-ask]:not([hidden])")).to_have_count(1)
    return expert.page


@expert_state
def review_of_round_two(visit: Visit) -> Page:
    expert = seated(visit)
    expert.give(rating(0), 1)
    expert.option(rating(1), "=keep").check()
    expert.wait_saved()
    expert.go("review")
    return expert.page
