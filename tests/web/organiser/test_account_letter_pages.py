"""Pages that have letters about accounts sent: a forgotten password, an invitation, a change of one's own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from surveyapp.mail.transport import Memory
from surveyapp.models import Job
from surveyapp.services.account_letters.sending import send_account_letter
from surveyapp.services.letters.office import make_office
from surveyapp.services.unit import Database
from tests.support.accounts import EMAIL, PASSWORD, add_organiser, sign_in
from tests.support.judging import JudgingClient
from tests.support.mailing import read
from tests.support.studies import SMALL, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

    from config import Config

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def config(config: Config) -> Config:
    """An installation with a mail server."""
    return replace(config, smtp_host="mail.example.org", mail_from="delphi@example.org")


def send(database: Database, config: Config) -> list[tuple[str, str, str]]:
    """What the worker sends now: recipient, subject and plain text."""
    memory = Memory()
    office = replace(make_office(config), transport=memory)
    while send_account_letter(database, office) is not None:
        pass
    found = []
    for letter in memory.letters:
        message = read(letter.content)
        part = message.get_body(("plain",))
        assert part is not None
        found.append((letter.recipient, str(message["Subject"]), part.get_content()))
    return found


def path_in(text: str) -> str:
    """The path of the one-time link, which begins with the configured address."""
    [path] = re.findall(r"http://127\.0\.0\.1:8000(/organiser/l/[\w-]+)", text)
    return str(path)


def test_from_a_forgotten_password_to_a_new_one(
    client: JudgingClient, database: Database, config: Config
) -> None:
    add_organiser(database, EMAIL)
    client.http.set_cookie("surveyapp-language", "de", domain="127.0.0.1", path="/organiser")
    for email in ("nobody@example.org", EMAIL.upper()):
        client.get("/organiser/forgotten")
        page = client.submit({"email": email}, action="/forgotten", follow=True)
        assert "ist eine E-Mail mit einem Link unterwegs" in page.words
    send_account_letter(database, replace(make_office(config), transport=Memory()))
    client.http.delete_cookie("surveyapp-language", domain="127.0.0.1", path="/organiser")
    [(to, subject, text)] = send(database, config)
    assert (to, subject) == (EMAIL, "Ein neues Passwort für 127.0.0.1")
    client.get(path_in(text))
    client.submit({"password": "a new and long passphrase"}, action="/reset", expect=200)
    sign_in(client, password="a new and long passphrase")
    [(to, subject, _)] = send(database, config)
    assert (to, subject) == (EMAIL, "Your password at 127.0.0.1 was changed")


def test_an_invitation_by_letter_is_shown_to_nobody_else(
    app: Flask, client: JudgingClient, database: Database, config: Config, tmp_path: Path
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    add_organiser(database, EMAIL, study_id=ground.study_id)
    sign_in(client)
    members = f"/organiser/s/{ground.slug}/members"
    client.get(members)
    sent = {"email": "new@example.org", "role": "analyst", "way": "letter", "language": "de"}
    page = client.submit(sent, action="/members", follow=True)
    assert "letter on its way" in page.words
    assert "/organiser/l/" not in page.text
    [(to, subject, text)] = send(database, config)
    assert (to, subject) == ("new@example.org", "Einladung zur Mitarbeit an „A small study“")
    assert "letter sent" in client.get(members).words
    guest = JudgingClient(app, client.base_url)
    guest.get(path_in(text))
    guest.submit({"password": PASSWORD}, action="/join-new")
    assert "A small study" in guest.get("/organiser/").words

    client.get(members)
    shown = client.submit(
        {"email": "other@example.org", "role": "analyst", "way": "shown"}, action="/members", expect=200
    )
    assert "/organiser/l/" in shown.words_of(shown.find("code", class_="secret"))
    assert send(database, config) == []
    assert "letter" not in client.get(members).words.partition("Invite somebody")[0]


def test_a_letter_that_was_refused_is_told_with_the_servers_words(
    client: JudgingClient, database: Database, tmp_path: Path
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    add_organiser(database, EMAIL, study_id=ground.study_id)
    sign_in(client)
    members = f"/organiser/s/{ground.slug}/members"
    client.get(members)
    client.submit({"email": "new@example.org", "role": "analyst"}, action="/members")
    with database.verb() as session:
        job = session.scalars(select(Job)).one()
        job.error, job.done_at = "550 <no such mailbox>", job.run_at
    assert "letter not sent: 550 <no such mailbox>" in client.get(members).words
