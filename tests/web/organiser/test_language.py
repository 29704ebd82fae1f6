"""The organiser's pages speak what the browser asks for, or what was chosen in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from surveyapp.models import Panellist
from surveyapp.services import accounts
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient, Page
from tests.support.studies import SMALL, Ground, lay_ground, load_text

EMAIL = "jane@example.org"
PASSWORD = "a long enough passphrase"
PASSWORD_HASH = accounts.hash_password(PASSWORD)


@pytest.fixture
def ground(database: Database, tmp_path: Path, client: JudgingClient) -> Ground:
    """A study, and somebody who is signed in."""
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    with database.verb() as session:
        accounts.add_organiser(
            session,
            email=EMAIL,
            password=PASSWORD,
            password_hash=PASSWORD_HASH,
            now=read_now(session),
            actor="test",
        )
    client.get("/organiser/sign-in")
    client.submit({"email": EMAIL, "password": PASSWORD}, expect=303)
    return ground


def language_of(page: Page) -> str:
    return page.tree.get("lang", "")


def choose(client: JudgingClient, language: str, expect: int = 303) -> Page:
    client.get("/organiser/account")
    return client.submit({"language": language}, action="/organiser/account/language", expect=expect)


def test_a_chosen_language_is_spoken_until_another_is_chosen(client: JudgingClient, ground: Ground) -> None:
    page = client.get("/organiser/")
    assert (language_of(page), "Studies" in page.words) == ("en", True)
    choose(client, "de")
    page = client.get("/organiser/")
    assert (language_of(page), "Studien" in page.words) == ("de", True)
    assert "Deutsch" in client.get("/organiser/account").words
    choose(client, "")
    assert language_of(client.get("/organiser/")) == "en"


def test_a_language_that_is_not_spoken_is_refused(client: JudgingClient, ground: Ground) -> None:
    page = choose(client, "tlh", expect=422)
    assert "choose one from the list" in page.words
    assert language_of(client.get("/organiser/")) == "en"


def test_the_organisers_choice_is_not_the_experts(
    client: JudgingClient, ground: Ground, database: Database
) -> None:
    choose(client, "de")
    client.get(f"/l/{ground.panel[0].token}")
    client.submit(action="/l/start", follow=True)
    assert language_of(client.get(f"/s/{ground.slug}/p/consent")) == "en"
    with database.verb() as session:
        session.execute(update(Panellist).values(language="de"))
    page = client.get(f"/s/{ground.slug}/p/consent")
    assert (language_of(page), "Speichern und weiter" in page.text) == ("de", True)
