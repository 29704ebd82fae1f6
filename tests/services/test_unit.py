"""A unit of work that only looks: everything is done in it, and nothing of it stays."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from surveyapp.models import Organiser
from surveyapp.services.unit import Database, read_now


def add(database: Database, *emails: str, keep: bool) -> int:
    """Add accounts, and count all that there are within the same unit."""
    with database.verb(keep=keep) as session:
        now = read_now(session)
        for email in emails:
            session.add(Organiser(email=email, email_key=email, password_hash="none", created_at=now))
        return session.scalar(select(func.count()).select_from(Organiser)) or 0


def test_without_keep_everything_is_done_and_nothing_stays(database: Database) -> None:
    assert add(database, "ann@example.org", keep=False) == 1
    assert add(database, "bo@example.org", keep=True) == 1
    assert add(database, keep=True) == 1


def test_what_the_database_refuses_is_refused_without_keep_too(database: Database) -> None:
    account = {"email": "a", "email_key": "a", "password_hash": "none"}
    with pytest.raises(IntegrityError), database.verb(keep=False) as session:
        session.add_all(Organiser(**account, created_at=read_now(session)) for _ in range(2))
