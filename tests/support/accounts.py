"""Organisers for tests: accounts with a password that was hashed once."""

from __future__ import annotations

from functools import cache

from surveyapp.models import Study
from surveyapp.services import accounts
from surveyapp.services.unit import Database, read_now

PASSWORD = "a long enough passphrase"


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
