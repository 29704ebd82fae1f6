"""Letters about accounts: sent once, in the reader's language, with links that the database does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp import jobs
from surveyapp.errors import NotFound
from surveyapp.mail.letters import Letter
from surveyapp.mail.transport import Answer, Folder, Line, Memory, Outcome
from surveyapp.models import AuditEntry, Base, Job, OneTimeSecret
from surveyapp.services import accounts, authenticator, members, passkeys, resetting, sign_ins
from surveyapp.services.account_letters.asking import JOB, ask_for_reset
from surveyapp.services.account_letters.inviting import invite_by_letter
from surveyapp.services.account_letters.sending import send_account_letter
from surveyapp.services.letters.office import Office
from surveyapp.services.members import OpenInvitation
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import EMAIL, add_organiser, password_hash
from tests.support.mailing import office_with, read
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text

_LINK = re.compile(r"https://delphi\.example\.org/organiser/l/([A-Za-z0-9_-]{43})\b")


class Killed(BaseException):
    """What a worker that is killed does not live to handle."""


@dataclass
class Telling:
    """A way to hand letters over that answers as it is told."""

    answers: list[Outcome | str]
    letters: list[Letter] = field(default_factory=list)
    is_mail: bool = True

    @contextmanager
    def open(self) -> Iterator[Line]:
        yield self

    def hand_over(self, letter: Letter) -> Answer:
        self.letters.append(letter)
        said = self.answers.pop(0) if self.answers else Outcome.ACCEPTED
        if said == "killed":
            raise Killed
        return Answer(Outcome(said), f"550 said {said}")


@pytest.fixture
def jane(database: Database) -> int:
    return add_organiser(database, EMAIL)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path), is_open=False)


def ask(database: Database, email: str = EMAIL, language: str = "en") -> None:
    with database.verb() as session:
        ask_for_reset(session, email=email, language=language, now=read_now(session), actor="test")


def invite(ground: Ground, email: str = "new@example.org", language: str = "en") -> None:
    with ground.database.verb() as session:
        invite_by_letter(
            session,
            study=get_study(session, slug=ground.slug),
            email=email,
            role="analyst",
            language=language,
            link_key=LINK_KEY,
            now=read_now(session),
            actor="owner@example.org",
        )


def invitations(ground: Ground) -> tuple[OpenInvitation, ...]:
    with ground.database.reading() as session:
        return members.list_invitations(session, study_id=ground.study_id, now=read_now(session))


def send_all(database: Database, office: Office) -> None:
    """Whatever waits, as a worker does, without waiting for leases and pauses."""
    for _ in range(10):
        with database.verb() as session:
            long_ago = read_now(session) - timedelta(seconds=1)
            waiting = session.execute(
                update(Job)
                .where(Job.kind == JOB, Job.done_at.is_(None))
                .values(lease_until=None, run_at=long_ago)
                .returning(Job.id)
            ).all()
        if not waiting:
            return
        send_account_letter(database, office)
    raise AssertionError("letters are left")


def secret_in(letter: Letter) -> str:
    message = read(letter.content)
    secrets = set()
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None
        secrets |= set(_LINK.findall(part.get_content()))
    [secret] = secrets
    return str(secret)


def dump(database: Database) -> str:
    with database.reading() as session:
        tables = Base.metadata.sorted_tables
        return "".join(str(session.execute(select(table)).all()) for table in tables)


def test_the_letter_sets_a_new_password_and_no_copy_of_the_database_does(
    database: Database, jane: int, tmp_path: Path
) -> None:
    memory = Memory()
    office = office_with(memory, tmp_path)
    ask(database, EMAIL.upper(), "de")
    waiting = dump(database)
    assert send_account_letter(database, office) is not None
    assert send_account_letter(database, office) is None
    [letter] = memory.letters
    secret = secret_in(letter)
    assert secret not in waiting + dump(database)
    message = read(letter.content)
    assert (letter.recipient, message["Subject"]) == (EMAIL, "Ein neues Passwort für delphi.example.org")
    assert message["Auto-Submitted"] == "auto-generated"
    with database.verb() as session:
        assert resetting.find_reset(session, secret=secret) == EMAIL
        resetting.reset_password(
            session,
            secret=secret,
            password="a new and long passphrase",
            password_hash=password_hash(),
            now=read_now(session),
        )


def test_sec_19_for_unknown_addresses_the_same_is_done_and_nothing_sent(
    database: Database, jane: int, tmp_path: Path
) -> None:
    memory = Memory()
    for email in ("nobody@example.org", EMAIL):
        ask(database, email)
    with database.reading() as session:
        unknown, known = session.scalars(select(Job).order_by(Job.id)).all()
        assert json.loads(unknown.payload).keys() == json.loads(known.payload).keys()
        assert "nobody" not in unknown.payload + unknown.key
        assert session.scalars(select(OneTimeSecret)).all() == [], "the worker makes the link"
    send_all(database, office_with(memory, tmp_path))
    assert [letter.recipient for letter in memory.letters] == [EMAIL]
    with database.reading() as session:
        asked = select(AuditEntry).where(AuditEntry.act == "organiser.reset_asked")
        assert len(session.scalars(asked).all()) == 1


def test_only_the_newest_reset_works_and_none_that_waited_for_longer_than_it_lasts(
    database: Database, jane: int, tmp_path: Path
) -> None:
    memory = Memory()
    office = office_with(memory, tmp_path)
    ask(database)
    send_all(database, office)
    ask(database)
    send_all(database, office)
    older, newer = map(secret_in, memory.letters)
    with database.reading() as session:
        assert resetting.find_reset(session, secret=older) is None
        assert resetting.find_reset(session, secret=newer) == EMAIL
    with database.verb() as session:
        ask_for_reset(
            session,
            email=EMAIL,
            language="en",
            now=read_now(session) - resetting.LASTS,
            actor="test",
        )
    send_all(database, office)
    assert len(memory.letters) == 2
    with database.reading() as session:
        assert resetting.find_reset(session, secret=newer) == EMAIL, "what came too late changes nothing"


def test_rel_30_killed_while_it_is_handed_over_the_same_letter_goes_again(
    database: Database, jane: int, tmp_path: Path
) -> None:
    told = Telling(["killed"])
    office = office_with(told, tmp_path)
    ask(database)
    with pytest.raises(Killed):
        send_account_letter(database, office)
    assert send_account_letter(database, office) is None, "the lease has not run out"
    send_all(database, office)
    first, second = told.letters
    assert first == second
    with database.reading() as session:
        assert resetting.find_reset(session, secret=secret_in(second)) == EMAIL


def test_rel_32_what_is_refused_is_told_and_what_is_delayed_is_tried_again(
    ground: Ground, tmp_path: Path
) -> None:
    told = Telling([Outcome.LATER, Outcome.REFUSED])
    office = office_with(told, tmp_path)
    invite(ground)
    assert [each.letter for each in invitations(ground)] == ["waiting"]
    send_account_letter(ground.database, office)
    [each] = invitations(ground)
    assert (each.letter, each.trouble) == ("waiting", "550 said later")
    send_all(ground.database, office)
    [each] = invitations(ground)
    assert (each.letter, each.trouble) == ("failed", "550 said refused")
    invite(ground)
    send_all(ground.database, office)
    assert [(each.letter, each.trouble) for each in invitations(ground)] == [("sent", "")]
    assert len({letter.message_id for letter in told.letters}) == 2


def test_an_invitation_by_letter_is_taken_up_by_whoever_got_it(ground: Ground, tmp_path: Path) -> None:
    memory = Memory()
    invite(ground, language="de")
    invite(ground, "gone@example.org")
    with ground.database.verb() as session:
        study, now = get_study(session, slug=ground.slug), read_now(session)
        gone = [each.name for each in invitations(ground) if each.email == "gone@example.org"]
        members.withdraw_invitation(session, study=study, name=gone[0], now=now, actor="test")
    send_all(ground.database, office_with(memory, tmp_path))
    [letter] = memory.letters
    secret = secret_in(letter)
    assert letter.recipient == "new@example.org", "an invitation that was taken back is not sent"
    assert read(letter.content)["Subject"] == "Einladung zur Mitarbeit an „A small study“"
    assert secret not in dump(ground.database)
    with ground.database.verb() as session:
        found = members.find_invitation(session, secret=secret)
        assert found is not None
        assert (found.email, found.role) == ("new@example.org", "analyst")


def test_without_a_mail_server_no_link_lies_about_in_a_folder(
    database: Database, ground: Ground, jane: int, tmp_path: Path
) -> None:
    folder = tmp_path / "letters"
    office = office_with(Folder(folder), tmp_path)
    ask(database)
    invite(ground)
    send_all(database, office)
    assert not folder.exists()
    with database.verb() as session:
        accounts.set_password(
            session, email=EMAIL, password_hash=password_hash(), now=read_now(session), actor="test"
        )
    send_all(database, office)
    assert len(list(folder.iterdir())) == 1, "a notice holds no secret"


def test_the_owner_is_told_what_changed_about_signing_in(
    database: Database, jane: int, tmp_path: Path
) -> None:
    memory = Memory()
    office = office_with(memory, tmp_path)
    with database.verb() as session:
        now = read_now(session)
        accounts.set_password(
            session, email=EMAIL, password_hash=password_hash(), now=now, actor="test", language="de"
        )
        authenticator.remove(session, organiser_id=jane, now=now, actor="test", language="en")
        sign_ins.drop_factors(session, email=EMAIL, now=now, actor="command line")
    with pytest.raises(NotFound), database.verb() as session:
        passkeys.remove_passkey(session, organiser_id=jane, passkey_id=7, now=now, actor="test")
    send_all(database, office)
    assert sorted(str(read(letter.content)["Subject"]) for letter in memory.letters) == [
        "Ihr Passwort auf delphi.example.org wurde geändert",
        "Your account at delphi.example.org lost a second factor",
        (
            "Your account at delphi.example.org lost a second factor / "
            "Ihr Konto auf delphi.example.org hat einen zweiten Faktor weniger"
        ),
    ]
    for letter in memory.letters:
        assert letter.recipient == EMAIL
        assert not _LINK.search(letter.content.decode())
    with database.verb() as session:
        accounts.disable(session, email=EMAIL, now=read_now(session), actor="test")
        sign_ins.drop_factors(session, email=EMAIL, now=read_now(session), actor="test")
    send_all(database, office)
    assert len(memory.letters) == 3, "an account that was switched off gets none"


def test_other_work_does_not_wait_for_a_mail_server(database: Database, jane: int) -> None:
    ask(database)
    assert not jobs.run_next(database)
    with database.reading() as session:
        assert session.scalar(select(Job.attempts).where(Job.kind == JOB)) == 0
