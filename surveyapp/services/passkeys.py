"""Passkeys: added to an account, named, removed, and what they sign checked.

Each time the browser is given a challenge that works once and for five minutes; what comes back must carry
it, come from this installation's own pages, and be signed by a key of the account.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.mail.account_texts import AccountLetter
from surveyapp.models import Organiser, Passkey
from surveyapp.services import one_time
from surveyapp.services.account_letters.asking import notify
from surveyapp.services.accounts import Credentials
from surveyapp.services.audit import record
from surveyapp.services.one_time import Purpose

LASTS = timedelta(minutes=5)
MAX_PASSKEYS = 20
MAX_NAME = 60
MAX_CREDENTIAL = 20_000
"""No authenticator sends that much; more is not even looked at."""
_NOT_ACCEPTED = Sentence("The passkey was not accepted. Try again, or choose another way.")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who asks for passkeys: the name of this host, and the origins of its pages."""

    id: str
    origins: tuple[str, ...]


def ask_to_add(session: Session, *, organiser_id: int, party: RelyingParty, now: datetime) -> str:
    """The options, as JSON, with which a browser makes a new passkey for the account."""
    organiser = session.get_one(Organiser, organiser_id)
    if organiser.passkey_handle is None:
        organiser.passkey_handle = secrets.token_urlsafe(32)
    challenge = one_time.issue(
        session,
        purpose=Purpose.PASSKEY_ADD,
        lasts=LASTS,
        now=now,
        actor=organiser.email,
        organiser_id=organiser_id,
    )
    options = generate_registration_options(
        rp_id=party.id,
        rp_name="Surveyapp",
        user_id=base64url_to_bytes(organiser.passkey_handle),
        user_name=organiser.email,
        challenge=challenge.encode(),
        timeout=int(LASTS.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(session, organiser_id),
    )
    return options_to_json(options)


def add_passkey(
    session: Session,
    *,
    organiser_id: int,
    credential: str,
    name: str,
    party: RelyingParty,
    now: datetime,
    actor: str,
    language: str = "",
) -> None:
    """Keep the passkey that a browser made.

    Raises InputError for a bad name or a passkey that does not verify, Refused where there are too many.
    """
    name = _checked_name(name)
    if len(_descriptors(session, organiser_id)) >= MAX_PASSKEYS:
        raise Refused(Sentence("There are {number} passkeys already; remove one first.", number=MAX_PASSKEYS))
    try:
        given = parse_registration_credential_json(_bounded(credential))
        challenge = parse_client_data_json(given.response.client_data_json).challenge
        _use_challenge(session, challenge, Purpose.PASSKEY_ADD, organiser_id=organiser_id, now=now)
        verified = verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, NotFound) as error:
        raise InputError([Problem("", _NOT_ACCEPTED)]) from error
    credential_id = bytes_to_base64url(verified.credential_id)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)) is not None:
        raise Refused(Sentence("This passkey is kept already."))
    session.add(
        Passkey(
            organiser_id=organiser_id,
            credential_id=credential_id,
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            name=name,
            created_at=now,
        )
    )
    _record(session, organiser_id, "organiser.passkey_add", now=now, actor=actor)
    notify(
        session,
        organiser_id=organiser_id,
        letter=AccountLetter.FACTOR_ADDED,
        language=language,
        now=now,
        actor=actor,
    )


def rename_passkey(session: Session, *, organiser_id: int, passkey_id: int, name: str) -> None:
    """Call it something else. Raises NotFound for somebody else's, InputError for a bad name."""
    name = _checked_name(name)
    renamed = session.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.organiser_id == organiser_id)
        .values(name=name)
        .returning(Passkey.id)
    )
    if renamed.first() is None:
        raise NotFound(Sentence("There is no such passkey."))


def remove_passkey(
    session: Session, *, organiser_id: int, passkey_id: int, now: datetime, actor: str, language: str = ""
) -> None:
    """Let it open nothing any more. Raises NotFound for somebody else's."""
    removed = session.execute(
        delete(Passkey)
        .where(Passkey.id == passkey_id, Passkey.organiser_id == organiser_id)
        .returning(Passkey.id)
    )
    if removed.first() is None:
        raise NotFound(Sentence("There is no such passkey."))
    _record(session, organiser_id, "organiser.passkey_remove", now=now, actor=actor)
    notify(
        session,
        organiser_id=organiser_id,
        letter=AccountLetter.FACTOR_REMOVED,
        language=language,
        now=now,
        actor=actor,
    )


