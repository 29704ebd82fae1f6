"""The organiser's doors: one-time links, throttles, confirming, hosts (SEC-01 to SEC-10, SEC-28)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from surveyapp.models import AuditEntry, Job, OneTimeSecret, Organiser, Throttle, WebSession
from surveyapp.services import accounts, first_start
from surveyapp.services.unit import Database, read_now
from surveyapp.web.organiser.account import throttles
from tests.support.accounts import (
    EMAIL,
    PASSWORD,
    add_organiser,
    count,
    set_up_app,
    sign_in,
)
from tests.support.judging import JudgingClient

if TYPE_CHECKING:
    from flask import Flask

one_database = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def jane(database: Database) -> int:
    return add_organiser(database, EMAIL)


# -- One-time links


def make_link(database: Database) -> str:
    with database.verb() as session:
        secret = first_start.offer_set_up(session, now=read_now(session), actor="test")
    assert secret is not None
    return f"/organiser/l/{secret}"


def test_sec_01_opening_a_one_time_link_changes_nothing(client: JudgingClient, database: Database) -> None:
    link = make_link(database)
    for headers in ({}, {"User-Agent": "LinkScanner/1.0"}, {"Sec-Purpose": "prefetch;prerender"}):
        for _ in range(3):
            page = client.get(link, headers=headers)
            assert "Set-Cookie" not in page.headers
            assert page.headers["Referrer-Policy"] == "no-referrer"
    assert client._send("HEAD", link, follow=False).text == ""
    assert (count(database, Throttle), count(database, AuditEntry), count(database, WebSession)) == (0, 0, 0)
    client.get(link)
    assert (
        client.submit({"email": EMAIL, "password": PASSWORD}, action="/set-up").location
        == "/organiser/account"
    )
    client.get("/organiser/account")
    client.get(link, expect=404)


@one_database
def test_sec_06_secrets_are_long_and_random(database: Database) -> None:
    secrets = set()
    for _ in range(200):
        secret = make_link(database).rpartition("/")[2]
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
        secrets.add(secret)
    assert len({secret[:8] for secret in secrets}) == len(secrets) == 200


def test_sec_08_the_database_holds_no_secret(client: JudgingClient, database: Database) -> None:
    secret = make_link(database).rpartition("/")[2]
    with database.reading() as session:
        assert secret not in str(session.execute(select(OneTimeSecret.__table__)).all())


@one_database
def test_what_was_typed_at_a_link_is_there_again(client: JudgingClient, database: Database) -> None:
    client.get(make_link(database))
    page = client.submit({"email": "nobody", "password": "short"}, action="/set-up", expect=422)
    assert page.find("input", name="email").get("value") == "nobody"
    assert len(page.find_all("span", class_="error")) == 2
    client.submit({"email": EMAIL, "password": PASSWORD}, action="/set-up")


# -- Throttles


def wrong_sign_in(client: JudgingClient) -> int:
    return client._send(
        "POST", "/organiser/sign-in", follow=False, data={"email": EMAIL, "password": "no"}
    ).status


def wrong_link(client: JudgingClient) -> int:
    return client._send("GET", "/organiser/l/guessed", follow=False).status


def ask_letter(client: JudgingClient) -> int:
    return client._send("POST", "/organiser/forgotten", follow=False, data={"email": EMAIL}).status


def ask_passkey(client: JudgingClient) -> int:
    return client._send("POST", "/organiser/passkey", follow=False).status


@pytest.mark.parametrize(
    ("act", "most", "usual"),
    [
        (wrong_sign_in, throttles.TRIES_PER_ACCOUNT, 422),
        (wrong_link, throttles.TRIES_PER_ADDRESS, 404),
        (ask_letter, throttles.RESETS_PER_ACCOUNT, 303),
        (ask_passkey, throttles.TRIES_PER_ADDRESS, 409),
    ],
)
def test_sec_07_each_door_has_a_count_of_its_own(
    client: JudgingClient, jane: int, act: Callable[[JudgingClient], int], most: int, usual: int
) -> None:
    acts = {wrong_sign_in: 422, wrong_link: 404, ask_letter: 303, ask_passkey: 409}
    assert [act(client) for _ in range(most)] == [usual] * most
    assert act(client) == 429
    for other, status in acts.items():
        if other is not act:
            assert other(client) == status, "another door is still open"
    if act is not wrong_sign_in:
        # … and coming in there gives nothing back here.
        sign_in(client)
        assert act(client) == 429


def test_sec_07_second_step_and_confirmation_cannot_be_guessed(
    app: Flask, client: JudgingClient, jane: int, database: Database
) -> None:
    sign_in(client)
    set_up_app(client, app)
    with database.verb() as session:
        session.execute(update(WebSession).values(confirmed_at=read_now(session) - accounts.CONFIRMED_FOR))
    client.get("/organiser/confirm")
    for _ in range(throttles.TRIES_PER_ACCOUNT):
        client.submit({"password": "wrong"}, action="/organiser/confirm", expect=422)
    client.submit({"password": PASSWORD}, action="/organiser/confirm", expect=429)
    fresh = JudgingClient(app, client.base_url)
    sign_in(fresh)
    fresh.get("/organiser/sign-in/second")
    # Setting the app up was one try, too.
    for _ in range(throttles.TRIES_PER_ACCOUNT - 1):
        fresh.submit({"code": "123456"}, action="/second", expect=422)
    fresh.submit({"code": "123456"}, action="/second", expect=429)


# -- Confirming


@one_database
def test_what_was_about_to_be_sent_survives_the_confirmation(
    client: JudgingClient, jane: int, database: Database
) -> None:
    sign_in(client)
    client.get("/organiser/account")
    with database.verb() as session:
        session.execute(update(WebSession).values(confirmed_at=read_now(session) - accounts.CONFIRMED_FOR))
    client.post("/organiser/account/passkeys/7/rename", {"name": 'a "<b>name</b>" & more'}, expect=403)
    page = client.submit({"password": "wrong"}, action="/organiser/confirm", expect=422)
    assert "kept" in page.text
    page = client.submit({"password": PASSWORD}, action="/organiser/confirm", expect=200)
    form = page.find_form("/rename")
    assert page.read_form(form)["name"] == ['a "<b>name</b>" & more']
    # Now it goes on to where it was going: to a passkey that is not there.
    client.submit(action="/rename", expect=404)


@pytest.mark.parametrize("with_app", [False, True], ids=["password alone", "with the app"])
def test_sec_26_what_was_written_survives_a_session_that_ended(
    app: Flask, client: JudgingClient, jane: int, database: Database, with_app: bool
) -> None:
    sign_in(client)
    made = set_up_app(client, app) if with_app else None
    text = 'written for an hour: "<b>ä</b>" & more\nin two lines'
    with database.verb() as session:
        session.execute(update(WebSession).values(expires_at=read_now(session)))
    page = client.post("/organiser/account/passkeys/7/rename", {"name": text}, expect=403)
    assert "What you were about to send is kept" in page.words
    client.submit({"email": EMAIL, "password": "wrong"}, action="/sign-in", expect=422)
    page = client.submit({"email": EMAIL, "password": PASSWORD}, action="/sign-in", expect=200)
    if made is not None:
        client.submit({"code": "000000"}, action="/second", expect=422)
        with database.reading() as session:
            moment = read_now(session)
        page = client.submit({"code": made.at(moment)}, action="/second", expect=200)
    assert page.read_form(page.find_form("/rename"))["name"] == [text]
    # The token is the new session's: it goes through to a passkey that is not there.
    client.submit(action="/rename", expect=404)


@one_database
def test_a_script_is_told_that_the_session_ended(client: JudgingClient, jane: int) -> None:
    headers = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
    page = client.post("/organiser/account/passkeys/7/rename", {"name": "x"}, expect=303, headers=headers)
    assert page.location == "/organiser/sign-in"


@one_database
def test_what_is_kept_never_leads_out(client: JudgingClient, jane: int) -> None:
    sign_in(client)
    for to in ("https://evil.example/", "//evil.example", "/s/study"):
        client.get("/organiser/account")
        page = client.post(
            "/organiser/confirm", {"password": PASSWORD, "to": to, "kept": '[["a", "b"]]'}, expect=200
        )
        assert [form.get("action") for form in page.find_all("form")][-1] == "/organiser/"
    for kept in ("{", "7", '["a"]', "null"):
        client.get("/organiser/account")
        client.post("/organiser/confirm", {"password": PASSWORD, "to": "/organiser/account", "kept": kept})


# -- Hosts


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1, evil.example"},
        {"Host": "127.0.0.1@evil.example"},
    ],
)
@one_database
def test_sec_10_links_never_name_another_host(
    app: Flask, jane: int, headers: dict[str, str], database: Database
) -> None:
    reply = app.test_client().post("/organiser/forgotten", data={"email": EMAIL}, headers=headers)
    assert reply.status_code == 400
    assert count(database, Job) == 0, "nothing waits to be sent"


@one_database
def test_sec_10_forwarded_names_are_not_believed(
    client: JudgingClient, jane: int, database: Database
) -> None:
    page = client.get(
        "/organiser/account",
        expect=303,
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )
    assert page.headers["Location"].startswith("/organiser/sign-in")


@one_database
def test_sec_28_no_address_holds_a_token(app: Flask, client: JudgingClient, jane: int) -> None:
    sign_in(client)
    for url in ("/organiser/", "/organiser/account", "/organiser/account/password"):
        page = client.get(url)
        token = page.find_all("input", name="csrf_token")[0].get("value", "")
        addresses = [
            element.get(name, "") for element in page.tree.iter() for name in ("href", "src", "action")
        ]
        assert token
        assert not any(token in address for address in addresses)


@one_database
def test_reading_the_account_changes_nothing(client: JudgingClient, jane: int, database: Database) -> None:
    sign_in(client)

    def state() -> str:
        with database.reading() as session:
            tables = (WebSession, Organiser, OneTimeSecret, Throttle, AuditEntry)
            return str([session.execute(select(table.__table__)).all() for table in tables])

    before = state()
    for url in ("account", "account/password", "confirm", "sign-in", "forgotten", "account/authenticator"):
        client._send("GET", f"/organiser/{url}", follow=False)
    assert state() == before
