"""An organiser's ways in, in a browser: the first start, the app, a passkey, a new password, sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from surveyapp.mail.links import account_link
from surveyapp.services import accounts, first_start, resetting
from surveyapp.services.unit import Database, read_now
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.serving import LiveServer
from tests.support.studies import SMALL

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True),
]

Axe = Callable[[Page], list[str]]
EMAIL = "jane@example.org"
PASSWORD = "a long enough passphrase"


@pytest.fixture
def home(live_server: LiveServer) -> str:
    """The organiser's part under a host name: no browser makes passkeys for a bare number."""
    return f"http://localhost:{live_server.port}/organiser"


@pytest.fixture
def first_link(database: Database, home: str) -> str:
    """What the first start prints."""
    with database.verb() as session:
        secret = first_start.offer_set_up(session, now=read_now(session), actor="test")
    assert secret is not None
    return f"{home}/l/{secret}"


@pytest.fixture
def account(database: Database) -> str:
    """An account with a password alone."""
    with database.verb() as session:
        accounts.add_organiser(
            session,
            email=EMAIL,
            password=PASSWORD,
            password_hash=accounts.hash_password(PASSWORD),
            now=read_now(session),
            actor="test",
        )
    return EMAIL


def sign_in(page: Page, home: str, password: str = PASSWORD) -> None:
    page.goto(f"{home}/sign-in")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def add_virtual_authenticator(page: Page) -> None:
    """A device that keeps passkeys and knows its owner, inside the browser."""
    tool = page.context.new_cdp_session(page)
    tool.send("WebAuthn.enable")
    tool.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def set_up_app(page: Page, home: str) -> pyotp.TOTP:
    """Set up an authenticator app, and be it."""
    page.goto(f"{home}/account")
    page.get_by_role("button", name="Set up an authenticator app").click()
    page.get_by_text("Without a camera").click()
    app = pyotp.TOTP(page.locator("code.secret").inner_text().replace(" ", ""))
    page.get_by_label("Code that the app shows").fill(app.at(datetime.now(UTC)))
    page.get_by_role("button", name="Switch it on").click()
    return app


@pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "without JavaScript"])
def test_from_the_first_start_to_signing_in_with_the_app(
    home: str, first_link: str, page: OpenPage, javascript: bool
) -> None:
    opened = page(javascript=javascript, viewport=PHONE)
    opened.goto(first_link)
    assert heading(opened) == "Welcome"
    opened.get_by_label("E-mail").fill(EMAIL)
    opened.get_by_label("Password").fill("password1")
    opened.get_by_role("button", name="Make the account").click()
    expect(opened.locator(".error")).to_contain_text("one of the first that others try")
    expect(opened.get_by_label("E-mail")).to_have_value(EMAIL)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Make the account").click()
    assert heading(opened) == "Your account"
    app = set_up_app(opened, home)
    assert heading(opened).startswith("The app is set up")
    codes = opened.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    with opened.expect_download() as download:
        opened.get_by_role("link", name="Save as a file").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    assert all(code in saved for code in codes)
    opened.get_by_role("button", name="Sign out").click()
    sign_in(opened, home)
    assert heading(opened) == "Second step"
    opened.get_by_label("Code").fill("000000")
    opened.get_by_role("button", name="Go on").click()
    expect(opened.locator(".error")).to_contain_text("does not fit")
    # The next half minute's code: the present one was used for setting up.
    opened.get_by_label("Code").fill(app.at(datetime.now(UTC), counter_offset=1))
    opened.get_by_role("button", name="Go on").click()
    assert heading(opened) == "Studies"
    opened.get_by_role("button", name="Sign out").click()
    sign_in(opened, home)
    opened.get_by_label("Code").fill(codes[3].lower())
    opened.get_by_role("button", name="Go on").click()
    opened.goto(f"{home}/account")
    expect(opened.get_by_role("main")).to_contain_text("9 codes are left")
    opened.goto(first_link)
    assert heading(opened) == "This link opens nothing"


