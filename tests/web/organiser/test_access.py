"""Who gets where (SEC-30): every address of the organiser's part × every role × own and foreign studies.

The addresses come from the application; what is expected of them is written down here, so that a new one
without a line fails, and so does a right that changed without anybody saying so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask_wtf.csrf import generate_csrf
from sqlalchemy import update
from werkzeug.routing import Rule

from surveyapp.models import Membership, Organiser, Study, WebSession
from surveyapp.services import accounts
from surveyapp.services.doors import hash_cookie
from surveyapp.services.permissions import Right, Role
from surveyapp.services.unit import Database, read_now
from surveyapp.web.organiser import permissions
from surveyapp.web.security import stamped
from tests.support.judging import JudgingClient
from tests.support.studies import SMALL, Ground, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

# Anybody, signed in or not.
DOORS = {
    "ask_passkey", "ask_reset", "enter", "enter_by_passkey", "follow_link", "forgotten", "give_second",
    "join_with_new_account", "reset_password", "second_step", "set_up", "sign_in",
}  # fmt: skip
# Whoever is signed in.
OWN = {
    "account", "add_passkey", "ask_new_passkey", "authenticator", "begin_authenticator", "change_password",
    "choose_language",
    "confirm", "confirm_authenticator", "end_other_sessions", "end_session", "give_confirmation", "join",
    "password", "remove_authenticator", "remove_passkey", "rename_passkey", "renew_recovery_codes",
    "sign_out", "studies", "new_study", "begin_study",
}  # fmt: skip
# Addresses of a study, and what somebody needs there.
STUDY = {
    "study": "progress",
    "progress": "progress",
    "export": "export",
    "make_export": "export",
    "rounds": "progress",
    "open_round": "rounds",
    "schedule_round": "rounds",
    "extend_round": "rounds",
    "close_round": "rounds",
    "reopen_round": "rounds",
    "cancel_round": "rounds",
    "admit_late": "rounds",
    "wording": "progress",
    "wording_text": "rounds",
    "correct_text": "rounds",
    "results_latest": "results",
    "results": "results",
    "result": "results",
    "attrition_latest": "results",
    "attrition": "results",
    "reasons_latest": "reasons",
    "reasons": "reasons",
    "gather_reasons": "reasons",
    "set_aside_empty": "reasons",
    "reasons_on": "reasons",
    "handle_reasons": "reasons",
    "redact_reason": "reasons",
    "write_item_summary": "reasons",
    "themes": "reasons",
    "take_reasons": "reasons",
    "bring_reasons": "reasons",
    "change_themes": "reasons",
    "replies_latest": "reasons",
    "replies": "reasons",
    "moderate": "reasons",
    "proposals_latest": "reasons",
    "proposals": "reasons",
    "proposals_alike": "reasons",
    "gather_proposals": "reasons",
    "handle_proposals": "reasons",
    "redact_proposal": "reasons",
    "take_proposals": "reasons",
    "bring_proposals": "decide",
    "item_of_proposals": "decide",
    "make_item_of_proposals": "decide",
    "decisions_latest": "decide",
    "decisions": "decide",
    "decide_as_proposed": "decide",
    "decision": "decide",
    "decide": "decide",
    "take_back": "decide",
    "new_item": "decide",
    "add_item": "decide",
    "release_latest": "rounds",
    "release": "rounds",
    "draft_release": "rounds",
    "release_round": "rounds",
    "preview_as": "results",
    "preview": "results",
    "protocol": "progress",
    "protocol_source": "progress",
    "set_protocol": "set_up",
    "lock_protocol": "set_up",
    "protocol_form": "set_up",
    "write_protocol": "set_up",
    "protocol_summary": "set_up",
    "amend_protocol": "set_up",
    "audit": "audit",
    "audit_file": "audit",
    "jobs": "jobs",
    "run_again": "jobs",
    "panel": "panel",
    "panel_import": "identities",
    "import_panel": "identities",
    "panellist": "panel",
    "personal_words": "panel",
    "change_panellist": "identities",
    "make_panellist_link": "identities",
    "invite_panellist": "identities",
    "withdraw_panellist": "identities",
    "registration": "identities",
    "registration_qr": "identities",
    "change_registration": "identities",
    "decide_requests": "identities",
    "erase_panellist": "erase",
    "keep_names": "erase",
    "preview_questionnaire": "set_up",
    "preview_page_of": "set_up",
    "walk_preview": "set_up",
    "settings": "set_up",
    "change_settings": "set_up",
    "copying": "set_up",
    "copy_study": "set_up",
    "rehearsal": "set_up",
    "rehearsal_progress": "set_up",
    "start_rehearsal": "set_up",
    "remove_rehearsal": "set_up",
    "study_end": "delete",
    "archive_study": "delete",
    "unarchive_study": "delete",
    "delete_study": "delete",
    "keep_study": "delete",
    "members": "members",
    "invite_member": "members",
    "withdraw_invitation": "members",
    "change_member": "members",
    "remove_member": "members",
    "change_anonymity": "members",
    "letters": "letters",
    "set_letter_automatic": "letters",
    "set_reminders": "letters",
    "letter": "letters",
    "write_letter": "letters",
    "test_letter": "letters",
    "letter_recipients": "letters",
    "send_letter": "letters",
    "outbox": "letters",
    "change_outbox": "letters",
    "lookup": "identities",
    "look_up": "identities",
}
# The same once more, apart from the program: who may do what where everybody sees what the role says, …
MAY = {
    "progress": "owner organiser analyst custodian observer",
    "set_up": "owner organiser",
    "panel": "owner organiser custodian",
    "identities": "owner organiser custodian",
    "letters": "owner organiser custodian",
    "rounds": "owner organiser",
    "results": "owner organiser analyst",
    "reasons": "owner organiser moderator",
    "decide": "owner organiser",
    "export": "owner organiser analyst",
    "audit": "owner organiser",
    "jobs": "owner organiser",
    "members": "owner",
    "delete": "owner",
    "erase": "owner custodian",
}
# … and where organisers are blind: nobody sees names and answers.
BLIND = {**MAY, "identities": "custodian", "erase": "custodian"}


@dataclass(frozen=True)
class People:
    """One signed-in member per role, all in one study, and one of another study."""

    ground: Ground
    cookies: dict[str, str]


def sign_in(database: Database, email: str, study_id: int, role: str) -> str:
    with database.verb() as session:
        now = read_now(session)
        organiser = Organiser(email=email, email_key=email, password_hash="none", created_at=now)
        session.add(organiser)
        session.flush()
        session.add(Membership(study_id=study_id, organiser_id=organiser.id, role=role))
        credentials = accounts.Credentials(organiser_id=organiser.id, password_hash="none")
        cookie = accounts.start_session(session, credentials=credentials, now=now)
        found = accounts.find_signed_in(session, id_hash=hash_cookie(cookie))
        assert found is not None
        return stamped(cookie, found.csrf_secret, now.timestamp())


@pytest.fixture
def people(database: Database, tmp_path: Path) -> People:
    questionnaire = load_text(SMALL, tmp_path)
    ground = lay_ground(database, questionnaire, slug="own")
    other = lay_ground(database, questionnaire, slug="foreign")
    cookies = {role.value: sign_in(database, f"{role}@example.org", ground.study_id, role) for role in Role}
    cookies["stranger"] = sign_in(database, "stranger@example.org", other.study_id, "owner")
    return People(ground, cookies)


def list_rules(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """Every endpoint and method of the organiser's part."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("organiser."):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule.endpoint.removeprefix("organiser."), method, rule


