"""An organiser watches a round at a browser: numbers come by themselves, and can be read without scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from surveyapp.services.permissions import Role
from tests.journeys.house import House
from tests.journeys.test_between_rounds import Axe, enter, tab
from tests.services.test_attrition import GROUPS, lay, of_round
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.second_round import give
from tests.web.organiser.conftest import join

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("way", ["desktop", "phone", "without-scripts"])
def test_watching_a_round(house: House, page: OpenPage, axe: Axe, tmp_path: Path, way: str) -> None:
    ground = lay(house.database, tmp_path, leavers=5, slug=f"watched-{way}")
    javascript, viewport = way != "without-scripts", PHONE if way == "phone" else DESKTOP
    here = page(javascript=javascript, viewport=viewport)
    if javascript:
        here.clock.install()

    def look(name: str) -> None:
        here.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        if javascript:
            assert axe(here) == []
            assert here.evaluate("document.documentElement.scrollWidth") <= viewport[0]

    enter(house, here, ground, join(ground, Role.OWNER, f"{ground.slug}@example.org"))
    submitted = here.locator(".stat", has=here.get_by_text("submitted", exact=True)).locator("dd")
    expect(submitted).to_have_text("7")
    here.locator("summary", has_text="As a table").click()
    give(ground, len(GROUPS) - 1, of_round("1"))
    look("overview")
    if javascript:
        here.clock.fast_forward(16_000)
        expect(submitted).to_have_text("8")
        # Whoever reads the table goes on reading it.
        assert here.locator("#progress details").get_attribute("open") is not None
    else:
        here.reload()
        expect(submitted).to_have_text("8")
    ground.close()
    tab(here, "Attrition")
    expect(here.get_by_role("heading", name="Attrition before round 2")).to_be_visible()
    look("attrition")
