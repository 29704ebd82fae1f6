"""The ground under the tests holds: each guard is seen to refuse what it is there for."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from flask import Flask, Response
from sqlalchemy import text

from surveyapp.services.schema import check_current
from surveyapp.services.unit import Database
from tests.support import network
from tests.support.browser import OpenPage
from tests.support.judging import JudgingClient
from tests.support.serving import LiveServer

GOOD_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
GOOD_PAGE = (
    '<!doctype html><html lang="en"><head><title>A page</title></head><body><h1>Good</h1>'
    '<form method="post" action="/"><label for="why">Why?</label><textarea id="why" name="why">\n\nSo.'
    "</textarea>"
    '<label><input type="radio" name="rate" value="1"> One</label>'
    '<label><input type="radio" name="rate" value="2" checked> Two</label>'
    '<input type="hidden" name="csrf_token" value="t"><button name="go" value="on">On</button>'
    "</form></body></html>"
)


def judge(body: str, **headers: str) -> JudgingClient:
    """A judging client before a little app that answers every address with `body`."""
    app = Flask("little")

    @app.get("/")
    def show() -> Response:
        return Response(
            body, headers={**GOOD_HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
        )

    @app.post("/")
    def take() -> Response:
        from flask import request

        app.extensions["taken"] = {name: request.form.getlist(name) for name in request.form}
        return Response(status=303, headers={**GOOD_HEADERS, "Location": "/"})

    return JudgingClient(app, "http://127.0.0.1:8000")


def test_good_page_passes_and_is_submitted_as_a_browser_would() -> None:
    client = judge(GOOD_PAGE)
    client.get("/")
    client.submit({"rate": "1"}, button=("go", "on"))
    assert client.app.extensions["taken"] == {
        "why": ["\r\nSo."], "rate": ["1"], "csrf_token": ["t"], "go": ["on"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<h1>Good</h1>", "<h1>Good</h1><h1>Two</h1>", "2 h1"),
        ("<h1>Good</h1>", "<p>", "0 h1"),
        (' lang="en"', "", "no lang"),
        ("<title>A page</title>", "<title> </title>", "no title"),
        ("<!doctype html>", "", "not well-formed"),
        ("</h1>", "</h2>", "not well-formed"),
        ('for="why"', 'for="y"', "no label"),
        ('id="why"', "", "for 'why'"),
        ("> One", ">", "has no label"),
        ("<h1>", '<h1 style="color: red">', "inline style"),
        ("<h1>", '<h1 onclick="x()">', "inline handler"),
        ("<h1>", "<script>x()</script><h1>", "inline script"),
        ("<h1>", '<p id="a"></p><p id="a"></p><h1>', "2 times"),
        ("<h1>", '<img src="/a.png"><h1>', "no alt"),
        ("<h1>", '<img alt="" src="https://example.org/a.png"><h1>', "reaches outside"),
        ("<h1>", '<a href="/"></a><h1>', "without words"),
        ("<h1>", '<h1 aria-describedby="gone">', "'gone'"),
    ],
)
def test_judging_client_finds_fault(old: str, new: str, fault: str) -> None:
    assert old in GOOD_PAGE
    with pytest.raises(AssertionError, match=fault):
        judge(GOOD_PAGE.replace(old, new, 1)).get("/")


@pytest.mark.parametrize("missing", sorted(GOOD_HEADERS))
def test_judging_client_misses_headers(missing: str) -> None:
    with pytest.raises(AssertionError, match=missing):
        judge(GOOD_PAGE, **{missing.replace("-", "_"): ""}).get("/")


def test_judging_client_wants_the_expected_status() -> None:
    with pytest.raises(AssertionError, match="status 200, expected 404"):
        judge(GOOD_PAGE).get("/", expect=404)


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_network_is_closed(address: tuple[str, int]) -> None:
    with pytest.raises(network.NetworkIsClosed), socket.socket() as one:
        one.connect(address)
    with pytest.raises(network.NetworkIsClosed):
        socket.getaddrinfo("example.org", 443)
    assert len(network.take_attempts()) == 2


def test_each_test_gets_a_migrated_database_of_its_own(database: Database) -> None:
    check_current(database)
    with database.verb() as session:
        assert session.execute(text("SELECT count(*) FROM study")).scalar_one() == 0
        session.execute(text("CREATE TABLE mine (one integer)"))


def test_databases_do_not_see_each_other(database: Database) -> None:
    # Whichever of the two tests runs first, its table is not there in the other.
    with database.verb() as session:
        session.execute(text("CREATE TABLE mine (one integer)"))


def test_app_answers_with_judged_pages(client: JudgingClient) -> None:
    client.get("/no-such-page", expect=404)


@pytest.mark.browser
def test_browser_reads_the_live_server(
    page: OpenPage, live_server: LiveServer, axe: Callable[[object], list[str]]
) -> None:
    opened = page(viewport=(390, 844))
    answer = opened.goto(f"{live_server.url}/no-such-page")
    assert answer is not None
    assert answer.status == 404
    assert axe(opened) == []
    live_server.kill()
    live_server.start()
    assert opened.goto(f"{live_server.url}/health") is not None


@pytest.mark.browser
def test_axe_finds_what_is_wrong(page: OpenPage, axe: Callable[[object], list[str]]) -> None:
    opened = page()
    opened.set_content('<html><head><title>A</title></head><body><input type="text"></body></html>')
    found = " ".join(axe(opened))
    assert "html-has-lang" in found
    assert "label" in found


@pytest.mark.browser
def test_page_without_javascript_runs_none(page: OpenPage) -> None:
    opened = page(javascript=False)
    opened.goto("data:text/html,<title>no</title><script>document.title='yes'</script>")
    assert opened.title() == "no"
