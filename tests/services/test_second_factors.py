"""Authenticator app, recovery codes, sessions and one-time links: each works as often as it should."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import AuditEntry, Base, OneTimeSecret, Organiser, RecoveryCode, WebSession
from surveyapp.services import (
    accounts,
    authenticator,
    first_start,
    one_time,
    recovery_codes,
    resetting,
    sign_ins,
    upkeep,
)
from surveyapp.services.doors import hash_cookie
from surveyapp.services.one_time import Purpose
from surveyapp.services.resetting import ResetLetter
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import PASSWORD, add_organiser, password_hash

KEY = b"a key that is not in the database"
EMAIL = "jane@example.org"
MOMENT = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def jane(database: Database) -> int:
    add_organiser(database, "noise@example.org")
    return add_organiser(database, EMAIL)


def begin(database: Database, organiser_id: int) -> pyotp.TOTP:
    with database.verb() as session:
        authenticator.begin(session, organiser_id=organiser_id, key=KEY)
    with database.reading() as session:
        found = authenticator.find_enrolment(session, organiser_id=organiser_id, key=KEY)
    assert found is not None
    assert found.uri.startswith("otpauth://totp/Surveyapp:jane")
    return pyotp.TOTP(found.secret)


def enrol(database: Database, organiser_id: int, moment: datetime = MOMENT) -> pyotp.TOTP:
    app = begin(database, organiser_id)
    with database.verb() as session:
        authenticator.confirm(
            session, organiser_id=organiser_id, code=app.at(moment), key=KEY, now=moment, actor="test"
        )
    return app


def use_code(database: Database, organiser_id: int, code: str, moment: datetime) -> bool:
    with database.verb() as session:
        return authenticator.use_code(session, organiser_id=organiser_id, code=code, key=KEY, now=moment)


def dump(database: Database) -> str:
    with database.reading() as session:
        return "\n".join(
            str(tuple(row)) for table in Base.metadata.sorted_tables for row in session.execute(select(table))
        )


def test_an_app_is_on_only_after_its_first_code(database: Database, jane: int) -> None:
    app = begin(database, jane)
    assert app.secret not in dump(database)
    assert not use_code(database, jane, app.at(MOMENT), MOMENT)
    with pytest.raises(InputError, match="does not fit"), database.verb() as session:
        authenticator.confirm(session, organiser_id=jane, code="123 45", key=KEY, now=MOMENT, actor="test")
    with database.reading() as session:
        assert not sign_ins.find_second_step(session, organiser_id=jane).is_needed
    with database.verb() as session:
        code = app.at(MOMENT)
        authenticator.confirm(
            session, organiser_id=jane, code=f"{code[:3]} {code[3:]}", key=KEY, now=MOMENT, actor="test"
        )
        with pytest.raises(Refused):
            authenticator.confirm(session, organiser_id=jane, code=code, key=KEY, now=MOMENT, actor="test")
    with database.reading() as session:
        assert sign_ins.find_second_step(session, organiser_id=jane).is_needed
    assert app.secret not in dump(database)


def test_each_code_works_once_and_never_an_older_one(database: Database, jane: int) -> None:
    app = enrol(database, jane)
    later = MOMENT + timedelta(seconds=90)
    assert not use_code(database, jane, app.at(MOMENT), MOMENT), "it was used for setting up"
    assert use_code(database, jane, app.at(later), later)
    assert not use_code(database, jane, app.at(later), later)
    assert not use_code(database, jane, app.at(later, counter_offset=-1), later)
    assert use_code(database, jane, app.at(later, counter_offset=1), later)
    for wrong in ("", "12345", "1234567", "abcdef", "１２３４５６", app.at(later, counter_offset=3)):
        assert not use_code(database, jane, wrong, later + timedelta(seconds=30))


def test_of_two_who_give_the_same_code_at_once_one_gets_in(database: Database, jane: int) -> None:
    app = enrol(database, jane)
    later = MOMENT + timedelta(minutes=5)
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: use_code(database, jane, app.at(later), later), range(4)))
    assert got.count(True) == 1


def test_with_another_key_no_code_works_and_nothing_fails(database: Database, jane: int) -> None:
    app = enrol(database, jane)
    later = MOMENT + timedelta(minutes=5)
    with database.verb() as session:
        assert not authenticator.use_code(
            session, organiser_id=jane, code=app.at(later), key=b"changed", now=later
        )


def test_recovery_codes_work_once_each(database: Database, jane: int) -> None:
    with database.verb() as session:
        now = read_now(session)
        codes = recovery_codes.renew(session, organiser_id=jane, now=now, actor="test")
    assert len(set(codes)) == recovery_codes.CODES
    assert not any(code in dump(database) for code in codes)

    def use(code: str, organiser_id: int = jane) -> bool:
        with database.verb() as session:
            return recovery_codes.use(session, organiser_id=organiser_id, code=code, now=now, actor="test")

    assert not use(codes[0], jane - 1)
    assert use(codes[0].lower().replace("-", " "))
    assert not use(codes[0])
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: use(codes[1]), range(4))).count(True) == 1
    with database.verb() as session:
        assert recovery_codes.count_left(session, organiser_id=jane) == recovery_codes.CODES - 2
        recovery_codes.renew(session, organiser_id=jane, now=now, actor="test")
    assert not use(codes[2])


def test_codes_go_with_the_last_second_factor(database: Database, jane: int) -> None:
    enrol(database, jane)
    with database.verb() as session:
        now = read_now(session)
        recovery_codes.renew(session, organiser_id=jane, now=now, actor="test")
        sign_ins.forget_codes_without_factors(session, organiser_id=jane)
        assert recovery_codes.count_left(session, organiser_id=jane) == recovery_codes.CODES
        authenticator.remove(session, organiser_id=jane, now=now, actor="test")
        sign_ins.forget_codes_without_factors(session, organiser_id=jane)
    with database.reading() as session:
        assert session.scalars(select(RecoveryCode)).all() == []
        assert session.scalar(select(Organiser.totp_secret).where(Organiser.id == jane)) is None


def test_half_signed_in_ends_when_the_password_changes(database: Database, jane: int) -> None:
    with database.reading() as session:
        credentials = accounts.find_credentials(session, email=EMAIL)
        mark = sign_ins.print_of(credentials)
        assert sign_ins.find_half_signed_in(session, organiser_id=jane, mark=mark) == credentials
        assert sign_ins.find_half_signed_in(session, organiser_id=jane - 1, mark="x") is None
    with database.verb() as session:
        changed = accounts.hash_password("quite another passphrase")
        accounts.set_password(
            session, email=EMAIL, password_hash=changed, now=read_now(session), actor="test"
        )
        assert sign_ins.find_half_signed_in(session, organiser_id=jane, mark=mark) is None


def start(database: Database, email: str = EMAIL) -> str:
    with database.verb() as session:
        credentials = accounts.find_credentials(session, email=email)
        cookie = accounts.start_session(
            session, credentials=credentials, now=read_now(session), agent="Firefox, Linux"
        )
    return hash_cookie(cookie)


def test_sessions_are_ended_one_by_one_or_all_others(database: Database, jane: int) -> None:
    foreign = start(database, "noise@example.org")
    mine = [start(database) for _ in range(4)]
    with database.verb() as session:
        found = sign_ins.get_account(session, organiser_id=jane, id_hash=mine[0])
        assert [each.agent for each in found.sessions] == ["Firefox, Linux"] * 4
        assert [each.is_this for each in found.sessions].count(True) == 1
        now = read_now(session)
        sign_ins.end_session(session, organiser_id=jane, name=mine[1][:16], now=now, actor="test")
        with pytest.raises(NotFound):
            sign_ins.end_session(session, organiser_id=jane, name=foreign[:16], now=now, actor="test")
    with database.verb() as session:
        now = read_now(session)
        ended = sign_ins.end_other_sessions(
            session, organiser_id=jane, id_hash=mine[0], now=now, actor="test"
        )
    assert ended == 2
    with database.reading() as session:
        assert set(session.scalars(select(WebSession.id_hash))) == {mine[0], foreign}


def test_a_session_is_confirmed_for_ten_minutes(database: Database, jane: int) -> None:
    mine, other = start(database), start(database)

    def is_confirmed(id_hash: str) -> bool:
        with database.reading() as session:
            found = accounts.find_signed_in(session, id_hash=id_hash)
        assert found is not None
        return found.is_confirmed

    assert is_confirmed(mine)
    with database.verb() as session:
        session.execute(update(WebSession).values(confirmed_at=read_now(session) - accounts.CONFIRMED_FOR))
    assert not is_confirmed(mine)
    with database.verb() as session:
        sign_ins.confirm(session, id_hash=mine, now=read_now(session))
    assert is_confirmed(mine)
    assert not is_confirmed(other)


def ask_reset(database: Database, email: str = EMAIL) -> list[ResetLetter]:
    with database.verb() as session:
        letter = resetting.request_reset(session, email=email, now=read_now(session), actor="test")
    return [] if letter is None else [letter]


def reset(database: Database, secret: str, password: str = "a new and long passphrase") -> str:
    with database.verb() as session:
        return resetting.reset_password(
            session, secret=secret, password=password, password_hash=password_hash(), now=read_now(session)
        )


def test_sec_18_a_reset_works_once_only_the_newest_and_for_an_hour(database: Database, jane: int) -> None:
    enrol(database, jane)
    with database.verb() as session:
        credentials = accounts.find_credentials(session, email=EMAIL)
        accounts.start_session(session, credentials=credentials, now=read_now(session), second_given=True)
    [older], [newer] = ask_reset(database), ask_reset(database, EMAIL.upper())
    assert newer.secret not in dump(database)
    with pytest.raises(NotFound):
        reset(database, older.secret)
    with pytest.raises(InputError, match="others try"):
        reset(database, newer.secret, "password1")
    assert reset(database, newer.secret) == EMAIL
    with pytest.raises(NotFound):
        reset(database, newer.secret)
    with database.reading() as session:
        assert session.scalars(select(WebSession)).all() == [], "whoever was signed in is signed out"
        assert sign_ins.find_second_step(session, organiser_id=jane).has_app, "the second factor stays"
    [last] = ask_reset(database)
    with database.verb() as session:
        session.execute(update(OneTimeSecret).values(expires_at=read_now(session)))
    with pytest.raises(NotFound):
        reset(database, last.secret)


def test_sec_18_two_resets_at_once_set_one_password(database: Database, jane: int) -> None:
    [letter] = ask_reset(database)

    def try_it(_: int) -> bool:
        try:
            reset(database, letter.secret)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(try_it, range(4))).count(True) == 1


def test_a_reset_is_for_accounts_that_can_sign_in(database: Database, jane: int) -> None:
    assert ask_reset(database, "nobody@example.org") == []
    [letter] = ask_reset(database)
    with database.verb() as session:
        accounts.disable(session, email=EMAIL, now=read_now(session), actor="test")
        assert resetting.find_reset(session, secret=letter.secret) is None
    assert ask_reset(database) == []
    with pytest.raises(NotFound):
        reset(database, letter.secret)


def test_a_secret_opens_only_what_it_was_made_for(database: Database, jane: int) -> None:
    [letter] = ask_reset(database)
    with pytest.raises(NotFound), database.verb() as session:
        one_time.use(session, secret=letter.secret, purpose=Purpose.SET_UP, now=read_now(session))
    with database.reading() as session:
        assert one_time.find(session, secret=letter.secret, purpose=Purpose.INVITATION) is None
        assert one_time.find(session, secret=letter.secret) is not None
        assert one_time.find(session, secret="\ud800") is None


def test_sec_94_the_first_account_takes_the_link_of_the_first_start(database: Database) -> None:
    def offer() -> str | None:
        with database.verb() as session:
            return first_start.offer_set_up(session, now=read_now(session), actor="test")

    def set_up(secret: str, email: str = EMAIL, password: str = PASSWORD) -> None:
        with database.verb() as session:
            first_start.set_up(
                session,
                secret=secret,
                email=email,
                password=password,
                password_hash=password_hash(),
                now=read_now(session),
            )

    first, second = offer(), offer()
    assert first is not None
    assert second is not None
    with pytest.raises(NotFound):
        set_up(first)
    with pytest.raises(InputError) as caught:
        set_up(second, "nobody", "short")
    assert len(caught.value.problems) == 2
    set_up(second)
    with pytest.raises(NotFound):
        set_up(second, "other@example.org")
    assert offer() is None
    with database.reading() as session:
        assert session.scalars(select(Organiser.email)).all() == [EMAIL]
        assert first_start.count_organisers(session) == 1


def test_a_link_of_the_first_start_is_worth_nothing_beside_an_account(database: Database) -> None:
    with database.verb() as session:
        secret = first_start.offer_set_up(session, now=read_now(session), actor="test")
    assert secret is not None
    add_organiser(database, "other@example.org")
    with pytest.raises(Refused), database.verb() as session:
        first_start.set_up(
            session,
            secret=secret,
            email=EMAIL,
            password=PASSWORD,
            password_hash=password_hash(),
            now=read_now(session),
        )


def test_expired_secrets_are_swept_away(database: Database, jane: int) -> None:
    ask_reset(database)
    with database.verb() as session:
        now = read_now(session)
        assert upkeep.sweep(session, now=now).secrets == 0
        assert upkeep.sweep(session, now=now + timedelta(days=2)).secrets == 1


def test_an_operator_can_take_every_factor_off(database: Database, jane: int) -> None:
    enrol(database, jane)
    with database.verb() as session:
        now = read_now(session)
        recovery_codes.renew(session, organiser_id=jane, now=now, actor="test")
        sign_ins.drop_factors(session, email=EMAIL, now=now, actor="command line")
        assert not sign_ins.find_second_step(session, organiser_id=jane).is_needed
        acts = set(session.scalars(select(AuditEntry.act)))
        [line] = [each for each in sign_ins.list_accounts(session) if each.email == EMAIL]
    assert {"organiser.totp_on", "organiser.recovery_codes", "organiser.factors_dropped"} <= acts
    assert (line.has_app, line.passkeys, line.studies) == (False, 0, ())