def test_a_passkey_signs_in_alone_as_second_step_and_as_confirmation(
    home: str, account: str, page: OpenPage, axe: Axe
) -> None:
    opened = page(viewport=DESKTOP)
    add_virtual_authenticator(opened)
    sign_in(opened, home)
    opened.goto(f"{home}/account")
    opened.get_by_label("Name of the passkey").fill("laptop")
    opened.get_by_role("button", name="Add a passkey").click()
    opened.get_by_role("heading", name="The passkey is added").wait_for()
    opened.goto(f"{home}/account")
    expect(opened.locator("section", has_text="Passkeys").get_by_text("laptop").first).to_be_visible()
    assert axe(opened) == []
    opened.get_by_text("Change laptop").click()
    opened.get_by_label("Name", exact=True).fill("the old laptop")
    opened.get_by_role("button", name="Rename").click()
    expect(opened.get_by_role("main")).to_contain_text("the old laptop")
    opened.get_by_role("button", name="Sign out").click()
    opened.get_by_role("button", name="Sign in with a passkey").click()
    opened.get_by_role("heading", name="Studies").wait_for()
    opened.get_by_role("button", name="Sign out").click()
    sign_in(opened, home)
    opened.get_by_role("button", name="Use a passkey").click()
    opened.get_by_role("heading", name="Studies").wait_for()
    opened.goto(f"{home}/account")
    expect(opened.get_by_role("main")).to_contain_text(re.compile("last used"))
    opened.get_by_text("Change the old laptop").click()
    opened.get_by_role("button", name="Remove").click()
    expect(opened.get_by_role("main")).not_to_contain_text("the old laptop")
    opened.get_by_role("button", name="Sign out").click()
    opened.get_by_role("button", name="Sign in with a passkey").click()
    expect(opened.get_by_role("alert")).to_contain_text("not accepted")


def test_a_new_password_by_a_link_ends_every_session(
    home: str, account: str, database: Database, page: OpenPage
) -> None:
    elsewhere = page()
    sign_in(elsewhere, home)
    assert heading(elsewhere) == "Studies"
    with database.verb() as session:
        letter = resetting.request_reset(session, email=EMAIL, now=read_now(session), actor="test")
    assert letter is not None
    opened = page(viewport=PHONE)
    opened.goto(account_link(home.removesuffix("/organiser"), letter.secret))
    expect(opened.get_by_role("main")).to_contain_text(EMAIL)
    opened.get_by_label("New password").fill("another long passphrase")
    opened.get_by_role("button", name="Set the password").click()
    assert heading(opened) == "The password is set"
    elsewhere.reload()
    assert heading(elsewhere) == "Sign in"
    sign_in(opened, home)
    expect(opened.get_by_role("alert")).to_contain_text("do not belong together")
    sign_in(opened, home, "another long passphrase")
    assert heading(opened) == "Studies"


def test_ending_all_other_sessions(home: str, account: str, page: OpenPage) -> None:
    others = [page() for _ in range(2)]
    for each in others:
        sign_in(each, home)
    opened = page()
    sign_in(opened, home)
    opened.goto(f"{home}/account")
    assert opened.get_by_role("button", name=re.compile("^End this")).count() == 2
    opened.get_by_role("button", name=re.compile("^End this")).first.click()
    assert opened.get_by_role("button", name=re.compile("^End this")).count() == 1
    opened.get_by_role("button", name="End all others").click()
    expect(opened.get_by_role("button", name="End all others")).to_have_count(0)
    for each in others:
        each.reload()
        assert heading(each) == "Sign in"


def test_a_new_study_from_the_workplace(home: str, account: str, page: OpenPage, tmp_path: Path) -> None:
    opened = page(viewport=PHONE)
    sign_in(opened, home)
    opened.get_by_role("link", name="New study").click()
    film = tmp_path / "film.yaml"
    with film.open("wb") as stream:
        stream.truncate(50_000_000)
    opened.get_by_role("radio", name="A file of my own").check()
    opened.get_by_label("Your questionnaire (YAML)").set_input_files(film)
    opened.get_by_label("Title").fill("Fruit for all")
    opened.get_by_role("button", name="Make the study").click()
    expect(opened.get_by_role("main")).to_contain_text("The file has 50.0 megabytes")
    expect(opened.get_by_label("Title")).to_have_value("Fruit for all")
    broken = tmp_path / "fruit.yaml"
    broken.write_text(SMALL.replace("kind: number", "kind: numbr"), encoding="utf-8")
    opened.get_by_label("Your questionnaire (YAML)").set_input_files(broken)
    opened.get_by_role("button", name="Make the study").click()
    expect(opened.get_by_role("alert")).to_contain_text("fruit.yaml:")
    broken.write_text(SMALL, encoding="utf-8")
    opened.get_by_label("Your questionnaire (YAML)").set_input_files(broken)
    opened.get_by_role("button", name="Make the study").click()
    expect(opened.get_by_role("heading", name="Before the first round")).to_be_visible()
    opened.locator("details.tabs-menu > summary").click()
    opened.get_by_role("link", name="Members").click()
    expect(opened.get_by_role("main")).to_contain_text("Owner · you")


def test_sec_25_after_signing_out_the_back_button_shows_nothing(
    home: str, account: str, page: OpenPage
) -> None:
    opened = page()
    sign_in(opened, home)
    opened.goto(f"{home}/account")
    assert heading(opened) == "Your account"
    opened.get_by_role("button", name="Sign out").click()
    opened.go_back()
    expect(opened.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert EMAIL not in opened.content()
