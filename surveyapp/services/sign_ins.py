"""What surrounds signing in: whether a second step is needed, which sessions there are, who was just here."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.mail.account_texts import AccountLetter
from surveyapp.models import (
    Membership,
    Organiser,
    Passkey,
    RecoveryCode,
    Study,
    WebSession,
    database_now,
)
from surveyapp.services import accounts, recovery_codes
from surveyapp.services.account_letters.asking import notify
from surveyapp.services.accounts import Credentials
from surveyapp.services.audit import record

# Sixteen letters of a hash tell sessions apart, and open none.
_NAME_LETTERS = 16


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What an account has besides its password."""

    has_app: bool
    passkeys: int
    codes: int

    @property
    def is_needed(self) -> bool:
        """Whether the password alone does not sign in."""
        return self.has_app or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class KeptPasskey:
    """One passkey as its owner sees it."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One browser that is signed in."""

    name: str
    agent: str
    created_at: datetime
    expires_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class Account:
    """An organiser's own account: ways to sign in, and where that was done."""

    email: str
    second: SecondStep
    passkeys: tuple[KeptPasskey, ...]
    sessions: tuple[OpenSession, ...]


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account as the operator sees it."""

    email: str
    is_disabled: bool
    has_app: bool
    passkeys: int
    studies: tuple[tuple[str, str], ...]
    """Slug and role."""


def find_second_step(session: Session, *, organiser_id: int) -> SecondStep:
    """What the account has besides its password. One query."""
    row = session.execute(
        select(
            Organiser.totp_secret.is_not(None),
            select(func.count())
            .select_from(Passkey)
            .where(Passkey.organiser_id == organiser_id)
            .scalar_subquery(),
            select(func.count())
            .select_from(RecoveryCode)
            .where(RecoveryCode.organiser_id == organiser_id, RecoveryCode.used_at.is_(None))
            .scalar_subquery(),
        ).where(Organiser.id == organiser_id)
    ).one()
    return SecondStep(bool(row[0]), row[1], row[2])


def print_of(credentials: Credentials) -> str:
    """A short mark of the password's hash: what was begun before the password changed does not go on."""
    return hashlib.sha256(credentials.password_hash.encode()).hexdigest()[:_NAME_LETTERS]


