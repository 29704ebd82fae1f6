"""The log tells where something went wrong, and never who it was or what they answered (SEC-97)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from surveyapp.questionnaire.loading import load
from surveyapp.services.unit import Database
from surveyapp.web import errors
from tests.support.judging import JudgingClient
from tests.support.studies import Ground, lay_ground

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
STUDY = Path(__file__).with_name("expert") / "every-kind.yaml"
ADDRESS = "203.0.113.77"
ANSWER = "Nobody else must read this sentence."


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    database: Database = app.extensions["surveyapp.database"]
    yield lay_ground(database, load(STUDY), slug="every-kind")
    database.close()


@pytest.fixture
def served(app: Flask) -> Flask:
    """The application as it answers in production: a fault becomes a page, never the test's."""
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    return app


def written(caplog: pytest.LogCaptureFixture) -> str:
    """All that the log's records hold, tracebacks and arguments too."""
    formatter = logging.Formatter("%(name)s %(message)s")
    return "\n".join(formatter.format(record) + repr(record.args) for record in caplog.records)


def test_sec_95_a_failing_page_and_a_failing_error_page_name_nobody(
    served: Flask, ground: Ground, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    token = ground.panel[0].token
    del served.jinja_env.globals["static_file"]
    reply = served.test_client().get(f"/l/{token}")
    assert reply.status_code == 500
    assert "Something went wrong on our side" in reply.text
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
    assert "could not be shown" in caplog.text
    assert token not in written(caplog) + reply.text + "".join(capfd.readouterr())


def test_the_last_resort_names_nobody(
    served: Flask,
    ground: Ground,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: Any, **__: Any) -> str:
        raise RuntimeError("no translations")

    monkeypatch.setattr(errors, "_", fail)
    token = ground.panel[0].token
    del served.jinja_env.globals["static_file"]
    reply = served.test_client().get(f"/l/{token}")
    assert (reply.status_code, reply.mimetype) == (500, "text/plain")
    assert reply.headers["Cache-Control"] == "no-store"
    assert "no page could be shown" in caplog.text
    assert "no error page could be shown" in caplog.text
    assert token not in written(caplog) + reply.text + "".join(capfd.readouterr())


def fail(slug: str) -> str:
    """A page that fails with what it was given in its message."""
    raise ZeroDivisionError(f"{slug} {ANSWER}")


def test_a_whole_visit_leaves_no_trace_of_the_person(
    served: Flask, client: JudgingClient, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "surveyapp")
    caplog.set_level(logging.INFO, "werkzeug")
    member = ground.panel[0]
    client.http.environ_base["REMOTE_ADDR"] = ADDRESS
    client.get(f"/l/{member.token}")
    client.submit(action="/l/start", follow=True)
    cookie = client.http.get_cookie("surveyapp-seat", domain="127.0.0.1")
    assert cookie is not None
    base = "/s/every-kind"
    page = client.get(f"{base}/p/consent")
    csrf = page.find("input", name="csrf_token").get("value", "")
    client.submit({f"a{ground.number('consent')}": "1"})
    client.get(f"{base}/p/about")
    client.submit({f"a{ground.number('life')}": ANSWER, f"a{ground.number('years')}": ANSWER}, expect=422)
    for body in (
        {
            "request_id": "one",
            "base": 0,
            "place": "about",
            "answers": {f"a{ground.number('life')}": [ANSWER]},
        },
        {"request_id": ANSWER, "base": ANSWER, "answers": {ANSWER: {}}},
        {"request_id": "two", "base": 0, "place": ANSWER, "answers": {"a999999": [ANSWER]}},
    ):
        client.http.post(
            f"{base}/save",
            data=json.dumps(body),
            content_type="application/json",
            headers={"X-CSRFToken": csrf},
        )
    client.http.post(f"{base}/p/about", base_url=client.base_url, data=io.BytesIO(b"a" * 2_000_000))
    client.http.post(f"{base}/p/{ANSWER}", base_url=client.base_url, data={"csrf_token": csrf, "a1": ANSWER})
    served.view_functions["seat.review"] = fail
    assert client.http.get(f"{base}/review?x={ANSWER}", base_url=client.base_url).status_code == 500
    client.http.get(f"/l/{member.token}x", base_url=client.base_url)
    log = written(caplog)
    assert "ZeroDivisionError" in log
    for secret in (member.token, member.token.split(".")[1], cookie.value, csrf, ANSWER, ADDRESS):
        assert secret not in log