def build(app: Flask, rule: Rule, slug: str) -> str:
    """An address that fits the rule."""
    values = {name: "1" if f":{name}>" in rule.rule else "x" for name in rule.arguments}
    built = app.url_map.bind("x").build(
        rule.endpoint, {**values, **({"slug": slug} if "slug" in values else {})}
    )
    assert isinstance(built, str)
    return built


def knock(client: JudgingClient, method: str, url: str, cookie: str | None, token: str = "") -> int:
    """What the guard says; 299 stands for being let in."""
    client.http.delete_cookie("surveyapp-organiser", domain="127.0.0.1")
    if cookie is not None:
        client.http.set_cookie("surveyapp-organiser", cookie, domain="127.0.0.1")
    reply = client.http.open(
        url,
        method=method,
        base_url=client.base_url,
        data={"csrf_token": token} if method != "GET" else None,
        headers={"Origin": client.base_url},
    )
    return reply.status_code


@pytest.fixture
def let_in(app: Flask) -> Flask:
    """The application with every page replaced by a nod: only the guard is tested, and nothing happens."""
    for endpoint in app.view_functions:
        if endpoint.startswith("organiser."):
            app.view_functions[endpoint] = lambda **_: ("in", 299)
    # Whether a token is asked for is a question of its own, below.
    app.config["WTF_CSRF_FIELD_NAME"] = "csrf_token"
    return app


def token_of(app: Flask, client: JudgingClient, cookie: str) -> str:
    """A token of the session behind the cookie."""
    with app.test_request_context(
        "/organiser/", base_url=client.base_url, headers={"Cookie": f"surveyapp-organiser={cookie}"}
    ):
        app.preprocess_request()
        return str(generate_csrf())