def find_half_signed_in(session: Session, *, organiser_id: int, mark: str) -> Credentials | None:
    """The account whose password was given a moment ago, unless it changed since."""
    row = session.execute(
        select(Organiser.id, Organiser.password_hash).where(
            Organiser.id == organiser_id, Organiser.disabled_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    credentials = Credentials(organiser_id=row.id, password_hash=row.password_hash)
    return credentials if print_of(credentials) == mark else None


def get_account(session: Session, *, organiser_id: int, id_hash: str) -> Account:
    """The account's page: everything that can be changed there."""
    email = session.execute(select(Organiser.email).where(Organiser.id == organiser_id)).scalar_one()
    passkeys = session.execute(
        select(Passkey.id, Passkey.name, Passkey.created_at, Passkey.last_used_at)
        .where(Passkey.organiser_id == organiser_id)
        .order_by(Passkey.id)
    )
    sessions = session.execute(
        select(WebSession.id_hash, WebSession.agent, WebSession.created_at, WebSession.expires_at)
        .where(WebSession.organiser_id == organiser_id, WebSession.expires_at > database_now())
        .order_by(WebSession.created_at.desc(), WebSession.id_hash)
    )
    return Account(
        email=email,
        second=find_second_step(session, organiser_id=organiser_id),
        passkeys=tuple(KeptPasskey(*row) for row in passkeys),
        sessions=tuple(
            OpenSession(
                row.id_hash[:_NAME_LETTERS], row.agent, row.created_at, row.expires_at, row.id_hash == id_hash
            )
            for row in sessions
        ),
    )


def end_session(session: Session, *, organiser_id: int, name: str, now: datetime, actor: str) -> None:
    """Sign one browser out. Raises NotFound when it is not there, or somebody else's."""
    gone = session.execute(
        delete(WebSession)
        .where(
            WebSession.organiser_id == organiser_id,
            func.substr(WebSession.id_hash, 1, _NAME_LETTERS) == name,
        )
        .returning(WebSession.id_hash)
    ).all()
    if not gone:
        raise NotFound(Sentence("This session has ended already."))
    _record_ended(session, organiser_id, len(gone), now=now, actor=actor)


def end_other_sessions(
    session: Session, *, organiser_id: int, id_hash: str, now: datetime, actor: str
) -> int:
    """Sign every other browser out; returns how many."""
    gone = session.execute(
        delete(WebSession)
        .where(WebSession.organiser_id == organiser_id, WebSession.id_hash != id_hash)
        .returning(WebSession.id_hash)
    ).all()
    _record_ended(session, organiser_id, len(gone), now=now, actor=actor)
    return len(gone)


def confirm(session: Session, *, id_hash: str, now: datetime) -> None:
    """Note that the person behind this session has just proved to be there."""
    session.execute(update(WebSession).where(WebSession.id_hash == id_hash).values(confirmed_at=now))


def note_refusal(session: Session, *, organiser_id: int | None, way: str, now: datetime) -> None:
    """Record that somebody was not let in; no number where there is no such account."""
    detail = {"id": organiser_id, "way": way}
    record(
        session, study_id=None, now=now, actor="sign-in page", act="organiser.sign_in_refused", detail=detail
    )


def drop_factors(session: Session, *, email: str, now: datetime, actor: str) -> None:
    """Take every second factor off an account and end its sessions; the password alone signs in again."""
    organiser = accounts.get_organiser(session, email=email)
    organiser.totp_secret = organiser.totp_pending = organiser.totp_step = None
    session.execute(delete(Passkey).where(Passkey.organiser_id == organiser.id))
    session.execute(delete(WebSession).where(WebSession.organiser_id == organiser.id))
    recovery_codes.forget(session, organiser_id=organiser.id)
    detail = {"id": organiser.id}
    record(session, study_id=None, now=now, actor=actor, act="organiser.factors_dropped", detail=detail)
    notify(
        session,
        organiser_id=organiser.id,
        letter=AccountLetter.FACTOR_REMOVED,
        language="",
        now=now,
        actor=actor,
    )


def list_accounts(session: Session) -> tuple[AccountLine, ...]:
    """Every account, in the order of addresses."""
    counted = session.execute(select(Passkey.organiser_id, func.count()).group_by(Passkey.organiser_id)).all()
    counts: dict[int, int] = {row[0]: row[1] for row in counted}
    studies: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for organiser_id, slug, role in session.execute(
        select(Membership.organiser_id, Study.slug, Membership.role)
        .join(Study, Study.id == Membership.study_id)
        .order_by(Study.slug)
    ):
        studies[organiser_id].append((slug, role))
    rows = session.execute(
        select(
            Organiser.id, Organiser.email, Organiser.disabled_at, Organiser.totp_secret.is_not(None)
        ).order_by(Organiser.email_key)
    )
    return tuple(
        AccountLine(
            email, disabled_at is not None, bool(has_app), counts.get(number, 0), tuple(studies[number])
        )
        for number, email, disabled_at, has_app in rows
    )


def forget_codes_without_factors(session: Session, *, organiser_id: int) -> None:
    """With the last second factor go the codes that stood in for it."""
    if not find_second_step(session, organiser_id=organiser_id).is_needed:
        recovery_codes.forget(session, organiser_id=organiser_id)


def _record_ended(session: Session, organiser_id: int, count: int, *, now: datetime, actor: str) -> None:
    detail = {"id": organiser_id, "sessions": count}
    record(session, study_id=None, now=now, actor=actor, act="organiser.sessions_ended", detail=detail)
