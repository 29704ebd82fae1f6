"""Organisers' accounts: made at the first start, by invitation or on the command line; signing in.

Signing in has three steps, so that the slow comparing of a password never holds a lock on the database:
`find_credentials` reads, `is_password` compares, `start_session` writes.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.mail.account_texts import AccountLetter
from surveyapp.models import Membership, Organiser, Passkey, Study, WebSession, database_now
from surveyapp.services.account_letters.asking import notify
from surveyapp.services.addresses import find_problem, fold_address
from surveyapp.services.audit import record
from surveyapp.services.blindness import keep_apart
from surveyapp.services.common_passwords import is_common
from surveyapp.services.doors import hash_cookie
from surveyapp.services.ownership import has_owner, keep_an_owner, role_to_give

MIN_PASSWORD = 8
MAX_PASSWORD_BYTES = 1_000
SESSION_LENGTH = timedelta(hours=12)
CONFIRMED_FOR = timedelta(minutes=10)
"""How long after having signed in or confirmed it somebody may change ways to sign in, and members."""

_hasher = PasswordHasher()


@functools.cache
def _nobodys_hash() -> str:
    # Compared with when there is no such account, so that the time taken tells nothing.
    return _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is compared with; of a missing account too, so that nobody sees the difference."""

    organiser_id: int | None
    password_hash: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An organiser behind a browser's cookie."""

    organiser_id: int
    email: str
    csrf_secret: str
    expires_at: datetime
    id_hash: str
    is_confirmed: bool
    """Whether it was proved within the last minutes that the organiser, and nobody else, sits there."""
    now: datetime


def find_password_problem(password: str, *, email: str = "") -> Sentence | None:
    """Why `password` cannot be used, or None. Any characters will do; length is what protects."""
    if len(password) < MIN_PASSWORD:
        return Sentence(
            "the password has {length} characters; use at least {least}, better 15.",
            length=len(password),
            least=MIN_PASSWORD,
        )
    if len(password.encode("utf-8", "surrogatepass")) > MAX_PASSWORD_BYTES:
        return Sentence(
            "the password is longer than {most} bytes; use a shorter one.", most=MAX_PASSWORD_BYTES
        )
    if is_common(password) or len(set(password)) < 3:
        return Sentence("the password is one of the first that others try; use a rarer one.")
    if email and password.casefold() in {email.casefold(), email.casefold().partition("@")[0]}:
        return Sentence("the password is the address itself; use another one.")
    return None


def hash_password(password: str) -> str:
    """The Argon2id hash that is stored. Slow on purpose: call it outside of a unit of work."""
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def add_organiser(
    session: Session, *, email: str, password: str, password_hash: str, now: datetime, actor: str
) -> int:
    """Make an account and return its number. `password_hash` is `hash_password` of `password`.

    Raises InputError with all problems, Refused when the address has an account.
    """
    problems = []
    if reason := find_problem(email):
        problems.append(
            Problem(
                "e-mail",
                Sentence("'{email}' is not an e-mail address ({reason}).", email=email[:100], reason=reason),
            )
        )
    if wrong := find_password_problem(password, email=email):
        problems.append(Problem("password", wrong))
    if problems:
        raise InputError(problems)
    organiser = Organiser(
        email=email, email_key=fold_address(email), password_hash=password_hash, created_at=now
    )
    session.add(organiser)
    try:
        session.flush()
    except IntegrityError as error:
        raise Refused(Sentence("There is an account for {email} already.", email=email)) from error
    record(session, study_id=None, now=now, actor=actor, act="organiser.add", detail={"id": organiser.id})
    return organiser.id


def has_organiser(session: Session, *, email: str) -> bool:
    """Whether there is an account for this address."""
    found = session.execute(select(Organiser.id).where(Organiser.email_key == fold_address(email)))
    return found.first() is not None


def set_password(
    session: Session, *, email: str, password_hash: str, now: datetime, actor: str, language: str = ""
) -> None:
    """Give an account a new password; everybody signed in with the old one is signed out.

    The owner is told by letter, in `language` where it is known.
    """
    organiser = get_organiser(session, email=email)
    organiser.password_hash = password_hash
    session.execute(delete(WebSession).where(WebSession.organiser_id == organiser.id))
    record(
        session, study_id=None, now=now, actor=actor, act="organiser.password", detail={"id": organiser.id}
    )
    notify(
        session,
        organiser_id=organiser.id,
        letter=AccountLetter.PASSWORD_CHANGED,
        language=language,
        now=now,
        actor=actor,
    )


def grant(session: Session, *, email: str, study: Study, role: str, now: datetime, actor: str) -> str:
    """Let an organiser into a study; granting again only changes the role. Returns the role.

    Whoever comes into a study without an owner becomes its owner. Raises Refused where the study would be
    left without one.
    """
    organiser = get_organiser(session, email=email)
    role = role_to_give(session, study_id=study.id, role=role)
    keep_apart(session, study=study, organiser_id=organiser.id, role=role)
    session.merge(Membership(study_id=study.id, organiser_id=organiser.id, role=role))
    session.flush()
    keep_an_owner(session, study_id=study.id)
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="organiser.grant",
        detail={"id": organiser.id, "role": role},
    )
    return role


def get_organiser(session: Session, *, email: str) -> Organiser:
    """The account for this address, for other verbs. Raises NotFound with the command that makes one."""
    organiser = session.execute(
        select(Organiser).where(Organiser.email_key == fold_address(email))
    ).scalar_one_or_none()
    if organiser is None:
        raise NotFound(f"There is no account for {email}. Make one with 'organiser add {email}'.")
    return organiser


