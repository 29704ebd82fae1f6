"""Recovery codes: ten codes on paper that stand in, once each, for a lost second factor."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from surveyapp.models import RecoveryCode
from surveyapp.services.audit import record

CODES = 10
# Without letters and digits that look alike: codes are copied by hand.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BLOCKS, _BLOCK = 6, 4


def renew(session: Session, *, organiser_id: int, now: datetime, actor: str) -> tuple[str, ...]:
    """Make ten new codes, the only time that they can be read; the old ones stop working."""
    codes = tuple(_draw() for _ in range(CODES))
    session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser_id))
    session.execute(
        insert(RecoveryCode),
        [
            {"organiser_id": organiser_id, "code_hash": _hash(code), "created_at": now, "used_at": None}
            for code in codes
        ],
    )
    record(
        session,
        study_id=None,
        now=now,
        actor=actor,
        act="organiser.recovery_codes",
        detail={"id": organiser_id, "codes": CODES},
    )
    return codes


def use(session: Session, *, organiser_id: int, code: str, now: datetime, actor: str) -> bool:
    """Whether this is one of the codes, and was not used before; from now on it is used."""
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.organiser_id == organiser_id,
            RecoveryCode.code_hash == _hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.code_hash)
    )
    if used.first() is None:
        return False
    left = count_left(session, organiser_id=organiser_id)
    detail = {"id": organiser_id, "left": left}
    record(session, study_id=None, now=now, actor=actor, act="organiser.recovery_code_used", detail=detail)
    return True


def count_left(session: Session, *, organiser_id: int) -> int:
    """How many codes still work."""
    return session.execute(
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.organiser_id == organiser_id, RecoveryCode.used_at.is_(None))
    ).scalar_one()


def forget(session: Session, *, organiser_id: int) -> None:
    """Take all codes away: there is no second factor left that they could stand in for."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser_id))


def _draw() -> str:
    # 120 bits: too many to guess, so that a plain hash protects them in the database.
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_BLOCK)) for _ in range(_BLOCKS))


def _hash(code: str) -> str:
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(letters.encode("utf-8", "surrogatepass")).hexdigest()
