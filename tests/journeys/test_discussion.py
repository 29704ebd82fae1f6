"""Others' reasons marked and answered: in place with a script, on a page of their own without one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from surveyapp.models import Reaction, Reply
from tests.journeys.discussing import take_place
from tests.journeys.house import House, rating
from tests.journeys.test_access import find_faults
from tests.journeys.walking import Expert
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser

RATINGS = "p/effectiveness.cbrn"


def seated(house: House, page: OpenPage, **options: object) -> tuple[Expert, Locator]:
    """An expert before the ratings, and what goes with the first reason."""
    expert = take_place(house, page, **options)  # type: ignore[arg-type]  # its own options
    expert.enter()
    expert.go(RATINGS)
    expert.page.locator("details.reasons").first.evaluate("fold => { fold.open = true; }")
    return expert, expert.page.locator("[data-talk]:not([data-own])").first


def said(expert: Expert) -> tuple[list[str], list[str]]:
    """The marks and replies of this expert, as stored."""
    with expert.house.database.reading() as session:
        mine = expert.member.panellist_id
        marks = session.scalars(select(Reaction.stance).where(Reaction.panellist_id == mine)).all()
        replies = session.scalars(select(Reply.text).where(Reply.panellist_id == mine)).all()
    return list(marks), list(replies)


def test_marks_and_replies_in_place_by_keyboard(house: House, page: OpenPage) -> None:
    expert, talk = seated(house, page, viewport=PHONE)
    window = expert.page
    for_me, not_for_me = (
        talk.get_by_role("button", name="Speaks for me"),
        talk.get_by_role("button", name="Not for me"),
    )
    for_me.focus()
    window.keyboard.press("Space")
    expect(for_me).to_have_attribute("aria-pressed", "true")
    # What has the focus keeps it.
    expect(for_me).to_be_focused()
    expect(window.locator("#told")).to_have_text("Marked.")
    assert said(expert) == (["for_me"], [])
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    expect(not_for_me).to_have_attribute("aria-pressed", "true")
    expect(for_me).to_have_attribute("aria-pressed", "false")
    window.keyboard.press("Enter")
    expect(not_for_me).to_have_attribute("aria-pressed", "false")
    assert said(expert) == ([], [])
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    box = talk.get_by_role("textbox", name="Your reply")
    expect(box).to_be_focused()
    window.keyboard.type("In cellars only.")
    window.keyboard.press("Tab")
    window.keyboard.press("Enter")
    expect(talk.get_by_role("list", name="Replies")).to_contain_text("In cellars only.")
    expect(talk.get_by_role("button", name="Reply", exact=True)).to_be_focused()
    expect(box).to_be_hidden()
    assert said(expert) == ([], ["In cellars only."])
    window.reload()
    expect(talk).to_contain_text("In cellars only.")
    talk.evaluate("talk => { talk.closest('details').open = true; }")
    talk.get_by_role("button", name="Delete my reply").click()
    expect(talk).not_to_contain_text("In cellars only.")
    assert said(expert) == ([], [])


def test_what_could_not_be_sent_is_kept(house: House, page: OpenPage) -> None:
    expert, talk = seated(house, page)
    window = expert.page
    talk.get_by_role("button", name="Reply", exact=True).click()
    box = talk.get_by_role("textbox", name="Your reply")
    box.fill("Written in a tunnel.")
    window.context.set_offline(True)
    talk.get_by_role("button", name="Send the reply").click()
    expect(talk.get_by_role("alert")).to_contain_text("the server does not answer")
    expect(box).to_have_value("Written in a tunnel.")
    window.context.set_offline(False)
    # The session ends while the page lies open; the link is opened again.
    window.context.clear_cookies()
    talk.get_by_role("button", name="Send the reply").click()
    expect(talk.get_by_role("alert")).to_contain_text("your session has ended")
    expert.enter()
    expert.go(RATINGS)
    talk.evaluate("talk => { talk.closest('details').open = true; }")
    expect(box).to_have_value("Written in a tunnel.")
    talk.get_by_role("button", name="Send the reply").click()
    expect(talk.get_by_role("list", name="Replies")).to_contain_text("Written in a tunnel.")
    assert said(expert) == ([], ["Written in a tunnel."])
    window.reload()
    expect(talk.locator("textarea")).to_have_value("")


def test_without_a_script_nothing_on_the_page_is_lost(house: House, page: OpenPage) -> None:
    expert = take_place(house, page, javascript=False, viewport=PHONE, kind=2)
    expert.enter()
    expert.go(RATINGS)
    window = expert.page
    window.locator("details.reasons summary").first.click()
    expert.option(rating(0), 4).check()
    window.locator("[data-talk] button").first.click()
    expect(window.get_by_role("heading", level=1)).to_contain_text("A reason on")
    window.get_by_role("button", name="Speaks for me").click()
    expect(window.get_by_role("button", name="Speaks for me")).to_have_attribute("aria-pressed", "true")
    window.get_by_role("textbox", name="Your reply").fill("Only with money.")
    window.get_by_role("button", name="Send the reply").click()
    expect(window.get_by_text("Only with money.")).to_be_visible()
    assert said(expert) == (["for_me"], ["Only with money."])
    window.get_by_role("link", name="Back to the rating").click()
    expect(expert.option(rating(0), 4)).to_be_checked()
    assert window.url.endswith(f"#{expert.name_of(rating(0))}")


def test_the_own_reason_has_no_buttons(house: House, page: OpenPage) -> None:
    expert, _ = seated(house, page, kind=0)
    own = expert.page.locator("[data-talk][data-own]").first
    expect(own).to_contain_text("This is your own reason.")
    expect(own.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("own_page", [False, True], ids=["in place", "its own page"])
def test_discussion_has_no_finding(
    house: House, page: OpenPage, axe: Callable[[Page], list[str]], own_page: bool
) -> None:
    expert, talk = seated(house, page, reduced_motion="reduce", color_scheme="light", kind=3)
    talk.get_by_role("button", name="Speaks for me").click()
    expect(talk.get_by_role("button", name="Speaks for me")).to_have_attribute("aria-pressed", "true")
    talk.get_by_role("button", name="Reply", exact=True).click()
    if own_page:
        expert.go(str(talk.get_attribute("data-talk")).split(f"{expert.ground.slug}/", 1)[1])
    assert find_faults(expert.page, axe) == []
