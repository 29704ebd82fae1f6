"""The pictures of the README: the demo, freshly made in a folder of its own, as a browser shows it.

    make screenshots

The study and its synthetic panel are the demo's own; nothing in var/ is touched.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

from surveyapp.cli.demo import ORGANISER, demo_settings, expert_link, prepare  # noqa: E402 - found by the path
from surveyapp.services.unit import Database  # noqa: E402 - as above
from tests.support.chromium import chromium_environment, find_chromium  # noqa: E402 - as above
from tests.support.serving import LiveServer  # noqa: E402 - as above

PICTURES = CHECKOUT / "docs" / "screenshots"
DESKTOP = (1280, 900)
PHONE = (390, 844)


def take_pictures(browser: Browser, link: str, organiser: str, password: str) -> None:
    """Walk through the demo as its expert and as its organiser, and keep what they see."""
    expert = open_page(browser, DESKTOP)
    expert.goto(link)
    keep_both(expert, "landing")
    expert.get_by_role("button", name=re.compile("Start|Continue")).click()
    if expert.url.endswith("/news"):
        keep_both(expert, "news")
    walk_to_ratings(expert)
    for number, choice in enumerate((4, 5)):
        row(expert, number).get_by_role("radio").nth(choice - 1).check()
    expert.get_by_text("All answers saved").wait_for()
    expert.evaluate("() => scrollTo(0, 0)")
    keep(expert, "rating-desktop")
    expert.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    row(expert, 0).evaluate("each => each.closest('article').scrollIntoView()")
    keep(expert, "rating-phone")
    expert.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    expert.get_by_role("link", name="Review and submit").first.click()
    keep_both(expert, "review")
    expert.get_by_role("button", name="Submit my answers").click()
    expert.get_by_role("heading", name="Thank you").wait_for()
    keep_both(expert, "thanks")
    expert.context.close()

    seen = open_page(browser, DESKTOP)
    seen.goto(organiser)
    seen.get_by_label("E-mail").fill(ORGANISER)
    seen.get_by_label("Password").fill(password)
    seen.get_by_role("button", name="Sign in").click()
    seen.locator("main a[href*='/s/']").first.click()
    keep_both(seen, "organiser")
    seen.get_by_role("link", name="Results", exact=True).click()
    keep(seen, "results-desktop")
    seen.get_by_role("link", name="Reasons", exact=True).click()
    seen.locator("main tbody a").nth(1).click()
    keep(seen, "reasons-desktop")
    seen.context.close()


def walk_to_ratings(page: Page) -> None:
    """Past practice, consent and background to the first page of ratings, giving what must be given."""
    for _ in range(12):
        if page.get_by_role("radiogroup").count() > 20:
            return
        for box in page.locator("main label:has(.needed) input[type=checkbox]").all():
            box.check()
        for group in page.locator("main fieldset:has(.needed):has(input[type=radio])").all():
            group.locator("input[type=radio]").first.check()
        page.locator("main .foot button, main a.go").last.click()
        page.wait_for_load_state()
    raise SystemExit(f"No page of ratings was reached; the last one was {page.url}.")


def row(page: Page, number: int) -> Locator:
    """The ratings' radio groups in the order of the page."""
    return page.get_by_role("radiogroup").nth(number)


def open_page(browser: Browser, size: tuple[int, int], **options: object) -> Page:
    """A page in a context of its own."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        **options,  # type: ignore[arg-type]  # Playwright's own names
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def keep_both(page: Page, name: str) -> None:
    """The pictures of a page in a wide window and on a phone, from its top."""
    keep(page, f"{name}-desktop")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    keep(page, f"{name}-phone")
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def keep(page: Page, name: str) -> None:
    """The picture `name`, as large as the window."""
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    sys.stdout.write(f"{path.relative_to(CHECKOUT)}\n")


def main() -> None:
    """Make the demo, serve it, take the pictures."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium here; as root: apt-get install chromium.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = demo_settings(home, host="", port="")
        # The server has a port of its own.
        del settings["SURVEYAPP_BASE_URL"], settings["SURVEYAPP_PORT"]
        server = LiveServer(settings["SURVEYAPP_DATABASE_URL"], home, settings=settings)
        try:
            database = Database(settings["SURVEYAPP_DATABASE_URL"])
            password = prepare(database, server.config)
            link = expert_link(database, server.config)
            database.close()
            flags = ["--no-sandbox"] if os.geteuid() == 0 else []
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=flags, env=dict(chromium_environment())
                )
                take_pictures(browser, link, f"{server.url}/organiser/", password)
                browser.close()
        finally:
            server.stop()


if __name__ == "__main__":
    main()
