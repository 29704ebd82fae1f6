"""The first start: a link, printed where the program was started, makes the first account."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.errors import Refused, Sentence
from surveyapp.models import Organiser
from surveyapp.services import accounts, one_time
from surveyapp.services.one_time import Purpose

LASTS = timedelta(hours=24)


def count_organisers(session: Session) -> int:
    """How many accounts there are, switched off or not."""
    return session.execute(select(func.count()).select_from(Organiser)).scalar_one()


def offer_set_up(session: Session, *, now: datetime, actor: str) -> str | None:
    """A secret that makes the first account, or None when there is one. Earlier ones stop working."""
    if count_organisers(session):
        return None
    one_time.take_back(session, purpose=Purpose.SET_UP, now=now)
    return one_time.issue(session, purpose=Purpose.SET_UP, lasts=LASTS, now=now, actor=actor)


def set_up(
    session: Session, *, secret: str, email: str, password: str, password_hash: str, now: datetime
) -> int:
    """Make the first account and return its number.

    Raises NotFound for a link that opens nothing, Refused when somebody was first, InputError with every
    problem of address and password.
    """
    one_time.use(session, secret=secret, purpose=Purpose.SET_UP, now=now)
    if count_organisers(session):
        raise Refused(
            Sentence("There is an account already. Please sign in, or ask its owner to invite you.")
        )
    return accounts.add_organiser(
        session, email=email, password=password, password_hash=password_hash, now=now, actor=email
    )
