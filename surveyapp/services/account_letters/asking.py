"""Asking for a letter about an account, in the same transaction as the act that it is about.

The letter waits in the queue as a seed, from which only a worker with the key makes the link: neither the
queue nor a copy of the database opens anything (docs/decisions/0020).
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.mail.account_texts import AccountLetter
from surveyapp.models import Organiser
from surveyapp.services import queue
from surveyapp.services.addresses import fold_address

JOB = "account.letter"


def ask_for_reset(session: Session, *, email: str, language: str, now: datetime, actor: str) -> bool:
    """Have a link for a new password sent, if there is such an account; returns whether there is.

    Pages must not tell that on, nor does the time tell: the same rows are read and written for any address,
    and the link itself is made by the worker.
    """
    organiser_id = session.scalar(
        select(Organiser.id).where(
            Organiser.email_key == fold_address(email), Organiser.disabled_at.is_(None)
        )
    )
    seed = new_seed()
    put(
        session,
        letter=AccountLetter.RESET,
        key=f"{JOB}:{seed[:16]}",
        seed=seed,
        organiser_id=organiser_id or 0,
        language=language,
        now=now,
        actor=actor,
    )
    return organiser_id is not None


def notify(
    session: Session, *, organiser_id: int, letter: AccountLetter, language: str, now: datetime, actor: str
) -> None:
    """Tell the account's owner what changed. In both languages where it is not known which one they read."""
    seed = new_seed()
    put(
        session,
        letter=letter,
        key=f"{JOB}:{seed[:16]}",
        seed=seed,
        organiser_id=organiser_id,
        language=language,
        now=now,
        actor=actor,
    )


def new_seed() -> str:
    """What a letter's link is derived from, and its name in the queue."""
    return secrets.token_urlsafe(32)


def put(
    session: Session,
    *,
    letter: AccountLetter,
    key: str,
    seed: str,
    organiser_id: int,
    language: str,
    now: datetime,
    actor: str,
    study_id: int | None = None,
) -> None:
    """Put one letter into the queue; `organiser_id` is 0 where there is no account (yet)."""
    payload = {
        "letter": str(letter),
        "organiser": organiser_id,
        "seed": seed,
        "language": language,
        "at": iso(now),
        "actor": actor,
    }
    queue.enqueue(session, key=key, kind=JOB, study_id=study_id, payload=payload, run_at=now)
