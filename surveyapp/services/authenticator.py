"""Authenticator apps: a secret shared once, and codes of six digits that change every half minute.

The secret is stored encrypted with a key that is derived from the installation's own, so that a copy of the
database makes no codes.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.mail.account_texts import AccountLetter
from surveyapp.models import Organiser
from surveyapp.services.account_letters.asking import notify
from surveyapp.services.audit import record

ISSUER = "Surveyapp"
_STEP_SECONDS = 30
# A clock may be half a minute off, either way.
_DRIFT = (0, -1, 1)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that waits for its first code: as text to type in, and as the address in a QR code."""

    secret: str
    uri: str


def _cipher(key: bytes) -> Fernet:
    derived = hmac.digest(key, b"surveyapp: authenticator secrets, 1", "sha256")
    return Fernet(base64.urlsafe_b64encode(derived))


def _opened(sealed: str | None, key: bytes) -> str | None:
    """The secret, or None where there is none or the installation's key is another one now."""
    if sealed is None:
        return None
    try:
        return _cipher(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def begin(session: Session, *, organiser_id: int, key: bytes) -> None:
    """Make a secret to be shown; it counts for nothing until a code made with it was given."""
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    session.execute(
        update(Organiser)
        .where(Organiser.id == organiser_id)
        .values(totp_pending=_cipher(key).encrypt(secret.encode()).decode())
    )


def find_enrolment(session: Session, *, organiser_id: int, key: bytes) -> Enrolment | None:
    """The secret that waits for its first code, or None."""
    row = session.execute(
        select(Organiser.email, Organiser.totp_pending).where(Organiser.id == organiser_id)
    ).one()
    secret = _opened(row.totp_pending, key)
    if secret is None:
        return None
    uri = pyotp.TOTP(secret).provisioning_uri(name=row.email, issuer_name=ISSUER)
    return Enrolment(secret, uri)


def confirm(
    session: Session,
    *,
    organiser_id: int,
    code: str,
    key: bytes,
    now: datetime,
    actor: str,
    language: str = "",
) -> None:
    """Switch the app on, now that a code shows that it has the secret.

    Raises InputError for a code that does not fit, Refused when no secret waits.
    """
    pending = session.scalar(select(Organiser.totp_pending).where(Organiser.id == organiser_id))
    secret = _opened(pending, key)
    if secret is None:
        raise Refused(Sentence("Nothing waits to be confirmed. Begin again with a new QR code."))
    step = find_step(secret, code=code, now=now)
    if step is None:
        raise InputError(
            [
                Problem(
                    "",
                    Sentence(
                        "The code does not fit. Give the one that the app shows now; "
                        "if it never fits, set the clock of the device."
                    ),
                )
            ]
        )
    session.execute(
        update(Organiser)
        .where(Organiser.id == organiser_id)
        .values(totp_secret=pending, totp_pending=None, totp_step=step)
    )
    _record(session, organiser_id, "organiser.totp_on", now=now, actor=actor)
    notify(
        session,
        organiser_id=organiser_id,
        letter=AccountLetter.FACTOR_ADDED,
        language=language,
        now=now,
        actor=actor,
    )


def remove(session: Session, *, organiser_id: int, now: datetime, actor: str, language: str = "") -> None:
    """Switch the app off; its secret is forgotten."""
    session.execute(
        update(Organiser)
        .where(Organiser.id == organiser_id)
        .values(totp_secret=None, totp_pending=None, totp_step=None)
    )
    _record(session, organiser_id, "organiser.totp_off", now=now, actor=actor)
    notify(
        session,
        organiser_id=organiser_id,
        letter=AccountLetter.FACTOR_REMOVED,
        language=language,
        now=now,
        actor=actor,
    )


def use_code(session: Session, *, organiser_id: int, code: str, key: bytes, now: datetime) -> bool:
    """Whether the code is right, and was not used before; from now on it is used."""
    secret = _opened(session.scalar(select(Organiser.totp_secret).where(Organiser.id == organiser_id)), key)
    step = find_step(secret, code=code, now=now) if secret else None
    if step is None:
        return False
    # One statement decides: of two who give the same code at once, one is too late.
    used = session.execute(
        update(Organiser)
        .where(
            Organiser.id == organiser_id,
            or_(Organiser.totp_step.is_(None), Organiser.totp_step < step),
        )
        .values(totp_step=step)
        .returning(Organiser.id)
    )
    return used.first() is not None


def find_step(secret: str, *, code: str, now: datetime) -> int | None:
    """The half minute whose code this is, near `now`; None for a wrong code."""
    given = "".join(code.split())
    if len(given) != 6 or not (given.isascii() and given.isdigit()):
        return None
    app = pyotp.TOTP(secret)
    current = int(now.timestamp()) // _STEP_SECONDS
    for drift in _DRIFT:
        if hmac.compare_digest(app.generate_otp(current + drift), given):
            return current + drift
    return None


def _record(session: Session, organiser_id: int, act: str, *, now: datetime, actor: str) -> None:
    record(session, study_id=None, now=now, actor=actor, act=act, detail={"id": organiser_id})
