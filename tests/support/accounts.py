"""Organisers for tests: accounts with a password that was hashed once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pyotp
from sqlalchemy import func, select

from surveyapp.models import Study
from surveyapp.services import accounts, recovery_codes
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient

if TYPE_CHECKING:
    from flask import Flask

PASSWORD = "a long enough passphrase"
EMAIL = "jane@example.org"
COOKIE = "surveyapp-organiser"


@cache
def password_hash() -> str:
    """The hash of PASSWORD, made once per run: it is slow on purpose."""
    return accounts.hash_password(PASSWORD)


def add_organiser(database: Database, email: str, *, study_id: int | None = None, role: str = "owner") -> int:
    """An account, a member of a study where one is named; returns its number."""
    with database.verb() as session:
        now = read_now(session)
        organiser_id = accounts.add_organiser(
            session,
            email=email,
            password=PASSWORD,
            password_hash=password_hash(),
            now=now,
            actor="test",
        )
        if study_id is not None:
            study = session.get_one(Study, study_id)
            accounts.grant(session, email=email, study=study, role=role, now=now, actor="test")
    return organiser_id


def sign_in(client: JudgingClient, email: str = EMAIL, password: str = PASSWORD, expect: int = 303) -> str:
    """Through the page; returns where it leads."""
    client.get("/organiser/sign-in")
    return client.submit({"email": email, "password": password}, action="sign-in", expect=expect).location


def value_of(client: JudgingClient, name: str = COOKIE) -> str:
    """What a cookie of the visitor holds."""
    cookie = client.http.get_cookie(name, domain="127.0.0.1")
    assert cookie is not None
    return cookie.value


def count(database: Database, table: type) -> int:
    """How many rows a table has."""
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def set_up_app(client: JudgingClient, app: Flask) -> pyotp.TOTP:
    """Through the pages, with the code of the half minute before, so that the present one is left."""
    client.get("/organiser/account")
    client.submit(action="/account/authenticator")
    page = client.get("/organiser/account/authenticator")
    made = pyotp.TOTP(page.words_of(page.find("code", class_="secret")).replace(" ", ""))
    with app.extensions["surveyapp.database"].reading() as session:
        moment = read_now(session)
    shown = client.submit({"code": made.at(moment, counter_offset=-1)}, action="/confirm", expect=200)
    assert len(shown.find_all("code")) == recovery_codes.CODES
    return made
