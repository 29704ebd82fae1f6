"""A forgotten password: a link, sent to the account's own address, sets a new one.

The second factor stays as it is: whoever reads somebody's mail has not got it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Sentence
from surveyapp.models import Organiser
from surveyapp.services import accounts, one_time
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record
from surveyapp.services.one_time import Purpose

LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ResetLetter:
    """What the letter about a forgotten password needs to know."""

    organiser_id: int
    email: str
    secret: str
    expires_at: datetime


def request_reset(
    session: Session, *, email: str, now: datetime, actor: str, secret: str = ""
) -> ResetLetter | None:
    """Make a link for a new password, if there is such an account; None if there is not.

    Pages must not tell that on. Only the newest link works.
    """
    row = session.execute(
        select(Organiser.id, Organiser.email).where(
            Organiser.email_key == fold_address(email), Organiser.disabled_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    one_time.take_back(session, purpose=Purpose.RESET, organiser_id=row.id, now=now)
    secret = one_time.issue(
        session,
        purpose=Purpose.RESET,
        lasts=LASTS,
        now=now,
        actor=actor,
        organiser_id=row.id,
        secret=secret,
    )
    record(session, study_id=None, now=now, actor=actor, act="organiser.reset_asked", detail={"id": row.id})
    return ResetLetter(row.id, row.email, secret, now + LASTS)


def find_reset(session: Session, *, secret: str) -> str | None:
    """The address whose password this link sets anew, or None when it opens nothing."""
    opened = one_time.find(session, secret=secret, purpose=Purpose.RESET)
    if opened is None:
        return None
    return session.scalar(
        select(Organiser.email).where(Organiser.id == opened.organiser_id, Organiser.disabled_at.is_(None))
    )


def reset_password(
    session: Session, *, secret: str, password: str, password_hash: str, now: datetime, language: str = ""
) -> str:
    """Set the new password, end all sessions of the account, and return its address.

    Raises NotFound for a link that opens nothing, InputError for a password that cannot be used; the link
    then still works.
    """
    opened = one_time.use(session, secret=secret, purpose=Purpose.RESET, now=now)
    email = session.scalar(
        select(Organiser.email).where(Organiser.id == opened.organiser_id, Organiser.disabled_at.is_(None))
    )
    if email is None:
        raise NotFound(Sentence("This account was switched off. Ask whoever runs the server."))
    if wrong := accounts.find_password_problem(password, email=email):
        raise InputError([Problem("password", wrong)])
    accounts.set_password(
        session, email=email, password_hash=password_hash, now=now, actor=email, language=language
    )
    return email
