"""The protocol on its page: told in plain language, given, checked, locked, amended."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from surveyapp.models import AuditEntry, ProtocolVersion
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, join

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def page(database: Database, tmp_path: Path, client: JudgingClient, sign_in: SignIn) -> str:
    """A study without a protocol; the address of its page."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    sign_in(join(ground, Role.OWNER))
    return f"/organiser/s/{ground.slug}/protocol"


def versions(database: Database) -> list[ProtocolVersion]:
    with database.reading() as session:
        return list(session.scalars(select(ProtocolVersion).order_by(ProtocolVersion.number)))


def test_a_protocol_is_given_locked_and_amended(client: JudgingClient, page: str, database: Database) -> None:
    assert "This study has no protocol yet." in client.get(page).words
    told = client.submit({"text": PROTOCOL}, action="/protocol", button=("go", "keep"), follow=True)
    assert "Round 1 asks for ratings of all items." in told.words
    assert "not locked" in told.words
    client.submit({}, action="/protocol/lock", follow=True)
    (first,) = versions(database)
    assert first.locked_at is not None
    client.get(page)
    amended = PROTOCOL.replace("agree >= 70%", "agree >= 80%")
    refused = client.submit({"text": amended}, action="/amend", button=("go", "keep"), expect=422)
    assert "write why the protocol is amended" in refused.words
    assert "agree >= 80%" in refused.read_form(refused.find_form("/amend"))["text"][0]
    looked = client.submit({"text": amended}, action="/amend", button=("go", "check"), expect=200)
    assert "Nothing is stored yet." in looked.words
    assert "agree >= 80%" in looked.words.split("or its text")[0]
    assert len(versions(database)) == 1
    told = client.submit(
        {"reason": "the panel is large"}, action="/amend", button=("go", "keep"), follow=True
    )
    assert "Amendment 2" in told.words
    assert "Why: the panel is large" in told.words
    assert [each.amended_because for each in versions(database)] == ["", "the panel is large"]
    source = client.get(f"{page}/1.yaml")
    assert source.response.get_data(as_text=True).strip() == PROTOCOL.strip()
    client.get(f"{page}/3.yaml", expect=404)


def test_every_problem_of_a_file_is_shown(client: JudgingClient, page: str, database: Database) -> None:
    broken = PROTOCOL.replace("asks: all items", "asks: nothing").replace("agree >= 70%", "agre >= 70%")
    client.get(page)
    token = client.page.find_all("input", name="csrf_token")[0].get("value", "") if client.page else ""
    shown = client.post(
        page,
        {"csrf_token": token, "go": "keep", "file": (io.BytesIO(broken.encode()), "mine.yaml")},  # type: ignore[dict-item]  # Werkzeug's own way to send a file
        expect=422,
    )
    lines = [shown.words_of(line) for line in shown.find("div", class_="summary").iter("li")]
    assert len(lines) >= 2
    assert all(line.startswith("mine.yaml:") for line in lines)
    assert "agre >= 70%" in shown.read_form(shown.find_form("/protocol"))["text"][0]
    assert versions(database) == []


@SQLITE
def test_problems_of_a_file_are_told_in_the_language_of_the_page(client: JudgingClient, page: str) -> None:
    broken = PROTOCOL.replace("number: 1,", "number: 4,", 1)
    assert broken != PROTOCOL
    client.get(page)
    token = client.page.find_all("input", name="csrf_token")[0].get("value", "") if client.page else ""
    client.http.set_cookie("surveyapp-language", "de", domain="127.0.0.1")
    shown = client.post(
        page,
        {"csrf_token": token, "go": "keep", "file": (io.BytesIO(broken.encode()), "mine.yaml")},  # type: ignore[dict-item]  # Werkzeug's own way to send a file
        expect=422,
    )
    lines = [shown.words_of(line) for line in shown.find("div", class_="summary").iter("li")]
    assert any(
        line.endswith("Runde 2 folgt nicht auf Runde 4; nummerieren Sie fortlaufend") for line in lines
    )


@SQLITE
def test_a_file_that_is_far_too_large_is_refused_on_the_page(
    client: JudgingClient, page: str, database: Database
) -> None:
    client.get(page)
    token = client.page.find_all("input", name="csrf_token")[0].get("value", "") if client.page else ""
    large = FileStorage(io.BytesIO(b"#" * 50_000_000), "mine.yaml")
    shown = client.upload(page, {"csrf_token": token, "go": "keep", "file": large}, expect=422)
    assert "mine.yaml" in shown.words
    assert "1 MB" in shown.words
    assert versions(database) == []


@SQLITE
@pytest.mark.parametrize("text", ["", " ", "\ud800", "{", "- 1", "a" * 10_000])
def test_what_is_no_protocol_gets_a_sentence(
    client: JudgingClient, page: str, database: Database, text: str
) -> None:
    client.get(page)
    sent = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    shown = client.submit({"text": sent}, action="/protocol", button=("go", "keep"), expect=422)
    assert "That was not done." in shown.words
    shown = client.submit({"text": sent}, action="/protocol", button=("go", "check"), expect=422)
    assert versions(database) == []


def test_a_promise_is_not_broken_by_an_amendment(client: JudgingClient, answered: Ground, desk: str) -> None:
    client.get(f"{desk}/protocol")
    other = {
        "text": PROTOCOL.replace("  - {number: 3", "  - {number: 3").replace(
            "unanimity: show", "unanimity: show, level: attributed"
        ),
        "reason": "why not",
    }
    shown = client.submit(other, action="/amend", button=("go", "check"), expect=422)
    assert "a promise that was answered under cannot be taken back" in shown.words
    client.submit(other, action="/amend", button=("go", "keep"), expect=422)
    with answered.database.reading() as session:
        assert session.scalars(select(AuditEntry.act).where(AuditEntry.act == "protocol.amend")).all() == []


@SQLITE
def test_who_watches_reads_the_protocol_and_changes_nothing(
    client: JudgingClient, answered: Ground, sign_in: SignIn
) -> None:
    sign_in(join(answered, Role.ANALYST))
    shown = client.get(f"/organiser/s/{answered.slug}/protocol")
    assert "It is proposed to accept an item" in shown.words
    assert {form.get("action") for form in shown.find_all("form")} == {"/organiser/sign-out"}
