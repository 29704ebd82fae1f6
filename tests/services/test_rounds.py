"""Opening and closing rounds, by hand and by their deadline."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import NotFound, Refused
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
