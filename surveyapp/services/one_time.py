"""Secrets that open something once: links for setting up, resetting and joining, and passkey challenges.

Whoever holds such a secret may do that one thing until it expires. The database holds only its hash.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.models import OneTimeSecret, database_now


class Purpose(StrEnum):
    """What a secret opens."""

    SET_UP = "set_up"
    RESET = "reset"
    INVITATION = "invitation"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_ADD = "passkey_add"


@dataclass(frozen=True, slots=True)
class Opened:
    """What a valid secret is for."""

    secret_hash: str
    purpose: Purpose
    organiser_id: int | None
    study_id: int | None
    role: str | None
    email: str
    actor: str
    expires_at: datetime


def hash_secret(secret: str) -> str:
    """How a secret is looked up."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    session: Session,
    *,
    purpose: Purpose,
    lasts: timedelta,
    now: datetime,
    actor: str,
    organiser_id: int | None = None,
    study_id: int | None = None,
    role: str | None = None,
    email: str = "",
    secret: str = "",
) -> str:
    """Make a secret of 256 bits and return it, the only time that it can be read.

    `secret` is one that was derived, so that a letter can be put together again with the same link.
    """
    secret = secret or secrets.token_urlsafe(32)
    session.add(
        OneTimeSecret(
            secret_hash=hash_secret(secret),
            purpose=purpose,
            organiser_id=organiser_id,
            study_id=study_id,
            role=role,
            email=email,
            actor=actor,
            created_at=now,
            expires_at=now + lasts,
        )
    )
    session.flush()
    return secret


def find(session: Session, *, secret: str, purpose: Purpose | None = None) -> Opened | None:
    """What the secret opens, if it still opens anything (and that is `purpose`). Reads only."""
    row = session.execute(
        select(OneTimeSecret).where(
            OneTimeSecret.secret_hash == hash_secret(secret),
            OneTimeSecret.used_at.is_(None),
            OneTimeSecret.expires_at > database_now(),
        )
    ).scalar_one_or_none()
    if row is None or purpose not in {None, row.purpose}:
        return None
    return _opened(row)


def has_been_issued(session: Session, *, secret: str) -> bool:
    """Whether there is such a secret, whatever became of it."""
    return session.get(OneTimeSecret, hash_secret(secret)) is not None


def use(session: Session, *, secret: str, purpose: Purpose, now: datetime) -> Opened:
    """Use the secret up and say what it was for. Raises NotFound when it opens nothing (any more)."""
    # One statement decides: of two who bring the same secret at once, one is too late.
    row = session.execute(
        update(OneTimeSecret)
        .where(
            OneTimeSecret.secret_hash == hash_secret(secret),
            OneTimeSecret.purpose == purpose,
            OneTimeSecret.used_at.is_(None),
            OneTimeSecret.expires_at > now,
        )
        .values(used_at=now)
        .returning(OneTimeSecret)
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(
            Sentence("This link does not open anything any more. It works once and for a short time only.")
        )
    return _opened(row)


def take_back(session: Session, *, purpose: Purpose, now: datetime, organiser_id: int | None = None) -> None:
    """Make every secret of one purpose (and one account) invalid: only the newest shall work."""
    mine = [OneTimeSecret.purpose == purpose, OneTimeSecret.used_at.is_(None)]
    if organiser_id is not None:
        mine.append(OneTimeSecret.organiser_id == organiser_id)
    session.execute(update(OneTimeSecret).where(*mine).values(used_at=now))


def sweep(session: Session, *, before: datetime) -> int:
    """Forget secrets that expired before that moment; returns how many."""
    gone = session.execute(
        delete(OneTimeSecret).where(OneTimeSecret.expires_at < before).returning(OneTimeSecret.secret_hash)
    )
    return len(gone.all())


def _opened(row: OneTimeSecret) -> Opened:
    return Opened(
        secret_hash=row.secret_hash,
        purpose=Purpose(row.purpose),
        organiser_id=row.organiser_id,
        study_id=row.study_id,
        role=row.role,
        email=row.email,
        actor=row.actor,
        expires_at=row.expires_at,
    )
