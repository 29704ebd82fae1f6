"""Letters at a browser: a text of one's own, a look at who, sending, the outbox; on a phone as on a desk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from surveyapp.services.unit import Database
from tests.support.accounts import EMAIL, PASSWORD, add_organiser
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.mailing import introduce
from tests.support.serving import LiveServer
from tests.support.studies import SMALL, lay_ground, load_text

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True),
]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_letter_is_written_looked_at_and_sent(  # noqa: PLR0917 - fixtures
    database: Database,
    live_server: LiveServer,
    page: OpenPage,
    axe: Callable[[Page], list[str]],
    tmp_path: Path,
    size: tuple[int, int],
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    introduce(ground)
    add_organiser(database, EMAIL, study_id=ground.study_id)
    home = f"http://localhost:{live_server.port}/organiser"
    at = page(viewport=size)

    def look(name: str) -> None:
        assert axe(at) == []
        width = at.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], name
        if folder := os.environ.get("TEST_PICTURES"):
            at.screenshot(path=f"{folder}/{name}-{size[0]}.png", full_page=True)

    at.goto(f"{home}/sign-in")
    at.get_by_label("E-mail").fill(EMAIL)
    at.get_by_label("Password").fill(PASSWORD)
    at.get_by_role("button", name="Sign in", exact=True).click()
    at.get_by_role("button", name="Sign out").wait_for()
    at.goto(f"{home}/s/{ground.slug}/letters")
    look("letters")
    at.get_by_role("link", name="Invitation", exact=True).click()
    subject = at.get_by_label("Subject")
    subject.fill("Come, !")
    subject.press("ArrowLeft")
    at.get_by_role("button", name="{name}").press("Enter")
    expect(subject).to_have_value("Come, {name}!")
    expect(subject).to_be_focused()
    at.get_by_role("button", name="Look without saving").click()
    expect(at.get_by_text("Come, P-", exact=False).first).to_be_visible()
    at.get_by_role("button", name="Save", exact=True).click()
    look("letter")
    at.get_by_role("link", name="Send…").click()
    expect(at.get_by_role("heading", name="3 people get it now")).to_be_visible()
    look("recipients")
    at.get_by_role("button", name="Send 3 letters now").click()
    expect(at.get_by_role("heading", name="Outbox")).to_be_visible()
    look("outbox")
