"""Round 2 in a browser: the picture over the scale, keeping by key and without a script, asking at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from surveyapp.models import Answer
from surveyapp.questionnaire.cells import CellKey, Status
from tests.journeys.house import House, rating
from tests.journeys.second_round import take_seat
from tests.journeys.test_access import OVERFLOWING, UNFOLD
from tests.journeys.walking import CONTINUE, Expert
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser

RATINGS = "p/effectiveness.cbrn"
Seat = Callable[..., Expert]


@pytest.fixture
def sit(house: House, page: OpenPage) -> Seat:
    """`sit(kind=1, javascript=False)`: somebody of round 1 on the first page of ratings of round 2."""

    def make(**options: object) -> Expert:
        expert = take_seat(house, page, **options)  # type: ignore[arg-type]  # its own options
        expert.enter()
        expert.go(RATINGS)
        return expert

    return make


def stored(expert: Expert, key: CellKey) -> tuple[int, float | None] | None:
    """Status and value of one answer of round 2."""
    number = expert.ground.instrument.number_of[key]
    with expert.house.database.reading() as session:
        row = session.execute(
            select(Answer.status, Answer.value).where(
                Answer.study_id == expert.ground.study_id,
                Answer.round == 2,
                Answer.panellist_id == expert.member.panellist_id,
                Answer.cell == number,
            )
        ).one_or_none()
    return None if row is None else (row.status, row.value)


def request_of(expert: Expert, key: CellKey) -> Locator:
    return expert.page.locator(f"[data-ask='{expert.name_of(key)}']")


def heights(page: Page, field: str) -> list[float]:
    """How high the panel's bars stand over the options of one rating."""
    found: list[float] = page.evaluate(
        """field => [...document.querySelectorAll(`#${field} .bars i`)]
          .map(bar => bar.getBoundingClientRect().height)""",
        field,
    )
    return found


def test_the_bars_stand_on_the_options_as_high_as_their_shares(sit: Seat) -> None:
    expert = sit()
    group = expert.page.get_by_role("radiogroup").first
    expect(group).to_contain_text("Your answer in round 1: Agree.")
    assert expert.page.locator("main input[type=radio]:checked").count() == 0
    none, few, _neither, most, some, _unable = heights(expert.page, expert.name_of(rating(0)))
    # 2 was chosen by a quarter, 4 by half, 5 by a quarter.
    assert none == 0
    assert abs(most - 2 * few) <= 1
    assert abs(some - few) <= 1
    # A reader hears options and the own earlier answer, not the percentages of the picture.
    names = [each for each in group.aria_snapshot().splitlines() if 'radio "' in each]
    assert [name.split('"')[1] for name in names] == [
        "Strongly disagree",
        "Disagree",
        "Neither agree nor disagree",
        "Agree your round 1",
        "Strongly agree",
        "Don't know",
        "Keep my answer: Agree",
    ]


def test_keeping_with_the_keyboard_is_saved_as_kept(sit: Seat) -> None:
    expert = sit()
    page = expert.page
    expert.option(rating(0), 1).focus()
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    expect(expert.option(rating(0), "=keep")).to_be_checked()
    expert.wait_saved()
    assert stored(expert, rating(0)) == (Status.KEPT, 4.0)
    page.reload()
    expect(expert.option(rating(0), "=keep")).to_be_checked()
    expect(page.locator("[data-step-now] [data-count]").first).to_have_text("1")
    page.keyboard.press("Tab")
    expert.option(rating(0), "=keep").focus()
    # The digit keys choose points of the scale; keeping is not one of them.
    page.keyboard.press("6")
    expect(expert.option(rating(0), "=keep")).to_be_checked()
    page.keyboard.press("2")
    expect(expert.option(rating(0), 2)).to_be_checked()


def test_a_rating_far_from_the_panel_is_asked_about_at_once(sit: Seat) -> None:
    expert = sit()
    page = expert.page
    asked = request_of(expert, rating(0))
    expert.give(rating(0), 4)
    expect(asked).to_be_hidden()
    expert.give(rating(0), 1)
    expect(asked).to_contain_text("outside the middle half of the panel")
    expect(page.locator("#told")).to_contain_text("Would you say why?")
    asked.get_by_role("link").click()
    reason = expert.inputs(rating(0, "reason"))
    expect(reason).to_be_focused()
    reason.fill("They are not independent.")
    expect(asked).to_be_hidden()
    expert.wait_saved()
    page.reload()
    expect(asked).to_be_hidden()
    expert.inputs(rating(0, "reason")).fill("")
    expect(asked).to_be_visible()


