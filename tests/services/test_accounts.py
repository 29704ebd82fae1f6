"""Organisers' accounts: passwords, sessions, and who may see what."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from argon2 import Type
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, Refused, TooManyTries
from surveyapp.models import AuditEntry, Organiser, WebSession
from surveyapp.services import accounts, throttling
from surveyapp.services.doors import hash_cookie
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support import sparing
from tests.support.studies import SMALL, lay_ground, load_text

EMAIL = "jane@example.org"
PASSWORD = "пароль, which is long 🗝"
HASH = accounts.hash_password(PASSWORD)


def add(database: Database, email: str = EMAIL, password: str = PASSWORD) -> None:
    with database.verb() as session:
        accounts.add_organiser(
            session,
            email=email,
            password=password,
            password_hash=HASH,
            now=read_now(session),
            actor="test",
        )


def try_sign_in(database: Database, email: str = EMAIL, password: str = PASSWORD) -> str | None:
    with database.reading() as session:
        credentials = accounts.find_credentials(session, email=email)
    if not accounts.is_password(credentials, password=password):
        return None
    with database.verb() as session:
        return accounts.start_session(session, credentials=credentials, now=read_now(session))


def is_signed_in(database: Database, cookie: str) -> bool:
    with database.reading() as session:
        return accounts.find_signed_in(session, id_hash=hash_cookie(cookie)) is not None


def test_only_the_right_password_signs_in(database: Database) -> None:
    add(database)
    add(database, "other@example.org")
    assert try_sign_in(database, password="wrong") is None
    assert try_sign_in(database, email="nobody@example.org") is None
    cookie = try_sign_in(database, email="JANE@EXAMPLE.ORG")
    assert cookie is not None
    with database.reading() as session:
        signed_in = accounts.find_signed_in(session, id_hash=hash_cookie(cookie))
        assert signed_in is not None
        assert signed_in.email == EMAIL
        stored = [
            *session.execute(select(Organiser.password_hash)).all(),
            *session.execute(select(WebSession.id_hash, WebSession.csrf_secret)).all(),
        ]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "organiser.sign_in")).one()
    assert entry.actor == EMAIL
    assert not any(secret in str(row) for row in stored for secret in (PASSWORD, cookie))


def test_a_session_ends_by_itself(database: Database) -> None:
    add(database)
    cookie = try_sign_in(database)
    assert cookie is not None
    assert is_signed_in(database, cookie)
    with database.verb() as session:
        session.execute(update(WebSession).values(expires_at=read_now(session) - timedelta(seconds=1)))
    assert not is_signed_in(database, cookie)


@pytest.mark.parametrize("act", ["password", "disable", "sign_out"])
def test_sec_14_a_session_ends_at_once(database: Database, act: str) -> None:
    add(database)
    cookie = try_sign_in(database)
    assert cookie is not None
    with database.verb() as session:
        now = read_now(session)
        if act == "password":
            accounts.set_password(session, email=EMAIL, password_hash=HASH, now=now, actor="test")
        elif act == "disable":
            accounts.disable(session, email=EMAIL, now=now, actor="test")
        else:
            accounts.sign_out(session, id_hash=hash_cookie(cookie))
    assert not is_signed_in(database, cookie)
    assert (try_sign_in(database) is None) == (act == "disable")


def test_a_password_changed_in_between_signs_nobody_in(database: Database) -> None:
    add(database)
    with database.reading() as session:
        credentials = accounts.find_credentials(session, email=EMAIL)
    new_hash = accounts.hash_password("another long password")
    with database.verb() as session:
        accounts.set_password(
            session, email=EMAIL, password_hash=new_hash, now=read_now(session), actor="test"
        )
    with pytest.raises(Refused), database.verb() as session:
        accounts.start_session(session, credentials=credentials, now=read_now(session))


@pytest.mark.parametrize(
    ("email", "password", "problems"),
    [
        (EMAIL, "short", 1),
        (EMAIL, "password123", 1),
        (EMAIL, "aaaaaaaaaaaa", 1),
        (EMAIL, "x" * 1001 + "yz", 1),
        (EMAIL, EMAIL, 1),
        ("nobody", "short", 2),
    ],
)
def test_bad_accounts_are_refused_with_every_problem(
    database: Database, email: str, password: str, problems: int
) -> None:
    with pytest.raises(InputError) as caught:
        add(database, email, password)
    assert len(caught.value.problems) == problems


def test_one_address_has_one_account(database: Database) -> None:
    add(database)
    with pytest.raises(Refused, match="already"):
        add(database, EMAIL.upper())


def test_long_passwords_are_not_even_compared(database: Database) -> None:
    add(database)
    assert try_sign_in(database, password=PASSWORD + "x" * 2000) is None


def test_an_organiser_sees_the_own_studies_only(database: Database, tmp_path: Path) -> None:
    questionnaire = load_text(SMALL, tmp_path)
    for slug in ("mine", "theirs"):
        lay_ground(database, questionnaire, slug=slug)
    add(database)
    add(database, "other@example.org")
    with database.verb() as session:
        now = read_now(session)
        other = "other@example.org"
        for email, slug, role in (
            (EMAIL, "mine", "organiser"),
            (EMAIL, "mine", "owner"),
            (other, "theirs", "owner"),
        ):
            study = get_study(session, slug=slug)
            accounts.grant(session, email=email, study=study, role=role, now=now, actor="test")
        organiser_id = session.execute(select(Organiser.id).where(Organiser.email == EMAIL)).scalar_one()
    with database.reading() as session:
        assert [s.slug for s in accounts.list_studies_of(session, organiser_id=organiser_id)] == ["mine"]
        assert accounts.find_study_of(session, organiser_id=organiser_id, slug="mine") is not None
        assert accounts.find_study_of(session, organiser_id=organiser_id, slug="theirs") is None


def test_acts_on_an_account_that_is_not_there(database: Database) -> None:
    with pytest.raises(NotFound, match="organiser add"), database.verb() as session:
        accounts.disable(session, email=EMAIL, now=read_now(session), actor="test")


def test_tries_are_counted_per_purpose_and_subject(database: Database) -> None:
    with database.reading() as session:
        now = read_now(session)

    def count(purpose: str, subject: str, now: datetime = now) -> int:
        with database.verb() as session:
            return throttling.count(
                session, purpose=purpose, subject=subject, limit=3, window_seconds=900, now=now
            )

    assert [count("link", "a") for _ in range(3)] == [1, 2, 3]
    with pytest.raises(TooManyTries) as caught:
        count("link", "a")
    assert 0 < caught.value.retry_after <= 901
    assert count("sign-in", "a") == 1
    assert count("link", "b") == 1
    with pytest.raises(TooManyTries):
        count("link", "a")
    assert count("link", "a", now + timedelta(seconds=901)) == 1


def test_what_is_counted_is_stored_as_a_keyed_hash() -> None:
    hidden = throttling.hide(b"key", "jane@example.org")
    assert "jane" not in hidden
    assert hidden == throttling.hide(b"key", "jane@example.org")
    assert hidden != throttling.hide(b"other key", "jane@example.org")


@pytest.mark.parametrize("password", ["Password1", "corvette", "a1a2a3a4a5", "Sommer2026", "surveyapp123"])
def test_passwords_that_others_try_first_are_refused(password: str) -> None:
    problem = accounts.find_password_problem(password)
    assert problem is not None
    assert "others try" in str(problem)
    assert accounts.find_password_problem(f"{password}-and-a-few-more-words") is None


def test_a_real_password_is_dear_to_guess() -> None:
    """At least what OWASP asks of Argon2id; tests themselves hash at no cost."""
    usual = sparing.USUAL_HASHER
    assert usual.type is Type.ID
    assert usual.memory_cost >= 19 * 1024
    assert usual.time_cost >= 2
