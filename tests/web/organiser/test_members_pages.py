"""The pages about people: members, invitations, the level of anonymity, the custodian's look-up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from surveyapp.models import AuditEntry, Identity, Panellist, Study, WebSession
from surveyapp.services import accounts
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import PASSWORD, add_organiser
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

OWNER = "owner@example.org"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study before its first round, with an owner."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    add_organiser(database, OWNER, study_id=ground.study_id)
    return ground


def sign_in(client: JudgingClient, email: str = OWNER) -> None:
    client.get("/organiser/sign-in")
    client.submit({"email": email, "password": PASSWORD}, action="sign-in")


def invite(client: JudgingClient, email: str, role: str) -> str:
    client.get("/organiser/s/fruit/members")
    page = client.submit({"email": email, "role": role}, action="/members", expect=200)
    return page.words_of(page.find("code", class_="secret"))


def test_from_an_invitation_to_work(app: Flask, client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    link = invite(client, "new@example.org", "analyst")
    assert link.startswith("http://127.0.0.1:8000/organiser/l/")
    assert link not in client.get("/organiser/s/fruit/members").text, "it is shown once"
    guest = JudgingClient(app, client.base_url)
    page = guest.get(link.removeprefix("http://127.0.0.1:8000"))
    assert "owner@example.org asks you to work on a study" in page.words
    assert "A small study" in page.words
    guest.submit({"password": "short"}, action="/join-new", expect=422)
    guest.submit({"password": PASSWORD}, action="/join-new")
    assert "A small study" in guest.get("/organiser/").words
    guest.get("/organiser/s/fruit/export")
    guest.get("/organiser/s/fruit/members", expect=403)
    page = client.get("/organiser/s/fruit/members")
    assert "new@example.org" in page.words
    assert not page.find_all("h2", id="invitations")


def test_an_invitation_to_somebody_with_an_account(
    app: Flask, client: JudgingClient, ground: Ground, database: Database
) -> None:
    add_organiser(database, "there@example.org")
    add_organiser(database, "other@example.org")
    sign_in(client)
    path = invite(client, "there@example.org", "moderator").removeprefix("http://127.0.0.1:8000")
    guest = JudgingClient(app, client.base_url)
    assert not guest.get(path).find_all("input", name="password"), "an account is not taken over by a link"
    guest.post("/organiser/l/join-new", {"secret": path.rpartition("/")[2], "password": PASSWORD}, expect=409)
    sign_in(guest, "other@example.org")
    guest.get(path)
    refused = guest.submit(action="/l/join", expect=409)
    assert "This invitation is for there@example.org" in refused.words
    guest.get("/organiser/")
    guest.submit(action="/organiser/sign-out")
    sign_in(guest, "there@example.org")
    guest.get(path)
    guest.submit(action="/l/join")
    guest.get("/organiser/s/fruit/members", expect=403)
    guest.get(path, expect=404)


def test_sec_10_an_invitation_names_the_configured_host(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    page = client.get("/organiser/s/fruit/members")
    sent = {**page.read_form(page.find_form("/members")), "email": "new@example.org"}
    reply = client.post(
        "/organiser/s/fruit/members",
        sent,
        expect=200,
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )
    assert "evil.example" not in reply.text
    assert "http://127.0.0.1:8000/organiser/l/" in reply.text


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_wrong_invitations_say_so_and_keep_what_was_typed(client: JudgingClient, ground: Ground) -> None:
    sign_in(client)
    client.get("/organiser/s/fruit/members")
    page = client.submit({"email": "no address"}, action="/members", expect=422)
    assert page.find("input", name="email").get("value") == "no address"
    assert "is not an e-mail address" in page.words
    page = client.submit({"email": OWNER}, action="/members", expect=409)
    assert "works on this study already" in page.words
    page = client.submit({"email": "x@example.org", "role": "king"}, action="/members", expect=422)


def test_roles_are_changed_and_an_owner_stays(
    client: JudgingClient, ground: Ground, database: Database
) -> None:
    other = add_organiser(database, "other@example.org", study_id=ground.study_id, role="observer")
    sign_in(client)
    page = client.get("/organiser/s/fruit/members")
    mine = next(
        form.get("action", "")
        for form in page.find_all("form")
        if form.get("action", "").endswith("/role") and f"/{other}/" not in form.get("action", "")
    )
    page = client.submit({"role": "observer"}, action=mine, expect=409)
    assert "A study must have an owner" in page.words
    client.submit(action=mine.replace("/role", "/remove"), expect=409)
    client.submit({"role": "owner"}, action=f"/{other}/role")
    client.get("/organiser/s/fruit/members")
    assert client.submit({"role": "custodian"}, action=mine).location == "/organiser/"
    client.get("/organiser/s/fruit/members", expect=403)
    client.get("/organiser/s/fruit/lookup")


def test_sec_34_members_of_other_studies_are_out_of_reach(
    client: JudgingClient, ground: Ground, database: Database, tmp_path: Path
) -> None:
    foreign = lay_ground(database, load_text(SMALL, tmp_path), slug="foreign", is_open=False)
    stranger = add_organiser(database, "stranger@example.org", study_id=foreign.study_id)
    sign_in(client)
    client.get("/organiser/s/fruit/members")
    for act in ("role", "remove"):
        client.post(f"/organiser/s/fruit/members/{stranger}/{act}", {"role": "observer"}, expect=404)
        client.get("/organiser/s/fruit/members")
        client.post(f"/organiser/s/foreign/members/{stranger}/{act}", {"role": "observer"}, expect=404)
        client.get("/organiser/s/fruit/members")
    for number in ("99999999999999999999", "-1", "1e3", "١", "0x1", "%201"):
        client.post(f"/organiser/s/fruit/members/{number}/remove", expect=404)
        client.get("/organiser/s/fruit/members")
    client.post("/organiser/s/fruit/members/invitations/guessed/withdraw", expect=404)


def test_the_level_is_chosen_until_somebody_answers(
    client: JudgingClient, ground: Ground, database: Database
) -> None:
    sign_in(client)
    client.get("/organiser/s/fruit/members")
    client.submit({"level": "blind"}, action="/anonymity")
    page = client.get("/organiser/s/fruit/members")
    assert page.find("input", name="level", value="blind").get("checked") is not None
    client.get("/organiser/s/fruit/lookup", expect=403)
    with database.verb() as session:
        session.execute(update(Study).values(protocol_number=1))
    page = client.get("/organiser/s/fruit/members")
    assert not page.find_all("input", name="level")
    client.post("/organiser/s/fruit/members/anonymity", {"level": "attributed"}, expect=409)


def test_prv_09_a_look_needs_a_reason_and_a_fresh_confirmation(
    client: JudgingClient, ground: Ground, database: Database
) -> None:
    with database.verb() as session:
        seat = ground.panel[0].panellist_id
        session.add(
            Identity(
                study_id=ground.study_id,
                panellist_id=seat,
                name="Ada <b>",
                email="ada@example.org",
                email_key="ada@example.org",
            )
        )
        pseudonym = session.scalar(select(Panellist.pseudonym).where(Panellist.id == seat)) or ""
    sign_in(client)
    client.get("/organiser/s/fruit/lookup")
    page = client.submit({"sought": pseudonym, "reason": "because"}, action="/lookup", expect=422)
    assert "Ada" not in page.words
    assert page.find("input", name="sought").get("value") == pseudonym
    page = client.submit({"reason": "asked to see the own answers"}, action="/lookup", expect=200)
    assert "Ada <b>" in page.words
    assert "Ada" not in client.get("/organiser/s/fruit/lookup").words
    page = client.submit(
        {"sought": "P-2", "reason": "asked to see the own answers"}, action="/lookup", expect=200
    )
    assert "Nobody on this panel" in page.words
    with database.verb() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.act == "identity.look_up")).all()
        assert [entry.actor for entry in entries] == [OWNER, OWNER]
        long_ago = read_now(session) - accounts.CONFIRMED_FOR
        session.execute(update(WebSession).values(confirmed_at=long_ago))
    client.get("/organiser/s/fruit/lookup")
    page = client.submit(
        {"sought": pseudonym, "reason": "asked to see the own answers"}, action="/lookup", expect=403
    )
    assert "Is it still you?" in page.words
    assert "Ada" not in page.words
