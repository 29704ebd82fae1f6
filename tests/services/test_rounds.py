"""Opening and closing rounds, by hand and by their deadline."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from surveyapp import jobs
from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.models import AuditEntry, Job, Round, Study
from surveyapp.services import rounds
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path), is_open=False)


def open_round(ground: Ground, closes_in: timedelta | None = None) -> Round:
    with ground.database.verb() as session:
        now = read_now(session)
        study = session.get_one(Study, ground.study_id)
        closes_at = now + closes_in if closes_in is not None else None
        return rounds.open_round(session, study=study, now=now, actor="test", closes_at=closes_at)


def test_a_round_opens_closes_and_the_next_one_follows(ground: Ground) -> None:
    assert open_round(ground).state == "open"
    assert rounds.close_round(ground.database, slug="fruit", actor="test").state == "closed"
    assert open_round(ground).number == 2
    with ground.database.reading() as session:
        acts = session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)).all()
    assert acts == ["study.create", "round.open", "round.close", "round.open"]


def test_a_second_open_round_and_a_second_close_are_refused_in_words(ground: Ground) -> None:
    open_round(ground)
    with pytest.raises(Refused, match="Round 1 is open already"):
        open_round(ground)
    rounds.close_round(ground.database, slug="fruit", actor="test")
    with pytest.raises(Refused, match="Round 1 is closed, so you cannot close it"):
        rounds.close_round(ground.database, slug="fruit", actor="test")


def test_closing_before_any_round_says_what_to_do(ground: Ground) -> None:
    with pytest.raises(Refused, match="surveyapp round open"):
        rounds.close_round(ground.database, slug="fruit", actor="test")
    with pytest.raises(NotFound):
        rounds.close_round(ground.database, slug="fruit", actor="test", number=7)


def test_a_deadline_in_the_past_is_refused(ground: Ground) -> None:
    with pytest.raises(Refused, match="over already"):
        open_round(ground, timedelta(seconds=-1))


def test_a_study_without_panel_does_not_open(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=(), is_open=False)
    with pytest.raises(Refused, match="nobody on the panel"):
        open_round(ground)


def test_a_deadline_asks_for_its_own_closing(ground: Ground) -> None:
    opened = open_round(ground, timedelta(days=3))
    with ground.database.reading() as session:
        (job,) = session.scalars(select(Job)).all()
    assert (job.kind, job.study_id, job.run_at) == (rounds.CLOSE_JOB, ground.study_id, opened.closes_at)


def test_a_closer_that_died_after_its_mark_locks_nobody_out_for_long(ground: Ground) -> None:
    open_round(ground)
    with ground.database.verb() as session:
        now = read_now(session)
        rounds.mark_closing(session, study_id=ground.study_id, number=1, now=now)
    with pytest.raises(Refused):
        ground.sit_down(0)
    with ground.database.verb() as session:
        held = session.get_one(Round, (ground.study_id, 1))
        held.closing_at = read_now(session) - timedelta(seconds=61)
    assert ground.sit_down(0).takes_answers is True


def in_hours(ground: Ground, hours: float) -> datetime:
    with ground.database.reading() as session:
        return read_now(session) + timedelta(hours=hours)


def act(ground: Ground, verb: Callable[..., Round], **more: Any) -> Round:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return verb(session, study=study, now=read_now(session), actor="test", **more)


def test_a_scheduled_round_opens_by_its_job_once_its_time_has_come(ground: Ground) -> None:
    act(ground, rounds.schedule_round, opens_at=in_hours(ground, 1), closes_at=in_hours(ground, 2))
    assert not jobs.run_next(ground.database)
    with ground.database.verb() as session:
        session.execute(update(Round).values(opens_at=read_now(session)))
        session.execute(update(Job).values(run_at=read_now(session)))
    assert jobs.run_next(ground.database)
    with ground.database.reading() as session:
        opened = session.get_one(Round, (ground.study_id, 1))
        assert (opened.state, opened.closes_at is not None) == ("open", True)
        assert set(session.scalars(select(Job.kind))) == {rounds.OPEN_JOB, rounds.CLOSE_JOB}


def test_a_scheduled_round_can_be_moved_opened_by_hand_and_called_off(ground: Ground) -> None:
    first = act(ground, rounds.schedule_round, opens_at=in_hours(ground, 1))
    moved = act(ground, rounds.schedule_round, opens_at=in_hours(ground, 5))
    assert (first.number, moved.number) == (1, 1)
    with ground.database.verb() as session:
        now = read_now(session) + timedelta(hours=2)
        # The first job finds the round moved and leaves it alone.
        assert not rounds.open_scheduled_round(
            session, study_id=ground.study_id, number=1, now=now, actor="system"
        )
    assert act(ground, rounds.open_round).state == "open"
    with pytest.raises(InputError, match="write why"):
        act(ground, rounds.cancel_round, reason=" ")
    assert act(ground, rounds.cancel_round, reason="the wrong questionnaire").state == "cancelled"
    assert act(ground, rounds.open_round).number == 2


def test_times_in_the_wrong_order_are_all_told_at_once(ground: Ground) -> None:
    with pytest.raises(InputError) as caught:
        act(ground, rounds.schedule_round, opens_at=in_hours(ground, -1), closes_at=in_hours(ground, -2))
    assert [problem.where for problem in caught.value.problems] == ["opening", "deadline"]


def test_a_deadline_is_only_ever_moved_to_a_later_time(ground: Ground) -> None:
    with pytest.raises(Refused, match="no round yet"):
        act(ground, rounds.extend_round, closes_at=in_hours(ground, 1), reason="asked for")
    open_round(ground, timedelta(hours=2))
    with pytest.raises(Refused, match="only ever moved to a later time"):
        act(ground, rounds.extend_round, closes_at=in_hours(ground, 1), reason="asked for")
    with pytest.raises(InputError, match="write why the deadline is moved"):
        act(ground, rounds.extend_round, closes_at=in_hours(ground, 3), reason="")
    until = in_hours(ground, 3)
    assert act(ground, rounds.extend_round, closes_at=until, reason="asked for").closes_at == until
    with ground.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "round.extend")).one()
        assert entry.reason == "asked for"
        assert len(session.scalars(select(Job)).all()) == 2


def test_a_closed_round_opens_again_before_its_release_and_never_after(ground: Ground) -> None:
    open_round(ground)
    with pytest.raises(Refused, match="is open already, so you cannot reopen it"):
        act(ground, rounds.reopen_round, reason="links were blocked")
    rounds.close_round(ground.database, slug="fruit", actor="test")
    reopened = act(ground, rounds.reopen_round, reason="links were blocked", closes_at=in_hours(ground, 1))
    assert (reopened.state, reopened.closed_at) == ("open", None)
    assert ground.sit_down(0).takes_answers is True
    rounds.close_round(ground.database, slug="fruit", actor="test")
    with ground.database.verb() as session:
        session.execute(update(Round).values(state="released"))
    with pytest.raises(Refused, match="its feedback is released, so you cannot reopen it"):
        act(ground, rounds.reopen_round, reason="one more")


def test_reopening_while_the_next_round_is_open_is_refused(ground: Ground) -> None:
    open_round(ground)
    rounds.close_round(ground.database, slug="fruit", actor="test")
    open_round(ground)
    with pytest.raises(Refused, match="Round 2 is open already"):
        act(ground, rounds.reopen_round, reason="one more", number=1)
