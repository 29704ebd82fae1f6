"""Sending: killed at every point, two at once, refused, overtaken by what experts do (REL-30 to REL-34)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import select, update

from surveyapp import jobs
from surveyapp.mail.kinds import Kind
from surveyapp.mail.letters import Letter
from surveyapp.mail.transport import Answer, Line, Memory, Outcome
from surveyapp.models import OutboxMessage, Participation, Study
from surveyapp.services import doors
from surveyapp.services.letters import outbox, sending
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.sending import Sent, send_due
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.mailing import Sink, introduce, listening, office_with, read
from tests.support.studies import SMALL, Ground, lay_ground, load_text


class Killed(BaseException):
    """What a worker that is killed does not live to handle."""


@dataclass
class Telling:
    """A way to hand letters over that answers as it is told; '' kills the worker."""

    answers: list[Outcome | str]
    letters: list[Letter] = field(default_factory=list)
    is_mail: bool = True

    @contextmanager
    def open(self) -> Iterator[Line]:
        yield self

    def hand_over(self, letter: Letter) -> Answer:
        said = self.answers.pop(0) if self.answers else Outcome.ACCEPTED
        if said == "killed before":
            raise Killed
        self.letters.append(letter)
        if said == "killed after":
            raise Killed
        return Answer(Outcome(said), f"said {said}", is_line_down=False)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",))
    introduce(laid)
    return laid


def queue(ground: Ground, kind: Kind = Kind.INVITATION) -> None:
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        occasion = outbox.find_occasion(session, study=study, kind=kind)
        outbox.send_letters(session, study=study, occasion=occasion, now=read_now(session), actor="test")


def let_leases_run_out(database: Database) -> None:
    with database.verb() as session:
        long_ago = read_now(session) - timedelta(seconds=1)
        session.execute(
            update(OutboxMessage).where(OutboxMessage.state == "sending").values(lease_until=long_ago)
        )
        session.execute(update(OutboxMessage).where(OutboxMessage.state == "queued").values(due_at=long_ago))


def rows(ground: Ground) -> list[OutboxMessage]:
    with ground.database.reading() as session:
        return list(
            session.scalars(
                select(OutboxMessage)
                .where(OutboxMessage.study_id == ground.study_id)
                .order_by(OutboxMessage.panellist_id)
            )
        )


def test_rel_30_killed_before_handing_over_it_goes_once(ground: Ground, tmp_path: Path) -> None:
    queue(ground)
    told = Telling(["killed before"])
    office = office_with(told, tmp_path)
    with pytest.raises(Killed):
        send_due(ground.database, office)
    assert send_due(ground.database, office).claimed == 0
    let_leases_run_out(ground.database)
    assert send_due(ground.database, office) == Sent(1, 1, is_line_down=False)
    assert len(told.letters) == 1
    assert [row.state for row in rows(ground)] == ["sent"]


def test_rel_30_killed_between_acceptance_and_noting_it_goes_twice_as_the_same_letter(
    ground: Ground, tmp_path: Path
) -> None:
    queue(ground)
    told = Telling(["killed after"])
    office = office_with(told, tmp_path)
    with pytest.raises(Killed):
        send_due(ground.database, office)
    let_leases_run_out(ground.database)
    send_due(ground.database, office)
    first, second = told.letters
    assert first == second
    assert first.message_id.endswith("@delphi.example.org>")


def test_rel_30_killed_after_noting_it_goes_once(ground: Ground, tmp_path: Path) -> None:
    queue(ground)
    told = Telling([])
    office = office_with(told, tmp_path)
    send_due(ground.database, office)
    let_leases_run_out(ground.database)
    assert send_due(ground.database, office).claimed == 0
    assert len(told.letters) == 1


def test_rel_31_two_workers_at_once_send_each_letter_once(database: Database, tmp_path: Path) -> None:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",) * 40)
    introduce(laid)
    queue(laid)
    told = Telling([])
    office, barrier = office_with(told, tmp_path), Barrier(2)

    def work() -> None:
        barrier.wait()
        while send_due(database, office).claimed:
            pass

    workers = [Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(told.letters) == len({letter.message_id for letter in told.letters}) == 40


def test_rel_31_a_worker_overtaken_by_a_clock_that_jumps_does_not_send(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(ground)
    told = Telling([])
    office = office_with(told, tmp_path)
    prepare = sending._prepare

    def overtaken(database: Database, at: Office, claim: sending._Claim) -> tuple[Letter, bool] | None:
        monkeypatch.setattr(sending, "_prepare", prepare)
        let_leases_run_out(database)
        assert send_due(database, at).handed_over == 1
        return prepare(database, at, claim)

    monkeypatch.setattr(sending, "_prepare", overtaken)
    assert send_due(ground.database, office).handed_over == 0
    assert len(told.letters) == 1


@pytest.mark.parametrize(
    ("said", "state"), [(Outcome.LATER, "queued"), (Outcome.REFUSED, "refused"), (Outcome.UNKNOWN, "unknown")]
)
def test_rel_32_only_what_is_temporary_is_tried_again(
    ground: Ground, tmp_path: Path, said: Outcome, state: str
) -> None:
    queue(ground)
    told = Telling([said])
    office = office_with(told, tmp_path)
    send_due(ground.database, office)
    [row] = rows(ground)
    assert (row.state, row.answer) == (state, f"said {said}")
    assert send_due(ground.database, office).claimed == 0
    let_leases_run_out(ground.database)
    assert send_due(ground.database, office).claimed == (1 if said is Outcome.LATER else 0)


def test_rel_32_one_bad_address_of_many_keeps_nobody_waiting(database: Database, tmp_path: Path) -> None:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",) * 25)
    introduce(laid)
    queue(laid)
    sink = Sink(lambda address: "550 no such user" if address.startswith("expert7@") else "")
    with listening(sink) as smtp:
        office = office_with(smtp, tmp_path)
        while send_due(database, office).claimed:
            pass
    assert len(sink.letters) == 24
    found = {row.panellist_id: (row.state, row.answer) for row in rows(laid)}
    assert found.pop(laid.panel[6].panellist_id) == ("refused", "550 no such user")
    assert set(found.values()) == {("sent", "250 kept")}


def test_rel_32_what_was_tried_too_long_is_given_up_with_the_last_words(
    ground: Ground, tmp_path: Path
) -> None:
    queue(ground)
    with ground.database.verb() as session:
        old = read_now(session) - sending.GIVE_UP_AFTER - timedelta(minutes=1)
        session.execute(update(OutboxMessage).values(queued_at=old))
    send_due(ground.database, office_with(Telling([Outcome.LATER]), tmp_path))
    [row] = rows(ground)
    assert row.state == "refused"
    assert row.answer.endswith("said later")


def test_rel_33_whoever_submits_meanwhile_gets_no_reminder(ground: Ground, tmp_path: Path) -> None:
    ground.sit_down(0)
    queue(ground, Kind.REMINDER)
    with ground.database.verb() as session:
        session.execute(update(Participation).values(submission=1, submitted_at=read_now(session)))
    told = Telling([])
    send_due(ground.database, office_with(told, tmp_path))
    [row] = rows(ground)
    assert (row.state, row.answer, told.letters) == ("dropped", "has submitted meanwhile", [])


def test_rel_33_whoever_withdraws_meanwhile_gets_no_letter(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down(0)
    queue(ground, Kind.REMINDER)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    told = Telling([])
    send_due(ground.database, office_with(told, tmp_path))
    assert [row.state for row in rows(ground) if row.kind == "reminder"] == ["dropped"]
    # What goes out is the letter that confirms it, and nothing else to this address.
    subjects = [
        read(letter.content)["Subject"]
        for letter in told.letters
        if letter.recipient == "expert1@example.org"
    ]
    assert subjects
    assert not any("reminder" in subject.lower() for subject in subjects)


def test_rel_34_one_study_s_act_leaves_the_letters_of_another_alone(
    database: Database, tmp_path: Path
) -> None:
    questionnaire = load_text(SMALL, tmp_path)
    one, other = (lay_ground(database, questionnaire, slug=slug) for slug in ("one", "other"))
    for each in (one, other):
        introduce(each)
        queue(each)
    with database.verb() as session:
        study, now = get_study(session, slug="one"), read_now(session)
        assert outbox.cancel_waiting(session, study=study, kind=None, now=now, actor="test") == 3
    told = Telling([])
    send_due(database, office_with(told, tmp_path))
    assert {row.state for row in rows(one)} == {"cancelled"}
    assert {row.state for row in rows(other)} == {"sent"}
    assert all(b"/l/other." in letter.content for letter in told.letters)


def test_letters_to_invented_people_never_leave_the_machine(ground: Ground, tmp_path: Path) -> None:
    queue(ground)
    with ground.database.verb() as session:
        session.execute(update(Study).values(is_synthetic=True))
    memory = Memory()
    send_due(ground.database, office_with(memory, tmp_path))
    assert memory.letters == []
    assert len(list((tmp_path / "letters").glob("*.eml"))) == 1


def test_no_more_letters_go_in_a_minute_than_were_allowed(database: Database, tmp_path: Path) -> None:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("north",) * 9)
    introduce(laid)
    queue(laid)
    office = office_with(Telling([]), tmp_path, per_minute=4)
    with database.verb() as session:
        now = read_now(session).replace(second=1) + timedelta(minutes=1)
        assert len(sending._claim(session, office=office, most=3, now=now)) == 3
        assert len(sending._claim(session, office=office, most=3, now=now)) == 1
        assert sending._claim(session, office=office, most=3, now=now) == []
        assert len(sending._claim(session, office=office, most=3, now=now + timedelta(minutes=1))) == 3


def test_a_line_that_is_down_gives_the_rest_back(ground: Ground, tmp_path: Path) -> None:
    laid = lay_ground(ground.database, ground.instrument.questionnaire, slug="more")
    introduce(laid)
    queue(laid)

    class Down(Telling):
        def hand_over(self, letter: Letter) -> Answer:
            self.letters.append(letter)
            return Answer(Outcome.LATER, "nobody there", is_line_down=True)

    down = Down([])
    assert send_due(ground.database, office_with(down, tmp_path)) == Sent(3, 0, is_line_down=True)
    assert len(down.letters) == 1
    assert {row.state for row in rows(laid)} == {"queued"}


def test_the_worker_sends_beside_its_other_work(ground: Ground, tmp_path: Path) -> None:
    queue(ground)
    stop = Event()

    class Last(Telling):
        def hand_over(self, letter: Letter) -> Answer:
            stop.set()
            return super().hand_over(letter)

    jobs.run_worker(ground.database, stop=stop, office=office_with(Last([]), tmp_path))
    assert [row.state for row in rows(ground)] == ["sent"]


def test_reminders_are_looked_for_by_the_worker(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, stop = [], Event()

    def remind(database: Database) -> int:
        looked.append(database)
        stop.set()
        return 0

    monkeypatch.setattr(jobs, "remind_everywhere", remind)
    jobs.run_worker(ground.database, stop=stop, office=office_with(Telling([]), tmp_path))
    assert looked == [ground.database]
