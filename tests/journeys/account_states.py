"""The organiser's doors, the own account, members and look-ups: every state of these pages."""

from __future__ import annotations

import itertools

import pyotp
from playwright.sync_api import Page

from surveyapp.models import WebSession
from surveyapp.services import accounts, authenticator, members, one_time, resetting
from surveyapp.services.one_time import Purpose
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.journeys.states import Visit, organiser_state
from tests.support.accounts import PASSWORD, add_organiser

_numbers = itertools.count(1)


def _signed_in(visit: Visit, path: str, *, with_app: bool = False) -> Page:
    """Somebody new, an owner of the house's study, at a page of the organiser's part."""
    email = f"owner-{next(_numbers)}@example.org"
    house = visit.house
    number = add_organiser(house.database, email, study_id=house.ground.study_id)
    if with_app:
        _add_app(house.database, number, email)
    page = visit.open_page(**visit.options)
    page.goto(f"{house.url}/organiser/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state()
    if path:
        page.goto(f"{house.url}/organiser/{path}")
    return page


def _add_app(database: Database, number: int, email: str) -> None:
    key = b"not the server's, so that no code fits"
    with database.verb() as session:
        now = read_now(session)
        authenticator.begin(session, organiser_id=number, key=key)
        found = authenticator.find_enrolment(session, organiser_id=number, key=key)
        assert found is not None
        code = pyotp.TOTP(found.secret).at(now)
        authenticator.confirm(session, organiser_id=number, code=code, key=key, now=now, actor=email)


def _link(visit: Visit, secret: str) -> Page:
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/organiser/l/{secret}")
    return page


@organiser_state
def set_up(visit: Visit) -> Page:
    with visit.house.database.verb() as session:
        secret = one_time.issue(
            session,
            purpose=Purpose.SET_UP,
            lasts=accounts.SESSION_LENGTH,
            now=read_now(session),
            actor="test",
        )
    page = _link(visit, secret)
    page.get_by_label("E-mail").fill("jane@example.org")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make the account").click()
    return page


@organiser_state
def link_that_opens_nothing(visit: Visit) -> Page:
    return _link(visit, "nothing")


@organiser_state
def new_password(visit: Visit) -> Page:
    email = f"reset-{next(_numbers)}@example.org"
    add_organiser(visit.house.database, email)
    with visit.house.database.verb() as session:
        letter = resetting.request_reset(session, email=email, now=read_now(session), actor="test")
    assert letter is not None
    page = _link(visit, letter.secret)
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    return page


@organiser_state
def invitation(visit: Visit) -> Page:
    with visit.house.database.verb() as session:
        secret = members.invite(
            session,
            study=get_study(session, slug=visit.house.ground.slug),
            email=f"guest-{next(_numbers)}@example.org",
            role="analyst",
            now=read_now(session),
            actor="owner@example.org",
        )
    return _link(visit, secret)


@organiser_state
def forgotten(visit: Visit) -> Page:
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/organiser/forgotten")
    return page


@organiser_state
def forgotten_and_asked(visit: Visit) -> Page:
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/organiser/forgotten?sent=1")
    return page


@organiser_state
def second_step(visit: Visit) -> Page:
    page = _signed_in(visit, "", with_app=True)
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    return page


@organiser_state
def own_account(visit: Visit) -> Page:
    return _signed_in(visit, "account")


@organiser_state
def own_password(visit: Visit) -> Page:
    page = _signed_in(visit, "account/password")
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set the password").click()
    return page


@organiser_state
def authenticator_app(visit: Visit) -> Page:
    page = _signed_in(visit, "account")
    page.get_by_role("button", name="Set up an authenticator app").click()
    return page


@organiser_state
def recovery_codes(visit: Visit) -> Page:
    page = authenticator_app(visit)
    page.get_by_text("Without a camera").click()
    app = pyotp.TOTP(page.locator("code.secret").inner_text().replace(" ", ""))
    with visit.house.database.reading() as session:
        now = read_now(session)
    page.get_by_label("Code that the app shows").fill(app.at(now))
    page.get_by_role("button", name="Switch it on").click()
    return page


@organiser_state
def account_with_everything(visit: Visit) -> Page:
    page = recovery_codes(visit)
    page.get_by_role("link", name="I have them").click()
    return page


@organiser_state
def is_it_still_you(visit: Visit) -> Page:
    page = _signed_in(visit, f"s/{visit.house.ground.slug}/members")
    with visit.house.database.verb() as session:
        for each in session.query(WebSession).filter(WebSession.organiser_id.is_not(None)):
            each.confirmed_at = None
    page.get_by_label("E-mail").fill("guest@example.org")
    page.get_by_role("button", name="Make the invitation").click()
    return page


@organiser_state
def confirmed(visit: Visit) -> Page:
    page = is_it_still_you(visit)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    return page


@organiser_state
def members_of_a_study(visit: Visit) -> Page:
    page = _signed_in(visit, f"s/{visit.house.ground.slug}/members")
    page.get_by_label("E-mail").fill(f"guest-{next(_numbers)}@example.org")
    page.get_by_role("button", name="Make the invitation").click()
    return page


@organiser_state
def look_up(visit: Visit) -> Page:
    page = _signed_in(visit, f"s/{visit.house.ground.slug}/lookup")
    page.get_by_label("Pseudonym or address").fill("P-NOBODY")
    page.get_by_label("Why you need to know").fill("to see what this page says")
    page.get_by_role("button", name="Look up and record").click()
    return page


@organiser_state
def new_study(visit: Visit) -> Page:
    page = _signed_in(visit, "new")
    page.get_by_label("Address that experts").fill("nobody")
    page.get_by_role("button", name="Make the study").click()
    return page


@organiser_state
def study_to_set_up(visit: Visit) -> Page:
    page = _signed_in(visit, "new")
    page.get_by_label("Title").fill(f"Something to set up {next(_numbers)}")
    page.get_by_role("button", name="Make the study").click()
    return page


@organiser_state
def settings_of_a_study(visit: Visit) -> Page:
    page = _signed_in(visit, f"s/{visit.house.ground.slug}/settings")
    page.get_by_label("Time zone").fill("Mars")
    page.get_by_role("button", name="Change the settings").click()
    return page