def ask_for_passkey(
    session: Session, *, party: RelyingParty, now: datetime, organiser_id: int | None = None
) -> str:
    """The options, as JSON, with which a browser looks for a passkey; of one account, or of any."""
    challenge = one_time.issue(
        session,
        purpose=Purpose.PASSKEY_SIGN_IN,
        lasts=LASTS,
        now=now,
        actor="system",
        organiser_id=organiser_id,
    )
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge.encode(),
        timeout=int(LASTS.total_seconds() * 1000),
        allow_credentials=_descriptors(session, organiser_id) if organiser_id is not None else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def use_passkey(
    session: Session,
    *,
    credential: str,
    party: RelyingParty,
    now: datetime,
    organiser_id: int | None = None,
) -> Credentials:
    """Whom the passkey signs in: device and its owner's finger, face or PIN are two factors in one.

    With `organiser_id` it must be that account's. Raises InputError, always the same, for one that is
    unknown, wrong, a copy, or of an account that was switched off.
    """
    try:
        given = parse_authentication_credential_json(_bounded(credential))
        challenge = parse_client_data_json(given.response.client_data_json).challenge
        _use_challenge(session, challenge, Purpose.PASSKEY_SIGN_IN, organiser_id=organiser_id, now=now)
        handle = bytes_to_base64url(given.response.user_handle or b"")
        kept = _find_kept(session, given.id, organiser_id=organiser_id, handle=handle)
        verified = verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=base64url_to_bytes(kept.passkey.public_key),
            credential_current_sign_count=kept.passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, NotFound) as error:
        raise InputError([Problem("", _NOT_ACCEPTED)]) from error
    kept.passkey.sign_count = verified.new_sign_count
    kept.passkey.last_used_at = now
    session.flush()
    return Credentials(organiser_id=kept.organiser.id, password_hash=kept.organiser.password_hash)


@dataclass(frozen=True, slots=True)
class _Kept:
    passkey: Passkey
    organiser: Organiser


def _find_kept(session: Session, credential_id: str, *, organiser_id: int | None, handle: str) -> _Kept:
    row = session.execute(
        select(Passkey, Organiser)
        .join(Organiser, Organiser.id == Passkey.organiser_id)
        .where(Passkey.credential_id == credential_id, Organiser.disabled_at.is_(None))
        # Two uses of one passkey at once must see each other's counter.
        .with_for_update(of=Passkey)
    ).one_or_none()
    if row is None or organiser_id not in {None, row.Organiser.id}:
        raise ValueError("an unknown passkey")
    if handle and handle != row.Organiser.passkey_handle:
        raise ValueError("the passkey names another account")
    return _Kept(row.Passkey, row.Organiser)


def _use_challenge(
    session: Session, challenge: bytes, purpose: Purpose, *, organiser_id: int | None, now: datetime
) -> None:
    opened = one_time.use(session, secret=challenge.decode(), purpose=purpose, now=now)
    if opened.organiser_id != organiser_id:
        raise ValueError("the challenge was given to somebody else")


def _descriptors(session: Session, organiser_id: int) -> list[PublicKeyCredentialDescriptor]:
    found = session.scalars(
        select(Passkey.credential_id).where(Passkey.organiser_id == organiser_id).order_by(Passkey.id)
    )
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in found]


def _bounded(credential: str) -> str:
    if len(credential) > MAX_CREDENTIAL:
        raise ValueError("longer than any authenticator writes")
    json.loads(credential)
    return credential


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InputError([Problem("name", Sentence("Write what you want to call this passkey."))])
    if len(name) > MAX_NAME:
        raise InputError(
            [
                Problem(
                    "name",
                    Sentence("The name is too long; write at most {number} characters.", number=MAX_NAME),
                )
            ]
        )
    return name


def _record(session: Session, organiser_id: int, act: str, *, now: datetime, actor: str) -> None:
    record(session, study_id=None, now=now, actor=actor, act=act, detail={"id": organiser_id})
