"""The organiser's pages: who gets in, what is shown while a round is open, and what can be taken home."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from surveyapp.models import AuditEntry, Throttle, WebSession
from surveyapp.services import accounts
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.web.organiser.account import throttles
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text

if TYPE_CHECKING:
    pass

EMAIL = "jane@example.org"
PASSWORD = "a long enough passphrase"
PASSWORD_HASH = accounts.hash_password(PASSWORD)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Two studies with an open round; the organiser may see the first."""
    questionnaire = load_text(SMALL, tmp_path)
    lay_ground(database, questionnaire, slug="foreign")
    ground = lay_ground(database, questionnaire)
    with database.verb() as session:
        now = read_now(session)
        accounts.add_organiser(
            session, email=EMAIL, password=PASSWORD, password_hash=PASSWORD_HASH, now=now, actor="test"
        )
        study = get_study(session, slug=ground.slug)
        accounts.grant(session, email=EMAIL, study=study, role="owner", now=now, actor="test")
    return ground


def sign_in(client: JudgingClient, email: str = EMAIL, password: str = PASSWORD, expect: int = 303) -> None:
    client.get("/organiser/sign-in")
    client.submit({"email": email, "password": password}, expect=expect)


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_signing_in_shows_only_the_own_studies(client: JudgingClient, ground: Ground) -> None:
    sign_in(client, email=" JANE@example.org ")
    page = client.get("/organiser/")
    assert "A small study" in page.words
    assert len(page.find_all("li", class_="card")) == 1
    client.get("/organiser/s/foreign", expect=404)
    client.get("/organiser/s/nowhere", expect=404)
    assert client.get("/organiser/sign-in", expect=303).location == "/organiser/"


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_19_nobody_learns_whether_there_is_an_account(client: JudgingClient, ground: Ground) -> None:
    sign_in(client, password="not the right one", expect=422)
    wrong_password = client.page
    sign_in(client, email="nobody@example.org", expect=422)
    assert client.page is not None
    assert wrong_password is not None
    assert client.page.words == wrong_password.words
    assert count(ground.database, WebSession) == 0


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fields", [{}, {"email": "x"}, {"email": "a\0b@x.org", "password": "p" * 20}])
def test_bad_credentials_get_a_sentence(
    client: JudgingClient, ground: Ground, fields: dict[str, str]
) -> None:
    client.post("/organiser/sign-in", fields, expect=422)
    client.post("/organiser/sign-in", {"email": EMAIL, "password": "x" * 3000}, expect=422)


def test_trying_again_and_again_must_wait(client: JudgingClient, ground: Ground) -> None:
    for _ in range(throttles.TRIES_PER_ACCOUNT):
        sign_in(client, password="not the right one", expect=422)
    client.get("/organiser/sign-in")
    page = client.submit({"email": EMAIL, "password": PASSWORD}, expect=429)
    assert int(page.headers["Retry-After"]) > 0
    with ground.database.reading() as session:
        subjects = session.execute(select(Throttle.subject)).scalars().all()
    assert subjects
    assert not any("jane" in subject for subject in subjects)


def test_sec_14_signing_out_ends_the_session(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    client.get("/organiser/")
    cookie = client.http.get_cookie("surveyapp-organiser", domain="127.0.0.1")
    assert cookie is not None
    client.submit(action="/organiser/sign-out")
    assert count(ground.database, WebSession) == 0
    client.http.set_cookie("surveyapp-organiser", cookie.value, domain="127.0.0.1")
    client.get("/organiser/", expect=303)


def test_sec_13_a_new_session_ends_the_old_one(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    client.post("/organiser/sign-in", {"email": EMAIL, "password": PASSWORD})
    assert count(ground.database, WebSession) == 1


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_acts_need_the_sessions_token_and_the_own_origin(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    for token in ("", "forged"):
        client.post("/organiser/sign-out", {"csrf_token": token}, expect=400)
    client.get("/organiser/")
    client.post("/organiser/sign-out", expect=403, headers={"Origin": "https://evil.example"})
    client.post(
        "/organiser/sign-in",
        {"email": EMAIL, "password": PASSWORD},
        expect=403,
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    client.get("/organiser/")


def test_an_open_round_shows_progress_and_no_download(client: JudgingClient, ground: Ground) -> None:
    ground.sit_down()
    sign_in(client)
    page = client.get(f"/organiser/s/{ground.slug}")
    figures = {
        page.words_of(stat.find("dt")): page.words_of(stat.find("dd"))  # type: ignore[arg-type]  # both are there
        for stat in page.find_all("div", class_="stat")
    }
    assert figures == {
        "submitted": "0",
        "in progress": "1",
        "not started": "2",
        "declined": "0",
        "wrong person": "0",
        "withdrawn": "0",
        "median time to submission": "–",
        "reasons written": "0",
    }
    assert "While a round is open" in client.get(f"/organiser/s/{ground.slug}/export").words
    refused = client.post(f"/organiser/s/{ground.slug}/export", expect=409)
    assert "nobody sees answers before the round is closed" in refused.words


def test_a_closed_round_can_be_taken_home(client: JudgingClient, ground: Ground, tmp_path: Path) -> None:
    ground.sit_down()
    ground.close()
    sign_in(client)
    client.get(f"/organiser/s/{ground.slug}/export")
    package = client.submit(action="/export", expect=200)
    assert "attachment" in package.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(package.response.get_data())) as archive:
        assert any(name.endswith("answers-long.csv") for name in archive.namelist())
    package.response.close()
    with ground.database.reading() as session:
        actors = session.execute(select(AuditEntry.actor).where(AuditEntry.act.contains("export"))).scalars()
        assert EMAIL in list(actors)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_reading_pages_changes_nothing(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    before = [count(ground.database, table) for table in (WebSession, AuditEntry, Throttle)]
    for url in ("/organiser/", f"/organiser/s/{ground.slug}", "/organiser/sign-in"):
        client.get(url, expect=303 if url.endswith("sign-in") else 200)
    assert [count(ground.database, table) for table in (WebSession, AuditEntry, Throttle)] == before
