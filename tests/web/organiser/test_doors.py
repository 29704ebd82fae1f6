"""The organiser's doors: signing in and sessions (SEC-12 to SEC-20)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from config import Config
from surveyapp import create_app
from surveyapp.models import Organiser, WebSession
from surveyapp.services import accounts, authenticator, first_start, resetting, sign_ins
from surveyapp.services.unit import Database, read_now
from surveyapp.web import security
from tests.support.accounts import (
    COOKIE,
    EMAIL,
    PASSWORD,
    add_organiser,
    count,
    set_up_app,
    sign_in,
    value_of,
)
from tests.support.judging import JudgingClient

if TYPE_CHECKING:
    from flask import Flask

one_database = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def jane(database: Database) -> int:
    return add_organiser(database, EMAIL)


# -- Signing in


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)",
        "/@evil.example", "/organiser//evil.example", "h\tttps://evil.example", "https://evil.example/organiser/",
        "/organiser/../l/x", "/organiser/%2e%2e/", "/organiser/\r\nSet-Cookie: a=b", "/s/study", "x" * 3000,
        "/organiser/%0d%0aX: y",
    ],
)  # fmt: skip
@one_database
def test_sec_12_no_redirect_leads_out(client: JudgingClient, jane: int, wanted: str) -> None:
    client.get("/organiser/sign-in", query_string={"next": wanted})
    page = client.submit({"email": EMAIL, "password": PASSWORD, "to": wanted}, action="/organiser/sign-in")
    assert page.headers["Location"] == "/organiser/"
    for path in ("/organiser/sign-in", "/organiser/confirm"):
        assert (
            client.get(path, query_string={"next": wanted}, expect=303).headers["Location"] == "/organiser/"
        )


@one_database
def test_signing_in_goes_on_to_the_page_that_was_wanted(client: JudgingClient, jane: int) -> None:
    page = client.get("/organiser/account", expect=303)
    assert page.location == "/organiser/sign-in?next=/organiser/account"
    client.get(page.location)
    assert (
        client.submit({"email": EMAIL, "password": PASSWORD}, action="sign-in").location
        == "/organiser/account"
    )


def test_the_app_is_asked_for_after_the_password(app: Flask, client: JudgingClient, jane: int) -> None:
    sign_in(client)
    made = set_up_app(client, app)
    client.get("/organiser/")
    client.submit(action="/organiser/sign-out")
    assert sign_in(client) == "/organiser/sign-in/second"
    client.get("/organiser/", expect=303)
    page = client.get("/organiser/sign-in/second")
    for wrong in ("000000", "abc", "", "9" * 200):
        page = client.submit({"code": wrong}, action="/second", expect=422)
        assert "aria-invalid" in page.text
    with app.extensions["surveyapp.database"].reading() as session:
        moment = read_now(session)
    assert client.submit({"code": made.at(moment)}, action="/second").location == "/organiser/"
    client.get("/organiser/")
    client.get("/organiser/sign-in/second", expect=303)


@one_database
def test_a_half_signed_in_browser_is_held_up_by_nothing_but_the_note(
    app: Flask, client: JudgingClient, jane: int, database: Database
) -> None:
    sign_in(client)
    made = set_up_app(client, app)
    client.get("/organiser/")
    client.submit(action="/organiser/sign-out")
    sign_in(client)
    note = value_of(client, "surveyapp-second-step")
    name = "surveyapp-second-step"
    for wrong in ("", "x", note[:-1], note[:5] + "A" + note[6:], "." * 300):
        client.http.set_cookie(name, wrong, domain="127.0.0.1")
        client.get("/organiser/sign-in/second", expect=303)
        client.post("/organiser/sign-in/second", {"code": "000000"}, expect=303)
    client.http.set_cookie(name, note, domain="127.0.0.1")
    client.get("/organiser/sign-in/second")
    with database.verb() as session:
        now = read_now(session)
        changed = accounts.hash_password("quite another passphrase")
        accounts.set_password(session, email=EMAIL, password_hash=changed, now=now, actor="test")
    client.post("/organiser/sign-in/second", {"code": made.at(now)}, expect=303)
    assert count(database, WebSession) == 0


# -- Sessions


def test_sec_13_a_planted_cookie_is_worth_nothing_after_signing_in(client: JudgingClient, jane: int) -> None:
    client.http.set_cookie(COOKIE, "planted", domain="127.0.0.1")
    sign_in(client)
    first = value_of(client)
    assert "planted" not in first
    client.post("/organiser/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert value_of(client) != first
    client.http.set_cookie(COOKIE, first, domain="127.0.0.1")
    client.get("/organiser/", expect=303)


@pytest.mark.parametrize("act", ["sign out", "password", "disable", "reset", "factors", "end"])
def test_sec_14_a_replayed_cookie_is_dead_at_once(
    app: Flask, client: JudgingClient, jane: int, database: Database, act: str
) -> None:
    sign_in(client)
    cookie = value_of(client)
    other = JudgingClient(app, client.base_url)
    other.http.set_cookie(COOKIE, cookie, domain="127.0.0.1")
    other.get("/organiser/")
    with database.verb() as session:
        now = read_now(session)
        match act:
            case "password":
                hashed = accounts.hash_password("quite another passphrase")
                accounts.set_password(session, email=EMAIL, password_hash=hashed, now=now, actor="test")
            case "disable":
                accounts.disable(session, email=EMAIL, now=now, actor="test")
            case "reset":
                letter = resetting.request_reset(session, email=EMAIL, now=now, actor="test")
                assert letter is not None
                hashed = accounts.hash_password("quite another passphrase")
                resetting.reset_password(
                    session,
                    secret=letter.secret,
                    password="quite another passphrase",
                    password_hash=hashed,
                    now=now,
                )
            case "factors":
                sign_ins.drop_factors(session, email=EMAIL, now=now, actor="test")
            case "end":
                session.execute(update(WebSession).values(expires_at=now))
    if act == "sign out":
        client.get("/organiser/")
        client.submit(action="/organiser/sign-out")
    other.get("/organiser/", expect=303)


@one_database
def test_changing_the_password_leaves_only_this_browser_signed_in(
    app: Flask, client: JudgingClient, jane: int
) -> None:
    other = JudgingClient(app, client.base_url)
    sign_in(other)
    sign_in(client)
    client.get("/organiser/account/password")
    page = client.submit({"present": "wrong", "password": "short"}, action="/password", expect=422)
    assert len(page.find_all("span", class_="error")) == 2, "both problems at once"
    client.submit({"present": PASSWORD, "password": "quite another passphrase"}, action="/password")
    client.get("/organiser/account")
    other.get("/organiser/", expect=303)
    client.submit(action="/organiser/sign-out")
    sign_in(client, password=PASSWORD, expect=422)
    sign_in(client, password="quite another passphrase")


def test_sec_15_a_session_ends_after_two_idle_hours_and_after_twelve(
    client: JudgingClient, jane: int, database: Database
) -> None:
    sign_in(client)
    value = value_of(client).partition(".")[0]
    with database.reading() as session:
        now = read_now(session)
        secret = session.scalars(select(WebSession.csrf_secret)).one()

    def come_back_after(idle: timedelta, expect: int) -> str:
        seen = (now - idle).timestamp()
        client.http.set_cookie(COOKIE, security.stamped(value, secret, seen), domain="127.0.0.1")
        return client.get("/organiser/", expect=expect).headers.get("Set-Cookie", "")

    assert come_back_after(timedelta(minutes=1), 200) == ""
    assert value in come_back_after(timedelta(minutes=100), 200), "the cookie learns that its owner was here"
    client.get("/organiser/")
    come_back_after(security.IDLE + timedelta(minutes=1), 303)
    come_back_after(timedelta(0), 200)
    with database.verb() as session:
        started, ends = session.execute(select(WebSession.created_at, WebSession.expires_at)).one()
        assert ends - started == timedelta(hours=12)
        session.execute(update(WebSession).values(expires_at=now))
    come_back_after(timedelta(0), 303)


@one_database
def test_sec_16_a_cookie_with_any_letter_changed_is_nobodys(
    client: JudgingClient, jane: int, database: Database
) -> None:
    sign_in(client)
    whole = value_of(client)
    for place in range(len(whole)):
        changed = "B" if whole[place] == "A" else "A"
        client.http.set_cookie(COOKIE, whole[:place] + changed + whole[place + 1 :], domain="127.0.0.1")
        assert client.get("/organiser/", expect=303).location == "/organiser/sign-in"
    for odd in ("", ".", "..", whole.partition(".")[0], whole + ".1", "ü" * 40, "a.99999999999999999999.b"):
        client.http.set_cookie(COOKIE, odd, domain="127.0.0.1")
        client.get("/organiser/", expect=303)
    client.http.set_cookie(COOKIE, whole, domain="127.0.0.1")
    client.get("/organiser/")


@one_database
def test_sec_19_doors_say_the_same_about_every_account(
    client: JudgingClient, jane: int, database: Database
) -> None:
    with database.verb() as session:
        add = accounts.add_organiser
        add(
            session,
            email="off@example.org",
            password=PASSWORD,
            password_hash=accounts.hash_password(PASSWORD),
            now=read_now(session),
            actor="test",
        )
        accounts.disable(session, email="off@example.org", now=read_now(session), actor="test")
    said = set()
    for email, password in (
        (EMAIL, "not the right one"),
        ("nobody@example.org", PASSWORD),
        ("off@example.org", PASSWORD),
    ):
        sign_in(client, email, password, expect=422)
        assert client.page is not None
        said.add(client.page.words)
    assert len(said) == 1
    answers = set()
    for email in (EMAIL, "nobody@example.org", "off@example.org"):
        client.get("/organiser/forgotten")
        page = client.submit({"email": email}, action="/forgotten")
        answers.add((page.location, client.get(page.location).words))
    assert len(answers) == 1


@pytest.mark.parametrize("password", ["abc" * 40, "пароль 🗝 mit Umlauten äöü", " leading and trailing "])
@one_database
def test_sec_19_any_long_password_is_taken_as_it_is(
    client: JudgingClient, database: Database, password: str
) -> None:
    with database.verb() as session:
        secret = first_start.offer_set_up(session, now=read_now(session), actor="test")
    client.get(f"/organiser/l/{secret}")
    client.submit({"email": EMAIL, "password": password}, action="/set-up")
    client.get("/organiser/")
    client.submit(action="/organiser/sign-out")
    sign_in(client, password=password.strip() + "!", expect=422)
    sign_in(client, password=password)


@one_database
def test_sec_20_cookies_in_production(config: Config, jane: int, database: Database) -> None:
    app = create_app(replace(config, base_url="https://study.example.org", environment="production"))
    client = JudgingClient(app, "https://study.example.org")
    with database.verb() as session:
        authenticator.begin(session, organiser_id=jane, key=b"any")
        session.execute(update(Organiser).values(totp_secret=Organiser.totp_pending))
    pages = [client.post("/organiser/sign-in", {"email": EMAIL, "password": PASSWORD})]
    with database.verb() as session:
        session.execute(update(Organiser).values(totp_secret=None))
    pages.append(client.post("/organiser/sign-in", {"email": EMAIL, "password": PASSWORD}))
    cookies = [cookie for page in pages for cookie in page.headers.getlist("Set-Cookie")]
    assert len(cookies) == 2
    for cookie in cookies:
        assert re.match(r"__Host-surveyapp-[a-z-]+=", cookie)
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    app.extensions["surveyapp.database"].close()