def test_sec_30_every_address_has_its_line(app: Flask) -> None:
    there = {name for name, _, _ in list_rules(app)}
    assert there == DOORS | OWN | set(STUDY)
    assert permissions.OPEN == DOORS
    assert permissions.SIGNED_IN == OWN
    assert {name: right.value for name, right in permissions.IN_STUDY.items()} == STUDY
    assert set(MAY) == {right.value for right in Right}
    assert OWN | set(STUDY) >= permissions.CONFIRMED


@pytest.mark.parametrize("level", ["confidential", "blind"])
@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_30_who_gets_where(let_in: Flask, client: JudgingClient, people: People, level: str) -> None:
    with people.ground.database.verb() as session:
        session.execute(update(Study).values(anonymity=level))
    tokens = {who: token_of(let_in, client, cookie) for who, cookie in people.cookies.items()}
    may = BLIND if level == "blind" else MAY
    wrong = []
    for (name, method, rule), who in itertools.product(list_rules(let_in), [*people.cookies, "nobody"]):
        for slug in ("own", "foreign", "missing") if "slug" in rule.arguments else ("-",):
            if name in DOORS:
                expected = 299
            elif who == "nobody":
                expected = 303
            elif name in OWN:
                expected = 299
            elif slug != ("foreign" if who == "stranger" else "own"):
                expected = 404
            elif who == "stranger":
                expected = 299 if "owner" in may[STUDY[name]].split() else 403
            else:
                expected = 299 if who in may[STUDY[name]].split() else 403
            got = knock(
                client, method, build(let_in, rule, slug), people.cookies.get(who), tokens.get(who, "")
            )
            if (got, name, who) == (303, "study", "moderator") and expected == 403:
                # To the first page that is theirs: the overview is where everybody arrives.
                continue
            if got != expected:
                wrong.append(f"{who} {method} {name} ({slug}): {got}, not {expected}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_26_no_act_without_the_sessions_own_token(
    let_in: Flask, client: JudgingClient, people: People
) -> None:
    cookie = people.cookies["owner"]
    other = token_of(let_in, client, people.cookies["organiser"])
    for name, method, rule in list_rules(let_in):
        if method == "GET" or name in DOORS:
            continue
        for token in ("", "forged", other):
            assert knock(client, method, build(let_in, rule, "own"), cookie, token) == 400, (name, token)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_27_no_act_and_no_door_from_another_site(
    let_in: Flask, client: JudgingClient, people: People
) -> None:
    token = token_of(let_in, client, people.cookies["owner"])
    client.http.set_cookie("surveyapp-organiser", people.cookies["owner"], domain="127.0.0.1")
    for name, method, rule in list_rules(let_in):
        if method == "GET":
            continue
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            reply = client.http.open(
                build(let_in, rule, "own"),
                method=method,
                base_url=client.base_url,
                data={"csrf_token": token},
                headers=headers,
            )
            assert reply.status_code == 403, (name, headers)


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_changing_who_can_sign_in_takes_a_fresh_confirmation(
    let_in: Flask, client: JudgingClient, people: People
) -> None:
    cookie = people.cookies["owner"]
    token = token_of(let_in, client, cookie)
    with people.ground.database.verb() as session:
        long_ago = read_now(session) - accounts.CONFIRMED_FOR
        session.execute(update(WebSession).values(confirmed_at=long_ago))
    for name, method, rule in list_rules(let_in):
        if name in DOORS:
            continue
        expected = 299 if name not in permissions.CONFIRMED else 303 if method == "GET" else 403
        assert knock(client, method, build(let_in, rule, "own"), cookie, token) == expected, name


def test_sec_37_a_role_counts_from_the_next_request_on(
    let_in: Flask, client: JudgingClient, people: People
) -> None:
    cookie = people.cookies["analyst"]
    assert knock(client, "GET", "/organiser/s/own/export", cookie) == 299
    with people.ground.database.verb() as session:
        session.execute(update(Membership).where(Membership.role == "analyst").values(role="observer"))
    assert knock(client, "GET", "/organiser/s/own/export", cookie) == 403
    with people.ground.database.verb() as session:
        for each in session.query(Membership).filter_by(role="observer"):
            session.delete(each)
    assert knock(client, "GET", "/organiser/s/own/export", cookie) == 404


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_sec_17_a_seat_and_an_organiser_are_never_mixed(
    let_in: Flask, client: JudgingClient, people: People
) -> None:
    client.get(f"/l/{people.ground.panel[0].token}")
    client.submit(action="/l/start")
    seat = client.http.get_cookie("surveyapp-seat", domain="127.0.0.1")
    assert seat is not None
    assert knock(client, "GET", "/organiser/s/own", seat.value) == 303
    client.http.delete_cookie("surveyapp-seat", domain="127.0.0.1")
    client.http.set_cookie("surveyapp-seat", people.cookies["owner"], domain="127.0.0.1")
    client.get("/s/own/p/consent", 403)
