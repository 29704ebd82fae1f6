"""What every response forbids, errors included; hosts, methods and faults."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from surveyapp import create_app
from tests.support.judging import JudgingClient, find_header_faults

if TYPE_CHECKING:
    from flask import Flask

    from config import Config

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/nothing-here", 404),
        ("GET", "/l/unknown", 404),
        ("GET", "/s/unknown/p/consent", 403),
        ("GET", "/s/unknown/answers/x.css", 404),
        ("PUT", "/l/start", 405),
        ("TRACE", "/health", 405),
        ("PROPFIND", "/health", 405),
        ("POST", "/health", 405),
        ("POST", "/l/start", 404),
        ("GET", "/static/wrong/app.css", 404),
        ("GET", "/%00", 404),
        ("GET", "/s/%ff%fe/", 403),
        ("GET", "/left?x=<script>alert(1)</script>", 200),
    ],
)
def test_sec_21_sec_23_and_sec_68_every_response_carries_its_headers(
    client: JudgingClient, method: str, path: str, status: int
) -> None:
    page = client._judge(client._send(method, path, follow=False), status)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert (page.headers["Cache-Control"], page.headers["Vary"]) == ("no-store", "Cookie")
    assert "<script>alert" not in page.text


def test_static_files_are_kept_by_browsers(app: Flask, client: JudgingClient) -> None:
    with app.test_request_context():
        url = app.jinja_env.globals["static_file"]("app.css")  # type: ignore[operator]  # a function by contract
    page = client.get(url)
    assert "immutable" in page.headers["Cache-Control"]
    assert "Set-Cookie" not in page.headers
    page.response.close()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", ""])
def test_sec_10_an_unknown_host_is_refused(app: Flask, host: str) -> None:
    reply = app.test_client().get("/left", headers={"Host": host, "X-Forwarded-Host": "127.0.0.1"})
    assert reply.status_code == 400
    assert "Content-Security-Policy" in reply.headers


def test_sec_10_in_production_only_the_configured_host_is_known(config: Config) -> None:
    app = create_app(replace(config, base_url="https://study.example.org", environment="production"))
    client = app.test_client()
    assert client.get("/left", base_url="https://study.example.org").status_code == 200
    assert client.get("/left", base_url="http://localhost").status_code == 400
    app.extensions["surveyapp.database"].close()


@pytest.mark.parametrize(("proxies", "address"), [(0, "192.0.2.9"), (1, "203.0.113.3"), (2, "203.0.113.2")])
def test_sec_11_forwarded_addresses_are_believed_for_the_configured_hops_only(
    config: Config, proxies: int, address: str
) -> None:
    app = create_app(replace(config, proxies=proxies))
    seen = []
    app.before_request(lambda: seen.append(__import__("flask").request.remote_addr))
    app.test_client().get(
        "/left",
        base_url=config.base_url,
        headers={"X-Forwarded-For": "203.0.113.1, 203.0.113.2, 203.0.113.3"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.9"},
    )
    assert seen == [address]
    app.extensions["surveyapp.database"].close()


def test_sec_95_a_fault_of_ours_shows_a_number_that_stands_in_the_log(
    app: Flask, client: JudgingClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/fault/<secret>")
    def fault(secret: str) -> str:
        raise RuntimeError(f"the secret is {secret}")

    with caplog.at_level(logging.ERROR):
        page = client.get("/fault/token-of-somebody", 500)
    number = page.words_of(page.find("code"))
    assert number in caplog.text
    assert "RuntimeError" in caplog.text
    assert "token-of-somebody" not in caplog.text
    assert "token-of-somebody" not in page.text


def test_a_head_has_no_body_and_the_same_headers(client: JudgingClient) -> None:
    page = client._send("HEAD", "/left", follow=False)
    assert (page.status, page.text) == (200, "")
    assert not list(find_header_faults(page))


def test_sec_17_two_cookies_never_mean_each_other(client: JudgingClient) -> None:
    for name in ("surveyapp-seat", "surveyapp-organiser", "session"):
        client.http.set_cookie(name, "\x01 tampered ü", domain="127.0.0.1")
    client.get("/s/any/p/x", 403)
    client.get("/left")
