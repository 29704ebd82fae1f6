"""The personal link: looking changes nothing, and each button does one thing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from surveyapp import create_app
from surveyapp.models import Base
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert

if TYPE_CHECKING:
    from config import Config


def content_of(database: Database) -> str:
    """A hash over everything that the database holds."""
    held = hashlib.sha256()
    with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = sorted(repr(tuple(row)) for row in session.execute(table.select()))
            held.update(repr((table.name, rows)).encode())
    return held.hexdigest()


def state_of(ground: Ground, member: int = 0) -> str:
    """Whether a panellist takes part."""
    with ground.database.reading() as session:
        wanted = {"id": ground.panel[member].panellist_id}
        return str(session.execute(text("SELECT state FROM panellist WHERE id = :id"), wanted).scalar_one())


def test_sec_01_and_sec_02_looking_at_the_link_changes_nothing_however_often(
    client: JudgingClient, ground: Ground
) -> None:
    before = content_of(ground.database)
    pages = [
        client.get(f"/l/{ground.panel[0].token}", headers={"User-Agent": agent, "Sec-Purpose": purpose})
        for agent in ("", "LinkScanner/1.0", "Mozilla/5.0 HeadlessChrome")
        for purpose in ("", "prefetch;prerender")
    ]
    assert len({page.text for page in pages}) == 1
    assert not any(page.headers.getlist("Set-Cookie") for page in pages)
    head = client.http.head(f"/l/{ground.panel[0].token}", base_url=client.base_url)
    assert (head.status_code, head.data) == (200, b"")
    assert content_of(ground.database) == before
    assert pages[0].headers["Referrer-Policy"] == "no-referrer"
    assert client.submit(action="/l/start").location == "/s/every-kind/"


def test_the_first_page_says_what_it_takes_and_who_sees_what(client: JudgingClient, ground: Ground) -> None:
    words = client.get(f"/l/{ground.panel[0].token}").words
    for expected in ("A small study", "minutes", "Who can see what", "groups of 5 or more", "This is not me"):
        assert expected in words


def test_sec_04_start_takes_the_token_out_of_the_address(client: JudgingClient, ground: Ground) -> None:
    token = ground.panel[0].token
    client.get(f"/l/{token}")
    started = client.submit(action="/l/start")
    assert token not in started.location
    cookie = started.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    for path in ("practice", "p/consent"):
        assert token.split(".")[1] not in client.get(f"/s/every-kind/{path}").text


def test_over_https_the_cookie_is_a_host_cookie(config: Config, ground: Ground) -> None:
    secure = replace(config, base_url="https://study.example.org", environment="production")
    app = create_app(secure)
    client = app.test_client()
    reply = client.post("/l/start", data={"token": ground.panel[0].token}, base_url=secure.base_url)
    cookie = reply.headers["Set-Cookie"]
    assert cookie.startswith("__Host-surveyapp-seat=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    app.extensions["surveyapp.database"].close()


def test_sec_13_a_planted_cookie_is_replaced(client: JudgingClient, ground: Ground) -> None:
    client.http.set_cookie("surveyapp-seat", "planted", domain="127.0.0.1")
    Expert(client, ground)
    cookie = client.http.get_cookie("surveyapp-seat", domain="127.0.0.1")
    assert cookie is not None
    assert cookie.value != "planted"


@pytest.mark.parametrize(
    ("action", "state", "words"),
    [
        ("/l/not-me", "not_me", "reached the wrong person"),
        ("/l/decline", "declined", "do not want to take part"),
    ],
)
def test_saying_no_is_as_easy_as_starting(
    client: JudgingClient, ground: Ground, action: str, state: str, words: str
) -> None:
    client.get(f"/l/{ground.panel[0].token}")
    told = client.submit(action=action, follow=True)
    assert "No more letters" in told.words
    assert "A small study" in told.words
    assert "Synthetic" not in told.words
    assert state_of(ground) == state
    assert state_of(ground, 1) == "invited"
    assert words in client.get(f"/l/{ground.panel[0].token}").words
    client.submit(action="/l/start", follow=True)
    assert state_of(ground) == "invited"


def test_sec_07_a_wrong_token_gets_a_neutral_page_and_too_many_have_to_wait(
    client: JudgingClient, ground: Ground
) -> None:
    token = ground.panel[0].token
    for wrong in (token[:-1], f"other.{token.split('.')[1]}", "no-token", "x" * 300, "\u202e"):
        assert "does not open anything" in client.get(f"/l/{wrong}", 404).words
        client.post("/l/start", {"token": wrong}, 404)
        client.post("/l/decline", {"token": wrong}, 404)
    statuses = {client.http.get(f"/l/wrong-{n}", base_url=client.base_url).status_code for n in range(60)}
    assert statuses == {404, 429}
    assert client.get("/l/wrong-again", 429).headers["Retry-After"].isdigit()
    client.get(f"/l/{token}")


def test_sec_101_a_link_in_a_browser_where_somebody_else_sits_asks_first(
    client: JudgingClient, ground: Ground
) -> None:
    Expert(client, ground, 0)
    client.get(f"/l/{ground.panel[1].token}")
    page = client.submit(action="/l/start", expect=200)
    assert "somebody else" in page.words
    cookie = client.http.get_cookie("surveyapp-seat", domain="127.0.0.1")
    assert cookie is not None
    client.submit(follow=True)
    client.get("/s/every-kind/p/consent")
    with ground.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM web_session")).scalar_one() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_sec_27_another_site_cannot_press_the_buttons(
    client: JudgingClient, ground: Ground, headers: dict[str, str]
) -> None:
    for path in ("/l/start", "/l/not-me", "/l/decline"):
        reply = client.http.post(
            path, data={"token": ground.panel[0].token}, base_url=client.base_url, headers=headers
        )
        assert reply.status_code == 403
        assert "Set-Cookie" not in reply.headers
    assert state_of(ground) == "invited"


def test_sec_05_the_buttons_do_not_answer_to_get(client: JudgingClient, ground: Ground) -> None:
    for path in ("start", "not-me", "decline"):
        assert client.http.get(
            f"/l/{path}?token={ground.panel[0].token}", base_url=client.base_url
        ).status_code in {404, 405}
    assert state_of(ground) == "invited"


def test_before_and_after_the_round_the_page_says_so(client: JudgingClient, ground: Ground) -> None:
    ground.close()
    page = client.get(f"/l/{ground.panel[0].token}")
    assert "has closed" in page.words
    assert not page.find_all("form")


@pytest.mark.parametrize("way_out", ["/l/not-me", "/l/decline", "leave", "withdraw"])
def test_a_rehearsal_says_so_on_the_last_page_too(
    client: JudgingClient, ground: Ground, way_out: str
) -> None:
    with ground.database.verb() as session:
        session.execute(text("UPDATE study SET is_synthetic = true"))
    client.get(f"/l/{ground.panel[0].token}")
    if way_out.startswith("/l/"):
        page = client.submit(action=way_out, follow=True)
    else:
        client.submit(action="/l/start", follow=True)
        client.get("/s/every-kind/withdraw" if way_out == "withdraw" else "/s/every-kind/practice")
        values = {"answers": "keep"} if way_out == "withdraw" else {}
        page = client.submit(values, action=f"/{way_out}", follow=True)
    assert "Synthetic panel" in page.words
    assert not page.find_all("form")


def test_only_who_was_in_a_study_reads_its_name_on_the_last_page(
    client: JudgingClient, ground: Ground
) -> None:
    client.get(f"/l/{ground.panel[0].token}")
    told = client.submit(action="/l/decline")
    assert ground.panel[0].token not in told.location
    for forged in (told.location.replace("of=", "of=x"), "/left?of=every-kind", "/left"):
        assert "A small study" not in client.get(forged).words
