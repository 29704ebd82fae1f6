"""A rehearsal stands beside its study: played part by part by the worker, marked, and taken away whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from surveyapp import jobs
from surveyapp.errors import InputError, Refused
from surveyapp.exchange.panel_file import PanelRow
from surveyapp.models import Answer, Base, Job, OutboxMessage, Panellist, Round, Study, Submission
from surveyapp.services import staging
from surveyapp.services.panel import import_panel
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import set_protocol
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text

PEOPLE = 7


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    laid = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 2, is_open=False)
    set_protocol(laid, is_locked=False)
    return laid


def stage(ground: Ground, *, people: int = PEOPLE) -> str:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return staging.stage(
            session, study=study, people=people, link_key=LINK_KEY, now=read_now(session), actor="test"
        ).slug


def remove(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        staging.remove_rehearsal(session, study=study, now=read_now(session), actor="test")


def look(ground: Ground) -> staging.Staged | None:
    with ground.database.reading() as session:
        return staging.find_rehearsal(session, study_id=ground.study_id)


def test_the_worker_plays_it_to_its_end_and_the_study_stays_as_it_is(ground: Ground) -> None:
    database = ground.database
    slug = stage(ground)
    staged = look(ground)
    assert staged is not None
    assert staged.is_playing
    parts = 0
    while jobs.run_next(database, link_key=LINK_KEY):
        parts += 1
    # Never the whole panel at once: others' rounds are opened and closed in between.
    assert parts > 5
    staged = look(ground)
    assert staged is not None
    assert not staged.is_playing
    with database.reading() as session:
        made = session.scalars(select(Study).where(Study.slug == slug)).one()
        states = session.execute(select(Round.number, Round.state).where(Round.study_id == made.id)).all()
        assert [tuple(row) for row in sorted(states)] == [(1, "released"), (2, "released"), (3, "released")]
        assert made.is_synthetic
        submitted = session.scalar(select(func.count()).where(Submission.study_id == made.id))
        assert submitted is not None
        assert submitted > PEOPLE
        assert (
            session.scalars(select(Panellist.is_synthetic).where(Panellist.study_id == made.id)).all()
            == [True] * PEOPLE
        )
        assert not session.scalar(select(func.count()).select_from(OutboxMessage))
        study = session.get_one(Study, ground.study_id)
        assert not study.is_synthetic
        for table in (Round, Answer):
            assert not session.scalar(select(func.count()).where(table.study_id == study.id))
        assert not session.scalar(select(func.count()).where(Job.error.is_not(None)))


def test_it_goes_in_one_act_also_while_it_is_played(ground: Ground) -> None:
    database = ground.database
    with database.reading() as session:
        before = {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    slug = stage(ground)
    assert jobs.run_next(database, link_key=LINK_KEY)
    remove(ground)
    assert look(ground) is None
    assert not jobs.run_next(database, link_key=LINK_KEY)
    with database.reading() as session:
        after = {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }
    changed = {name for name, count in after.items() if count != before[name]}
    assert changed == {"audit_entry", "deleted_study"}
    with pytest.raises(Refused, match="no rehearsal"):
        remove(ground)
    assert stage(ground) == slug


def test_what_cannot_be_rehearsed_is_refused(ground: Ground, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="from 5 to 200"):
        stage(ground, people=4)
    slug = stage(ground)
    with pytest.raises(Refused, match="has a rehearsal already"):
        stage(ground)
    with ground.database.verb() as session:
        made = session.scalars(select(Study).where(Study.slug == slug)).one()
        real = [PanelRow(row=2, name="Jane", email="jane@example.org", group="both")]
        with pytest.raises(Refused, match="invented panel"):
            import_panel(
                session,
                study=made,
                questionnaire=ground.instrument.questionnaire,
                rows=real,
                now=read_now(session),
                actor="test",
                link_key=LINK_KEY,
            )
    bare = lay_ground(
        ground.database, load_text(SMALL, tmp_path), slug="bare", groups=("both",), is_open=False
    )
    with pytest.raises(Refused, match="no protocol yet"):
        stage(bare)