def find_credentials(session: Session, *, email: str) -> Credentials:
    """What the password given for `email` is to be compared with. Never tells whether there is an account."""
    row = session.execute(
        select(Organiser.id, Organiser.password_hash).where(
            Organiser.email_key == fold_address(email), Organiser.disabled_at.is_(None)
        )
    ).one_or_none()
    # Made even when it is not needed: who asks first shall see no difference either.
    nobodys = _nobodys_hash()
    if row is None:
        return Credentials(organiser_id=None, password_hash=nobodys)
    return Credentials(organiser_id=row.id, password_hash=row.password_hash)


def is_password(credentials: Credentials, *, password: str) -> bool:
    """Whether `password` opens the account. Takes the same time when there is none."""
    content = password.encode("utf-8", "surrogatepass")
    if len(content) > MAX_PASSWORD_BYTES:
        return False
    try:
        _hasher.verify(credentials.password_hash, content)
    except (VerificationError, InvalidHashError):
        return False
    return credentials.organiser_id is not None


def start_session(
    session: Session,
    *,
    credentials: Credentials,
    now: datetime,
    agent: str = "",
    second_given: bool = False,
) -> str:
    """Begin a session for the account and return the cookie's value, which is stored nowhere.

    Raises Refused if the account went, or its password changed, in the moment before, or if it has a second
    factor that was not given.
    """
    organiser = session.execute(
        select(Organiser).where(
            Organiser.id == credentials.organiser_id,
            Organiser.password_hash == credentials.password_hash,
            Organiser.disabled_at.is_(None),
        )
    ).scalar_one_or_none()
    if organiser is None:
        raise Refused(Sentence("The account was changed just now. Please sign in again."))
    if not second_given and _has_second_factor(session, organiser):
        raise Refused(Sentence("This account has a second factor, and it was not given."))
    cookie = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            id_hash=hash_cookie(cookie),
            organiser_id=organiser.id,
            csrf_secret=secrets.token_urlsafe(32),
            created_at=now,
            expires_at=now + SESSION_LENGTH,
            confirmed_at=now,
            agent=agent[:100],
        )
    )
    record(
        session,
        study_id=None,
        now=now,
        actor=organiser.email,
        act="organiser.sign_in",
        detail={"id": organiser.id, "second_factor": second_given},
    )
    session.flush()
    return cookie


def _has_second_factor(session: Session, organiser: Organiser) -> bool:
    if organiser.totp_secret is not None:
        return True
    found = session.scalar(select(Passkey.id).where(Passkey.organiser_id == organiser.id).limit(1))
    return found is not None


def find_signed_in(session: Session, *, id_hash: str) -> SignedIn | None:
    """The organiser behind a cookie's hash, or None when the session ended. One query, no writing."""
    row = session.execute(
        select(
            Organiser.id,
            Organiser.email,
            WebSession.csrf_secret,
            WebSession.expires_at,
            WebSession.confirmed_at,
            database_now(),
        )
        .join(Organiser, Organiser.id == WebSession.organiser_id)
        .where(
            WebSession.id_hash == id_hash,
            WebSession.expires_at > database_now(),
            Organiser.disabled_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    organiser_id, email, csrf_secret, expires_at, confirmed_at, now = row
    is_confirmed = confirmed_at is not None and confirmed_at > now - CONFIRMED_FOR
    return SignedIn(organiser_id, email, csrf_secret, expires_at, id_hash, is_confirmed, now)


def sign_out(session: Session, *, id_hash: str) -> None:
    """End one session; the cookie opens nothing any more, in any process."""
    session.execute(
        delete(WebSession).where(WebSession.id_hash == id_hash, WebSession.organiser_id.is_not(None))
    )


def enable(session: Session, *, email: str, now: datetime, actor: str) -> None:
    """Switch an account on again."""
    organiser = get_organiser(session, email=email)
    organiser.disabled_at = None
    record(session, study_id=None, now=now, actor=actor, act="organiser.enable", detail={"id": organiser.id})


def disable(session: Session, *, email: str, now: datetime, actor: str) -> None:
    """Switch an account off and end its sessions."""
    organiser = get_organiser(session, email=email)
    session.execute(update(Organiser).where(Organiser.id == organiser.id).values(disabled_at=now))
    session.execute(delete(WebSession).where(WebSession.organiser_id == organiser.id))
    record(session, study_id=None, now=now, actor=actor, act="organiser.disable", detail={"id": organiser.id})


def list_studies_without_owner(session: Session, *, email: str) -> list[str]:
    """The slugs of the studies of this account in which no owner can sign in."""
    organiser = get_organiser(session, email=email)
    found = list_studies_of(session, organiser_id=organiser.id)
    return [study.slug for study in found if not has_owner(session, study_id=study.id)]


def list_studies_of(session: Session, *, organiser_id: int) -> Sequence[Study]:
    """The studies that an organiser may see, in the order of their slugs."""
    return (
        session.execute(
            select(Study)
            .join(Membership, Membership.study_id == Study.id)
            .where(Membership.organiser_id == organiser_id)
            .order_by(Study.slug)
        )
        .scalars()
        .all()
    )


def find_study_of(session: Session, *, organiser_id: int, slug: str) -> Study | None:
    """The study, if this organiser may see it; somebody else's is as unknown as none."""
    return session.execute(
        select(Study)
        .join(Membership, Membership.study_id == Study.id)
        .where(Membership.organiser_id == organiser_id, Study.slug == slug)
    ).scalar_one_or_none()
