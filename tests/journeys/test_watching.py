"""An organiser watches a round at a browser: numbers come by themselves, and can be read without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from surveyapp.services.permissions import Role
from tests.journeys.house import House
from tests.journeys.test_between_rounds import Axe, enter, tab
from tests.services.test_attrition import GROUPS, lay, of_round
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.second_round import give
from tests.web.organiser.conftest import join

pytestmark = pytest.mark.browser


def number(page: Page, word: str) -> str:
    return page.locator(".stat", has=page.get_by_text(word, exact=True)).locator("dd").inner_text()


@pytest.mark.parametrize("way", ["desktop", "phone", "without scripts"])
def test_watching_a_round(house: House, open_page: OpenPage, axe: Axe, tmp_path: Path, way: str) -> None:
    ground = lay(house.database, tmp_path, leavers=5, slug=f"watched-{way.replace(' ', '-')}")
    options = {"desktop": DESKTOP, "phone": PHONE, "without scripts": DESKTOP}[way]
    page = open_page(**options, java_script_enabled=way != "without scripts")
    with_scripts = way != "without scripts"
    if with_scripts:
        page.clock.install()
    enter(house, page, ground, join(ground, Role.OWNER, f"{ground.slug}@example.org"))
    assert number(page, "submitted") == "7"
    page.locator("summary", has_text="As a table").click()
    give(ground, len(GROUPS) - 1, of_round("1"))
    if with_scripts:
        assert axe(page) == []
        page.clock.fast_forward(16_000)
        expect(
            page.locator(".stat", has=page.get_by_text("submitted", exact=True)).locator("dd")
        ).to_have_text("8")
        # Whoever reads the table goes on reading it.
        assert page.locator("details").first.get_attribute("open") is not None
    else:
        page.reload()
        assert number(page, "submitted") == "8"
    ground.close()
    tab(page, "Attrition")
    expect(page.get_by_role("heading", name="Attrition before round 2")).to_be_visible()
    if with_scripts:
        assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") if with_scripts else True
    page.screenshot(path=tmp_path / "attrition.png", full_page=True)
