"""A slip of the pen is put right while an expert has the page open, and the expert is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from surveyapp.models import Answer
from surveyapp.services.permissions import Role
from tests.journeys.house import CONSENT, House, load_questionnaire, rating
from tests.journeys.test_access import Axe, find_faults
from tests.journeys.walking import Expert
from tests.support.browser import DESKTOP, OpenPage
from tests.web.organiser.conftest import PASSWORD, join

pytestmark = pytest.mark.browser


def test_a_text_is_corrected_and_told(
    house: House, page: OpenPage, invite: Callable[..., Expert], axe: Axe
) -> None:
    ground = house.open_study(load_questionnaire(), slug="wording", groups=("cbrn",))
    rater = invite("cbrn", ground=ground, reduced_motion="reduce", color_scheme="light")
    house.save(rater.member, CONSENT, ground=ground)
    rater.enter()
    rater.go("p/effectiveness.cbrn")
    expect(rater.page.locator("#corrected")).to_be_hidden()

    desk = page(viewport=DESKTOP, reduced_motion="reduce", color_scheme="light")
    desk.goto(f"{house.url}/organiser/sign-in")
    desk.get_by_label("E-mail").fill(join(ground, Role.OWNER, "wording@example.org"))
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in", exact=True).click()
    desk.get_by_role("button", name="Sign out").wait_for()
    desk.goto(f"{house.url}/organiser/s/wording/rounds")
    desk.get_by_role("link", name="Wording", exact=True).click()
    assert find_faults(desk, axe) == []
    desk.get_by_label("Where").select_option("Items")
    desk.get_by_role("button", name="Show").click()
    desk.locator(".texts a").first.click()
    assert find_faults(desk, axe) == []
    desk.get_by_label("What it shall say").fill("A title without a slip")
    desk.get_by_label("Why?").fill("a slip of the pen")
    desk.get_by_role("button", name="Look at both side by side").click()
    assert find_faults(desk, axe) == []
    desk.get_by_role("button", name="Correct it").click()
    expect(desk.get_by_role("status")).to_contain_text("Correction 1 is made.")

    rater.give(rating(0), 4)
    rater.wait_saved()
    told = rater.page.locator("#corrected")
    expect(told).to_contain_text("The wording of a text was corrected while you had the page open.")
    with house.database.reading() as session:
        seen = select(Answer.correction).where(
            Answer.study_id == ground.study_id, Answer.panellist_id == rater.member.panellist_id
        )
        assert set(session.scalars(seen)) == {0}
    told.get_by_role("link").click()
    expect(rater.page.locator("main")).to_contain_text("A title without a slip")
    expect(rater.page.locator("main")).to_contain_text("Why: a slip of the pen")
    assert find_faults(rater.page, axe) == []
    rater.page.get_by_role("link", name="Go on").click()
    rater.give(rating(1), 2)
    rater.wait_saved()
    with house.database.reading() as session:
        assert set(session.scalars(seen)) == {0, 1}
