"""The durable queue and its worker: nothing lost, nothing done by two at once, deadlines kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, select, update

from surveyapp import jobs
from surveyapp.models import Job, Participation, Round, SaveReceipt, Throttle, WebSession
from surveyapp.services import queue, rounds, throttling, upkeep
from surveyapp.services.queue import ClaimedJob
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

NOON = datetime(2026, 12, 12, 12, tzinfo=UTC)


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    with database.reading() as session:
        closes_at = read_now(session) + timedelta(hours=1)
    return lay_ground(database, load_text(SMALL, tmp_path), closes_at=closes_at)


def ask(database: Database, key: str = "a", *, run_at: datetime = NOON, kind: str = "test") -> None:
    with database.verb() as session:
        queue.enqueue(session, key=key, kind=kind, study_id=None, payload={"n": 1}, run_at=run_at)


def claim(database: Database, now: datetime) -> ClaimedJob | None:
    with database.verb() as session:
        return queue.claim(session, now=now)


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def test_asking_twice_makes_one_job(database: Database) -> None:
    ask(database)
    ask(database, run_at=NOON + timedelta(hours=1))
    assert count(database, Job) == 1


def test_a_job_is_taken_when_due_once_and_in_order(database: Database) -> None:
    ask(database, "late", run_at=NOON)
    ask(database, "early", run_at=NOON - timedelta(minutes=1))
    assert claim(database, NOON - timedelta(minutes=2)) is None
    first, second = claim(database, NOON), claim(database, NOON)
    assert first is not None
    assert second is not None
    assert [first.key, second.key] == ["early", "late"]
    assert dict(first.payload) == {"n": 1}
    assert claim(database, NOON) is None


def test_a_job_whose_worker_died_is_taken_again(database: Database) -> None:
    ask(database)
    claim(database, NOON)
    assert claim(database, NOON + queue.LEASE - timedelta(seconds=1)) is None
    again = claim(database, NOON + queue.LEASE)
    assert again is not None
    assert again.attempt == 2


def test_a_failed_job_waits_longer_each_time_and_is_given_up_at_last(database: Database) -> None:
    ask(database)
    now, pauses = NOON, []
    done_at = None
    for _ in range(queue.MAX_ATTEMPTS):
        job = claim(database, now)
        assert job is not None
        with database.verb() as session:
            queue.fail(session, job=job, error="OSError", now=now)
        with database.reading() as session:
            run_at, done_at = session.execute(select(Job.run_at, Job.done_at)).one()
        if done_at is None:
            pauses.append(run_at - now)
            now = run_at
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1] <= timedelta(hours=1)
    assert done_at is not None
    assert claim(database, now + timedelta(days=365)) is None


def test_a_job_goes_with_its_transaction(database: Database) -> None:
    class EnoughError(Exception):
        pass

    def give_up() -> None:
        with database.verb() as session:
            queue.enqueue(session, key="x", kind="test", study_id=None, payload={}, run_at=NOON)
            raise EnoughError

    with pytest.raises(EnoughError):
        give_up()
    assert count(database, Job) == 0


@pytest.mark.parametrize("database_engine", ["postgresql"], indirect=True)
def test_rel_31_two_workers_never_hold_one_job(database: Database) -> None:
    ask(database, "a")
    ask(database, "b", run_at=NOON + timedelta(seconds=1))
    now = NOON + timedelta(minutes=1)
    with database.verb() as first, database.verb() as second:
        one, other = queue.claim(first, now=now), queue.claim(second, now=now)
        assert one is not None
        assert other is not None
        assert {one.key, other.key} == {"a", "b"}


def test_the_worker_closes_a_round_at_its_deadline(database: Database, ground: Ground) -> None:
    assert not jobs.run_next(database)
    past = move_deadline(database, ground, timedelta(minutes=-1))
    assert jobs.run_next(database)
    with database.reading() as session:
        current = rounds.get_current_round(session, study_id=ground.study_id)
        assert current is not None
        assert current.state == "closed"
        assert current.closed_at is not None
        assert current.closed_at >= past
    assert list_waiting_kinds(database) == [rounds.SETTLE_JOB]
    assert jobs.run_next(database)
    assert not jobs.run_next(database)


def list_waiting_kinds(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(Job.kind).where(Job.done_at.is_(None)).order_by(Job.kind)))


def move_deadline(database: Database, ground: Ground, by: timedelta) -> datetime:
    """Make the job due now, and the deadline as far from now as `by` says."""
    with database.verb() as session:
        now = read_now(session)
        session.execute(
            update(Job).where(Job.kind == rounds.CLOSE_JOB).values(run_at=now - timedelta(seconds=1))
        )
        session.execute(update(Round).where(Round.study_id == ground.study_id).values(closes_at=now + by))
        return now + by


def test_a_deadline_that_was_moved_closes_nothing(database: Database, ground: Ground) -> None:
    move_deadline(database, ground, timedelta(hours=2))
    assert jobs.run_next(database)
    with database.reading() as session:
        current = rounds.get_current_round(session, study_id=ground.study_id)
        assert current is not None
        assert current.state == "open"
        assert queue.count_waiting(session) == 0


def test_closing_twice_does_no_harm(database: Database, ground: Ground) -> None:
    move_deadline(database, ground, timedelta(minutes=-1))
    ground.close()
    assert list_waiting_kinds(database) == [rounds.CLOSE_JOB, rounds.SETTLE_JOB]
    assert jobs.run_next(database)
    assert jobs.run_next(database)
    assert list_waiting_kinds(database) == []


def test_a_job_of_an_unknown_kind_is_tried_again_and_not_logged_with_its_content(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ask(database, "mystery", kind="from.a.newer.version", run_at=NOON - timedelta(days=365))
    assert jobs.run_next(database)
    with database.reading() as session:
        error, done_at = session.execute(select(Job.error, Job.done_at)).one()
    assert (error, done_at) == ("KeyError", None)


def test_the_sweep_forgets_what_is_over_and_nothing_else(database: Database, ground: Ground) -> None:
    seat = ground.sit_down()
    with database.verb() as session:
        now = read_now(session)
        old = now - timedelta(days=40)
        key = {"study_id": seat.study_id, "round": seat.round, "panellist_id": seat.panellist_id}
        for request_id, moment in (("old", old), ("new", now)):
            session.add(SaveReceipt(**key, request_id=request_id, revision=1, created_at=moment))
            throttling.count(session, purpose="link", subject="s", limit=9, window_seconds=60, now=moment)
            session.add(
                WebSession(
                    id_hash=request_id,
                    **key,
                    csrf_secret="x",
                    created_at=old,
                    expires_at=moment + timedelta(days=1),
                )
            )
    with database.verb() as session:
        swept = upkeep.sweep(session, now=now)
    assert swept == upkeep.Swept(sessions=1, receipts=1, throttles=1, jobs=0, secrets=0)
    assert count(database, WebSession) == 2
    assert count(database, SaveReceipt) == count(database, Throttle) == 1
    assert count(database, Participation) == 1
    with database.verb() as session:
        assert upkeep.sweep(session, now=now) == upkeep.Swept(0, 0, 0, 0, 0)


def test_upkeep_is_asked_for_once_an_hour(database: Database) -> None:
    jobs.ask_for_upkeep(database)
    jobs.ask_for_upkeep(database)
    assert list_waiting_kinds(database) == [jobs.DELETE_JOB, jobs.SWEEP_JOB]
    while jobs.run_next(database):
        pass
    assert list_waiting_kinds(database) == []


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_the_worker_ends_when_told_and_when_its_server_is_gone(database: Database) -> None:
    stop = Event()
    thread = Thread(target=jobs.run_worker, args=(database,), kwargs={"stop": stop})
    thread.start()
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
    jobs.run_worker(database, stop=Event(), is_orphan=lambda: True)
