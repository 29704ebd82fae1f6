"""A study in German: an expert from the letter to thanks, an organiser's desk; nothing breaks the pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from surveyapp.models import Panellist
from tests.journeys.between_states import results_table, rounds_open
from tests.journeys.house import House, rating
from tests.journeys.second_round import take_seat
from tests.journeys.states import Visit
from tests.journeys.test_access import find_faults, visit
from tests.journeys.walking import Expert
from tests.support.browser import DESKTOP, OpenPage

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]


@pytest.fixture
def expert(house: House, page: OpenPage) -> Expert:
    """Somebody of round 1 whom the panel lists with German, at an English browser."""
    expert = take_seat(house, page, reduced_motion="reduce", color_scheme="light", locale="en-GB")
    with house.database.verb() as session:
        session.execute(
            update(Panellist)
            .where(Panellist.id == expert.member.panellist_id)
            .where(Panellist.study_id == expert.ground.study_id)
            .values(language="de")
        )
    return expert


def must_be_in_german(page: Page, axe: Axe, heading: str) -> None:
    """Fail unless the page says so, speaks so, and is in order, wide and narrow, light and dark."""
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", name=heading).first).to_be_visible()
    faults = find_faults(page, axe)
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    page.emulate_media(color_scheme="light")
    assert faults == []


def test_an_expert_takes_part_in_german(expert: Expert, axe: Axe) -> None:
    page = expert.page
    expert.open_link()
    must_be_in_german(page, axe, "Wer was sehen kann")
    expert.press("Beginnen")
    expert.go("p/effectiveness.cbrn")
    expect(page.get_by_text(re.compile("Personen haben dies in Runde 1 bewertet")).first).to_be_visible()
    # Numbers as Germans write them: the sign of per cent stands apart.
    expect(page.get_by_text(re.compile(r"^\d+\s%$")).first).to_be_attached()
    expert.give(rating(0), 2)
    expect(expert.status).to_have_text("Alles gespeichert")
    expert.go("review")
    must_be_in_german(page, axe, "Durchsehen und abgeben")
    expert.press("Meine Antworten abgeben")
    must_be_in_german(page, axe, "Vielen Dank")
    expect(page.get_by_text("Ihre Antworten wurden am")).to_contain_text(
        re.compile(r", \d\d?\. \w+\.? \d{4},")
    )


def test_a_page_of_ratings_is_in_order_in_german(expert: Expert, axe: Axe) -> None:
    expert.enter()
    expert.go("p/effectiveness.cbrn")
    must_be_in_german(expert.page, axe, "CBRN")


@pytest.mark.parametrize(
    ("state", "heading"), [(rounds_open, "Runden"), (results_table, "Ergebnisse der Runde 1")]
)
def test_the_organisers_desk_is_in_order_in_german(
    house: House, page: OpenPage, axe: Axe, state: Callable[[Visit], Page], heading: str
) -> None:
    desk = state(visit(house, page))
    there = desk.url
    desk.goto(f"{house.url}/organiser/account")
    desk.get_by_label("These pages in this browser").select_option(label="Deutsch")
    desk.get_by_role("button", name="Use this language").click()
    must_be_in_german(desk, axe, "Ihr Konto")
    desk.goto(there)
    must_be_in_german(desk, axe, heading)