def test_the_script_and_the_server_ask_alike(sit: Seat) -> None:
    expert = sit(kind=1)
    # Kept, and still outside: 5 on the first item lies inside, 5 on the third is none's but a few.
    for position, value in ((0, "=keep"), (1, 3), (2, "dont-know")):
        expert.option(rating(position), value).check()
    expert.wait_saved()
    shown = [request_of(expert, rating(position)).is_visible() for position in range(3)]
    expert.page.reload()
    assert [request_of(expert, rating(position)).is_visible() for position in range(3)] == shown


def test_all_of_it_works_without_a_script_on_a_phone(sit: Seat) -> None:
    expert = sit(javascript=False, viewport=PHONE)
    page = expert.page
    expert.option(rating(0), 1).check()
    expert.option(rating(1), "=keep").check()
    expert.press(CONTINUE)
    assert stored(expert, rating(1)) == (Status.KEPT, 1.0)
    expert.go(RATINGS)
    expect(request_of(expert, rating(0))).to_be_visible()
    expect(request_of(expert, rating(1))).to_be_hidden()
    request_of(expert, rating(0)).get_by_role("link").click()
    expect(expert.inputs(rating(0, "reason"))).to_be_visible()
    page.get_by_text("These figures as a table").first.click()
    expect(page.get_by_role("row", name="Agree your round 1").first).to_be_visible()
    expert.go("review")
    expect(page.get_by_text("1 kept")).to_be_visible()
    expect(page.get_by_text("Would you say why?")).to_be_visible()


def test_what_is_kept_in_a_tunnel_is_sent_afterwards(sit: Seat) -> None:
    expert = sit()
    expert.page.context.set_offline(True)
    expert.option(rating(1), "=keep").check()
    expect(expert.status).to_contain_text("offline")
    assert stored(expert, rating(1)) is None
    expert.page.context.set_offline(False)
    expert.wait_saved()
    assert stored(expert, rating(1)) == (Status.KEPT, 1.0)


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_on_a_phone_the_shares_lie_behind_the_options(sit: Seat, direction: str) -> None:
    expert = sit(viewport=(320, 640))
    page = expert.page
    page.evaluate("direction => { document.documentElement.dir = direction; }", direction)
    long = "Donaudampfschifffahrtsgesellschaft"
    page.evaluate("long => { document.querySelector('.pick').firstChild.textContent = long; }", long)
    page.evaluate(UNFOLD)
    width, wide = page.evaluate(OVERFLOWING)
    assert (width, wide) == (320, [])
    expect(page.locator(".bars").first).to_be_hidden()
    agree = page.locator(f"#{expert.name_of(rating(0))} .opt.middle .pick").first
    side = "left" if direction == "rtl" else "right"
    expect(agree).to_have_css("background-image", re.compile(rf"linear-gradient\(to {side}, .*%, .*\)"))
    overlap = page.evaluate(
        """() => [...document.querySelectorAll('.over .opt')].filter(option => {
          const own = option.querySelector('.own')?.getBoundingClientRect();
          const text = document.createRange();
          text.selectNodeContents(option.querySelector('.share').firstChild);
          const share = text.getBoundingClientRect();
          return own && own.left < share.right && share.left < own.right
            && own.top < share.bottom && share.top < own.bottom;
        }).length"""
    )
    assert overlap == 0


def test_a_newer_view_is_told_of(sit: Seat) -> None:
    expert = sit()
    expect(expert.page.locator("#newer")).to_be_hidden()
    expert.page.evaluate("() => { document.getElementById('answers').elements.release.value = '0'; }")
    expert.page.reload()
    expert.page.route(
        "**/save", lambda route: route.fulfill(json={"revision": 1, "repeated": False, "newer": 2})
    )
    expert.give(rating(0), 4)
    expect(expert.page.locator("#newer")).to_contain_text("A newer view of the panel is there.")
