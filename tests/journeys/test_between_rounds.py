"""An organiser at a browser: from an open round 1 to an open round 2, by clicking alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from surveyapp.models import CodedReason, Reason, Round
from surveyapp.services.permissions import Role
from surveyapp.services.reasons import coding
from surveyapp.services.unit import read_now
from tests.journeys.house import House
from tests.support.browser import PHONE, OpenPage
from tests.support.studies import Ground
from tests.web.organiser.conftest import PASSWORD, join, lay

pytestmark = pytest.mark.browser

Axe = Callable[[Page], list[str]]


def enter(house: House, page: Page, ground: Ground, email: str) -> None:
    """Sign in, and go to the study by its link."""
    page.goto(f"{house.url}/organiser/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator(f"main a[href$='/s/{ground.slug}']").click()


def tab(page: Page, name: str) -> None:
    fold = page.locator("details.tabs-menu > summary")
    if fold.is_visible():
        fold.click()
    tabs = page.get_by_role("navigation", name="Study").locator("visible=true")
    tabs.get_by_role("link", name=name, exact=True).click()
    page.wait_for_load_state()


def button(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()


@dataclass
class Organiser:
    """Somebody at a browser who looks closely at every page."""

    page: Page
    look: Callable[[], None]

    def close(self) -> None:
        """Close round 1, and read its results."""
        here = self.page
        tab(here, "Rounds")
        self.look()
        here.locator("summary", has_text=re.compile("^Close$")).click()
        button(here, "Close round 1 now")
        expect(here.get_by_text("Round 1 is closed.")).to_be_visible()
        here.get_by_role("link", name="Its results").click()
        self.look()
        here.get_by_role("link", name="Pears").click()
        self.look()

    def sort_reasons(self) -> None:
        """Let the panel read every reason."""
        here = self.page
        here.get_by_role("link", name="Reasons on it").click()
        for fruit in ("Pears", "Apples"):
            expect(here.get_by_role("heading", name=fruit, exact=True)).to_be_visible()
            self.look()
            for box in here.locator("article.unread input[name=reasons]").all():
                box.check()
            button(here, "Show to the panel")
            expect(here.get_by_text("Every reason on it is dealt with.")).to_be_visible()
            if fruit == "Pears":
                here.get_by_role("link", name="Previous item").click()
        here.get_by_role("link", name="All items").click()
        expect(here.get_by_text("Every reason is accounted for.")).to_be_visible()
        self.look()

    def decide(self) -> None:
        """Word pears anew, and confirm the rest."""
        here = self.page
        tab(here, "Decisions")
        self.look()
        here.get_by_role("link", name="Pears").click()
        self.look()
        here.get_by_role("radio", name=re.compile("^revise")).check()
        wording = here.locator("details[data-for=revise]")
        if wording.get_attribute("open") is None:
            wording.locator("summary").click()
        wording.get_by_label("Title").fill("Ripe pears")
        here.locator("#reason").fill("Unripe ones were meant by some.")
        here.get_by_role("button", name="Decide", exact=True).last.click()
        here.wait_for_load_state()
        here.locator("summary", has_text="Confirm all that is left as proposed").click()
        button(here, "Confirm as proposed")
        expect(here.get_by_text("1 item is decided as proposed.")).to_be_visible()

    def release(self) -> None:
        """Look at the next round as an expert, then let the release out."""
        here = self.page
        tab(here, "Release")
        self.look()
        button(here, "Look")
        expect(here.get_by_role("heading", name="What is new in this round")).to_be_visible()
        self.look()
        way = here.get_by_role("navigation", name="Pages of this expert")
        way.get_by_role("link", name=re.compile("North")).click()
        expect(here.get_by_role("heading", name="Ripe pears")).to_be_visible()
        self.look()
        here.get_by_role("link", name="Back to the release").click()
        here.get_by_label("What you say to the panel").fill("Thank you.")
        button(here, "Release round 1")
        expect(here.get_by_text("This round is released")).to_be_visible()
        self.look()

    def go_on(self) -> None:
        """Open round 2."""
        here = self.page
        here.get_by_role("link", name="On to the next round").click()
        here.locator("#next summary", has_text="Open now").click()
        button(here, "Open round 2 now")
        expect(here.get_by_text("Round 2 is open.")).to_be_visible()


# Without scripts, and by the keyboard alone, the whole way is gone in test_organiser_walk.
def test_from_round_to_round_by_clicking(house: House, page: OpenPage, axe: Axe, tmp_path: Path) -> None:
    ground = lay(house.database, tmp_path, slug="loop")
    here = page(viewport=PHONE)

    def look() -> None:
        assert axe(here) == []
        assert here.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

    enter(house, here, ground, join(ground, Role.OWNER))
    organiser = Organiser(here, look)
    organiser.close()
    organiser.sort_reasons()
    organiser.decide()
    organiser.release()
    organiser.go_on()
    for name in ("Protocol", "Record", "Jobs"):
        tab(here, name)
        look()
    with house.database.reading() as session:
        states = session.scalars(
            select(Round.state).where(Round.study_id == ground.study_id).order_by(Round.number)
        ).all()
    assert list(states) == ["released", "open"]


def test_the_bench_is_worked_by_keys(house: House, page: OpenPage, tmp_path: Path) -> None:
    ground = lay(house.database, tmp_path, slug="by-keys")
    with house.database.verb() as session:
        coding.add_theme(
            session,
            study_id=ground.study_id,
            theme="taste",
            title="Taste",
            now=read_now(session),
            actor="test",
        )
    here = page()
    enter(house, here, ground, join(ground, Role.OWNER))
    tab(here, "Rounds")
    here.locator("summary", has_text=re.compile("^Close$")).click()
    button(here, "Close round 1 now")
    tab(here, "Reasons")
    here.get_by_role("link", name="Pears").click()

    here.keyboard.press("j")
    assert here.locator("article:focus").count() == 0
    here.get_by_label("Single keys").check()
    here.keyboard.press("j")
    first = here.locator("article:focus").get_attribute("id")
    here.keyboard.press("j")
    second = here.locator("article:focus").get_attribute("id")
    assert first
    assert second
    assert first != second
    here.keyboard.press("k")
    assert here.locator("article:focus").get_attribute("id") == first

    # Linked to the sentence last written in; letters typed there are letters.
    here.locator("#text-1").press_sequentially("jxr just text")
    here.locator(f"#{first}").focus()
    here.keyboard.press("l")
    assert here.locator("#sources-1").input_value() == first
    here.get_by_role("button", name="Keep the summary").last.click()
    expect(here.locator(f"#{first}").get_by_text("summed up")).to_be_visible()

    here.locator(f"#{second}").focus()
    here.keyboard.press("e")
    here.locator(f"#{second}-text").press("Control+End")
    assert here.locator(f"#{second} details.redact").get_attribute("open") is not None
    here.locator(f"#{second}").focus()
    here.get_by_label("Taste").check()
    here.locator(f"#{second}").focus()
    with here.expect_navigation():
        here.keyboard.press("c")
    expect(here.locator(f"#{second}").get_by_text("Your themes:")).to_contain_text("Taste")
    here.locator(f"#{second}").focus()
    with here.expect_navigation():
        here.keyboard.press("r")
    with house.database.reading() as session:
        mine = Reason.study_id == ground.study_id
        states = dict(session.execute(select(Reason.public_id, Reason.state).where(mine)).all())
        coded = session.scalars(select(CodedReason).where(CodedReason.study_id == ground.study_id)).all()
    assert (states[first], states[second]) == ("summarised", "released")
    assert len(coded) == 1
    assert list(states.values()).count("unread") == len(states) - 2
