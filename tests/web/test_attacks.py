"""What somebody tries who should not: guessed links, others' numbers, files beside pages, forged lines."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from surveyapp.models import Answer, AuditEntry, Invitation
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import EMAIL, PASSWORD, add_organiser, sign_in
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """An open study with two panellists, and an owner."""
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north", "south"))
    add_organiser(database, EMAIL, study_id=laid.study_id)
    return laid


def refusals(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the log of refusals, as a machine reads them."""
    lines = [each.getMessage() for each in caplog.records if each.name == "surveyapp.refusals"]
    assert not any("\n" in line or "\x1b" in line for line in lines)
    return [json.loads(line) for line in lines]


def entries(database: Database, act: str) -> list[AuditEntry]:
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id)))


def test_sec_09_a_link_that_was_revoked_is_as_unknown_as_one_that_never_was(
    client: JudgingClient, ground: Ground, database: Database
) -> None:
    token = ground.panel[0].token
    with database.verb() as session:
        session.execute(
            update(Invitation)
            .where(Invitation.panellist_id == ground.panel[0].panellist_id)
            .values(revoked_at=read_now(session))
        )
    slug = token.partition(".")[0]
    pages = [client.get(f"/l/{each}", 404) for each in (token, f"{slug}.{'x' * 24}", "nothing.at-all", "x")]
    assert len({page.text for page in pages}) == 1
    assert client.get(f"/l/{ground.panel[1].token}").status == 200


def test_sec_31_no_field_and_no_parameter_reaches_somebody_elses_answers(
    app: Flask, client: JudgingClient, ground: Ground, database: Database
) -> None:
    other = JudgingClient(app, client.base_url)
    for each, member in ((client, 0), (other, 1)):
        each.get(f"/l/{ground.panel[member].token}")
        each.submit(action="/l/start", follow=True)
    mine, theirs = (member.panellist_id for member in ground.panel[:2])
    page = client.page
    assert page is not None
    form = page.find_form(None)
    values = {**page.read_form(form), f"a{ground.number('consent')}": "1"}
    forged = {
        "panellist_id": str(theirs),
        "seat": str(theirs),
        "study_id": "2",
        "round": "7",
        "id": ["1", "2"],
    }
    client.post(f"{page.path}?panellist_id={theirs}&panellist_id={mine}", {**values, **forged})
    with database.reading() as session:
        assert set(session.scalars(select(Answer.panellist_id))) == {mine}


def test_sec_35_numbers_of_others_are_as_unknown_as_none(
    client: JudgingClient, ground: Ground, database: Database, tmp_path: Path
) -> None:
    foreign = lay_ground(database, load_text(SMALL, tmp_path), slug="foreign")
    stranger = add_organiser(database, "stranger@example.org", study_id=foreign.study_id)
    sign_in(client)
    home = f"/organiser/s/{ground.slug}"
    client.get(f"{home}/members")
    page = client.page
    assert page is not None
    token = page.find_all("input", name="csrf_token")[0].get("value", "")
    for number in (stranger, 0, 99_999, 2**63 - 1):
        for act in ("remove", "role"):
            client.post(
                f"{home}/members/{number}/{act}", {"csrf_token": token, "role": "observer"}, expect=404
            )
    client.get("/organiser/s/foreign/members", 404)
    client.get("/organiser/s/no-such-study/members", 404)
    assert len({client.get(f"/organiser/s/{slug}/members", 404).text for slug in ("foreign", "none")}) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/..%2f..%2fconfig.py",
        "/static/%252e%252e/config.py",
        "/static//etc/passwd",
        "/static/css/../../../config.py",
        "/.git/config",
        "/.env",
        "/config.py",
        "/console",
        "/static/",
        "/var/surveyapp.sqlite3",
        "/surveyapp.sqlite3~",
    ],
)
def test_sec_77_and_sec_92_nothing_beside_the_pages_is_served(client: JudgingClient, path: str) -> None:
    reply = client.http.get(path, base_url=client.base_url)
    assert reply.status_code == 404
    assert "passwd" not in reply.text
    assert "import" not in reply.text


def test_sec_92_the_health_page_says_no_more_than_that_it_is_well(client: JudgingClient) -> None:
    assert len(client.http.get("/health", base_url=client.base_url).text) < 40


