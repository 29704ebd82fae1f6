"""The organiser's doors: signing in, sessions, links, throttles, hosts and redirects (SEC-06 to SEC-20)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from sqlalchemy import func, select, update

from config import Config
from surveyapp import create_app
from surveyapp.models import AuditEntry, OneTimeSecret, Organiser, Throttle, WebSession
from surveyapp.services import accounts, authenticator, first_start, recovery_codes, resetting, sign_ins
from surveyapp.services.resetting import ResetLetter
from surveyapp.services.unit import Database, read_now
from surveyapp.web import security
from surveyapp.web.organiser.account import forgotten, throttles
from tests.support.accounts import PASSWORD, add_organiser
from tests.support.judging import JudgingClient

if TYPE_CHECKING:
    from flask import Flask

EMAIL = "jane@example.org"
COOKIE = "surveyapp-organiser"
one_database = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def jane(database: Database) -> int:
    return add_organiser(database, EMAIL)


def sign_in(client: JudgingClient, email: str = EMAIL, password: str = PASSWORD, expect: int = 303) -> str:
    client.get("/organiser/sign-in")
    return client.submit({"email": email, "password": password}, action="sign-in", expect=expect).location


def value_of(client: JudgingClient, name: str = COOKIE) -> str:
    cookie = client.http.get_cookie(name, domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def set_up_app(client: JudgingClient, app: Flask, organiser_id: int) -> pyotp.TOTP:
    """Through the pages, with the code of the half minute before, so that the present one is left."""
    client.get("/organiser/account")
    client.submit(action="/account/authenticator")
    page = client.get("/organiser/account/authenticator")
    made = pyotp.TOTP(page.words_of(page.find("code", class_="secret")).replace(" ", ""))
    with app.extensions["surveyapp.database"].reading() as session:
        moment = read_now(session)
    shown = client.submit({"code": made.at(moment, counter_offset=-1)}, action="/confirm", expect=200)
    assert len(shown.find_all("code")) == recovery_codes.CODES
    return made


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
    page = client.submit(
        {"email": EMAIL, "password": PASSWORD, "next": wanted},
        action="/organiser/sign-in",
        expect=303 if len(wanted) < 2000 else 422,
    )
    if page.status == 303:
        assert page.headers["Location"] == "/organiser/"
        for path in ("/organiser/sign-in", "/organiser/confirm"):
            assert (
                client.get(path, query_string={"next": wanted}, expect=303).headers["Location"]
                == "/organiser/"
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
    made = set_up_app(client, app, jane)
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
    made = set_up_app(client, app, jane)
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
                letters: list[ResetLetter] = []
                resetting.request_reset(
                    session, email=EMAIL, deliver=lambda _, each: letters.append(each), now=now, actor="test"
                )
                hashed = accounts.hash_password("quite another passphrase")
                resetting.reset_password(
                    session,
                    secret=letters[0].secret,
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


@one_database
def test_a_letter_about_the_password_is_handed_over(
    app: Flask, client: JudgingClient, jane: int, database: Database
) -> None:
    letters: list[ResetLetter] = []
    app.extensions[forgotten.DELIVERY] = lambda _, letter: letters.append(letter)
    for email in ("nobody@example.org", EMAIL.upper()):
        client.get("/organiser/forgotten")
        page = client.submit({"email": email}, action="/forgotten", follow=True)
        assert "a letter with a link is on its way" in page.words
    assert [letter.email for letter in letters] == [EMAIL]
    client.get(f"/organiser/l/{letters[0].secret}")
    client.submit({"password": "a new and long passphrase"}, action="/reset", expect=200)
    sign_in(client, password="a new and long passphrase")


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
    set_up_app(client, app, jane)
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
    letters: list[ResetLetter] = []
    app.extensions[forgotten.DELIVERY] = lambda _, letter: letters.append(letter)
    reply = app.test_client().post("/organiser/forgotten", data={"email": EMAIL}, headers=headers)
    assert reply.status_code == 400
    assert letters == []


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
