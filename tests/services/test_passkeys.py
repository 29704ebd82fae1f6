"""Passkeys: what an honest device sends opens the account, and nothing else does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import OneTimeSecret, Organiser, Passkey
from surveyapp.services import accounts, passkeys
from surveyapp.services.passkeys import RelyingParty
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import add_organiser
from tests.support.passkey_device import HOST, ORIGIN, PRESENT, Device

PARTY = RelyingParty(HOST, (ORIGIN,))


def ask_to_add(database: Database, organiser_id: int) -> str:
    with database.verb() as session:
        return passkeys.ask_to_add(session, organiser_id=organiser_id, party=PARTY, now=read_now(session))


def add(database: Database, organiser_id: int, credential: str, name: str = "laptop") -> None:
    with database.verb() as session:
        passkeys.add_passkey(
            session,
            organiser_id=organiser_id,
            credential=credential,
            name=name,
            party=PARTY,
            now=read_now(session),
            actor="test",
        )


def ask(database: Database, organiser_id: int | None = None) -> str:
    with database.verb() as session:
        return passkeys.ask_for_passkey(
            session, party=PARTY, now=read_now(session), organiser_id=organiser_id
        )


def use(database: Database, credential: str, organiser_id: int | None = None) -> int | None:
    with database.verb() as session:
        return passkeys.use_passkey(
            session,
            credential=credential,
            party=PARTY,
            now=read_now(session),
            organiser_id=organiser_id,
        ).organiser_id


@pytest.fixture
def jane(database: Database) -> int:
    add_organiser(database, "noise@example.org")
    return add_organiser(database, "jane@example.org")


@pytest.fixture
def device(database: Database, jane: int) -> Device:
    """Jane's, with one passkey."""
    made = Device()
    add(database, jane, made.create(ask_to_add(database, jane)))
    return made


def test_a_passkey_opens_its_account(database: Database, jane: int, device: Device) -> None:
    assert use(database, device.get(ask(database))) == jane
    assert use(database, device.get(ask(database, jane)), jane) == jane
    with database.reading() as session:
        kept = session.scalars(select(Passkey)).one()
        assert (kept.name, kept.sign_count) == ("laptop", 2)
        assert kept.last_used_at is not None
        handle = session.scalar(select(Organiser.passkey_handle).where(Organiser.id == jane))
    assert handle is not None
    assert "jane" not in handle


def test_a_password_alone_is_not_enough_beside_a_passkey(
    database: Database, jane: int, device: Device
) -> None:
    with database.verb() as session:
        credentials = accounts.find_credentials(session, email="jane@example.org")
        with pytest.raises(Refused, match="second factor"):
            accounts.start_session(session, credentials=credentials, now=read_now(session))
        assert accounts.start_session(
            session, credentials=credentials, now=read_now(session), second_given=True
        )


@pytest.mark.parametrize(
    "forgery", ["origin", "unverified", "replay", "copy", "challenge", "key", "handle", "junk", "old"]
)
def test_what_is_forged_opens_nothing(database: Database, jane: int, device: Device, forgery: str) -> None:
    options = ask(database)
    match forgery:
        case "origin":
            credential = device.get(options, origin="https://study.example.org.evil.example")
        case "unverified":
            credential = device.get(options, flags=PRESENT)
        case "replay":
            credential = device.get(options)
            assert use(database, credential) == jane
        case "copy":
            use(database, device.get(ask(database)))
            device.uses = 0
            credential = device.get(options)
        case "challenge":
            made_up = {**json.loads(options), "challenge": "bm90IG91cnM"}
            credential = device.get(json.dumps(made_up))
        case "key":
            credential = Device(device.credential_id, handle=device.handle).get(options)
        case "handle":
            device.handle = b"somebody else's"
            credential = device.get(options)
        case "old":
            with database.verb() as session:
                session.execute(
                    update(OneTimeSecret).values(expires_at=read_now(session) - timedelta(seconds=1))
                )
            credential = device.get(options)
        case _:
            credential = '{"id": 7, "response": []}'
    with pytest.raises(InputError, match="not accepted"):
        use(database, credential)


def test_somebody_elses_passkey_is_no_second_step(database: Database, jane: int, device: Device) -> None:
    other = add_organiser(database, "bob@example.org")
    with pytest.raises(InputError):
        use(database, device.get(ask(database, other)), other)
    with pytest.raises(InputError):
        use(database, device.get(ask(database, jane)), other)


def test_a_passkey_of_an_account_that_was_switched_off(database: Database, jane: int, device: Device) -> None:
    with database.verb() as session:
        accounts.disable(session, email="jane@example.org", now=read_now(session), actor="test")
    with pytest.raises(InputError):
        use(database, device.get(ask(database)))


def test_what_is_made_elsewhere_is_not_kept(database: Database, jane: int) -> None:
    other = add_organiser(database, "bob@example.org")
    options = ask_to_add(database, jane)
    for credential in (
        Device().create(options, origin="https://evil.example"),
        Device().create(options, flags=PRESENT),
        "[]",
        "x" * 30_000,
    ):
        with pytest.raises(InputError):
            add(database, jane, credential)
    with pytest.raises(InputError):
        add(database, other, Device().create(options))
    with pytest.raises(InputError, match="call"):
        add(database, jane, Device().create(options), name=" ")
    add(database, jane, Device().create(options))
    with pytest.raises(InputError):
        add(database, jane, Device().create(options))


def test_the_same_passkey_is_kept_once(database: Database, jane: int, device: Device) -> None:
    with pytest.raises(Refused, match="already"):
        add(database, jane, device.create(ask_to_add(database, jane)))


def test_only_ones_own_passkeys_are_renamed_and_removed(
    database: Database, jane: int, device: Device
) -> None:
    other = add_organiser(database, "bob@example.org")
    with database.reading() as session:
        passkey_id = session.scalars(select(Passkey.id)).one()
    for wrong in (other, jane + 1000):
        with pytest.raises(NotFound), database.verb() as session:
            passkeys.rename_passkey(session, organiser_id=wrong, passkey_id=passkey_id, name="mine")
        with pytest.raises(NotFound), database.verb() as session:
            passkeys.remove_passkey(
                session, organiser_id=wrong, passkey_id=passkey_id, now=read_now(session), actor="test"
            )
    with database.verb() as session:
        passkeys.rename_passkey(session, organiser_id=jane, passkey_id=passkey_id, name="  phone ")
        passkeys.remove_passkey(
            session, organiser_id=jane, passkey_id=passkey_id, now=read_now(session), actor="test"
        )
    with pytest.raises(InputError):
        use(database, device.get(ask(database)))