def test_sec_96_forged_names_and_agents_make_no_line_of_their_own(
    client: JudgingClient, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    forged = 'x\n{"refused": "nothing"} \x1b[31m %s %(name)s'
    client.get("/organiser/sign-in")
    client.submit({"email": forged.replace("\n", " "), "password": forged}, action="sign-in", expect=422)
    client.http.get("/l/x%0a%1b[31m%25s", base_url=client.base_url, headers={"User-Agent": "%s %d"})
    client.http.get("/organiser/l/x%0d%0aforged", base_url=client.base_url)
    assert [each["refused"] for each in refusals(caplog)] == ["sign-in", "personal link", "one-time link"]
    assert not any(word in caplog.text for word in ("nothing", "31m", "forged"))


def test_sec_99_a_log_that_cannot_be_written_stops_neither_the_refusal_nor_the_record(
    client: JudgingClient,
    ground: Ground,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class FullDisk(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(28, "No space left on device")

    handler = logging.StreamHandler(FullDisk())
    monkeypatch.setattr(logging, "raiseExceptions", True)
    log = logging.getLogger("surveyapp.refusals")
    log.addHandler(handler)
    try:
        client.get("/organiser/sign-in")
        client.submit({"email": EMAIL, "password": "a wrong password"}, action="sign-in", expect=422)
    finally:
        log.removeHandler(handler)
    assert "No space left" in capsys.readouterr().err, "the log was full indeed"
    assert len(entries(database, "organiser.sign_in_refused")) == 1
    sign_in(client)


def test_sec_98_whoever_is_not_let_in_stands_in_the_log_and_in_the_record(
    app: Flask, client: JudgingClient, ground: Ground, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    for email in (EMAIL, "nobody@example.org"):
        client.get("/organiser/sign-in")
        client.submit({"email": email, "password": "a wrong password"}, action="sign-in", expect=422)
    known, unknown = entries(database, "organiser.sign_in_refused")
    assert json.loads(known.detail) == {"id": 1, "way": "password"}
    assert json.loads(unknown.detail) == {"id": None, "way": "password"}
    first, second = refusals(caplog)
    assert (first["account"], "account" in second) == (1, False)
    assert first["from"] == second["from"]
    assert not any(word in caplog.text for word in (EMAIL, "nobody@", "a wrong password", "127.0.0.1"))
    caplog.clear()

    viewer = JudgingClient(app, client.base_url)
    add_organiser(database, "viewer@example.org", study_id=ground.study_id, role="observer")
    sign_in(viewer, "viewer@example.org")
    home = f"/organiser/s/{ground.slug}"
    viewer.get(f"{home}/members", 403)
    assert entries(database, "access.refused") == [], "reading writes nothing"
    viewer.post(f"{home}/members", {"email": "more@example.org"}, expect=403)
    [entry] = entries(database, "access.refused")
    assert (entry.study_id, entry.actor) == (ground.study_id, "viewer@example.org")
    assert json.loads(entry.detail) == {"act": "invite_member", "role": "observer"}
    viewer.get("/organiser/s/no-such-study/members", 404)
    assert [(each["refused"], each["why"]) for each in refusals(caplog)] == [
        ("act", "right"),
        ("act", "right"),
        ("study", "not theirs, or none"),
    ]


def test_sec_98_too_many_tries_and_other_sites_stand_in_the_log(
    client: JudgingClient, ground: Ground, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    data = {"email": EMAIL, "password": PASSWORD}
    other = {"Origin": "https://evil.example"}
    client.http.post("/organiser/sign-in", data=data, base_url=client.base_url, headers=other)
    for _ in range(11):
        client.http.post("/organiser/sign-in", data={**data, "password": "no"}, base_url=client.base_url)
    found = [(each["refused"], each["why"]) for each in refusals(caplog)]
    assert found == [("act", "other origin"), *[("sign-in", "password")] * 10, ("try", "too many")]


def test_sec_102_no_page_tells_others_where_one_comes_from(client: JudgingClient, ground: Ground) -> None:
    page = client.get(f"/l/{ground.panel[0].token}")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    after = client.submit(action="/l/start", follow=True)
    assert after.headers["Referrer-Policy"] == "same-origin"
    assert ground.panel[0].token not in after.path + after.text
