"""The end of a study: put away, nothing in it changes; deleted after its time, and nothing of it is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.errors import InputError, Refused
from surveyapp.jobs import ask_for_upkeep, run_next
from surveyapp.models import AuditEntry, Base, DeletedStudy, Job, Study
from surveyapp.services import answering, archiving, deciding, doors, queue, rounds, studies
from surveyapp.services.rounds import SETTLE_JOB
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import open_next
from tests.support.protocols import set_protocol
from tests.support.speaking import lay_noise
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import export

ACTOR = "owner@example.org"


@pytest.fixture
def closed(database: Database, tmp_path: Path) -> Ground:
    """A study whose first round is closed, beside another one with reasons and replies."""
    lay_noise(database, tmp_path)
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    set_protocol(ground)
    open_next(ground)
    for member in range(3):
        answer(ground, member, {ground.number("fruit", "pears", "north", "effect"): "3"})
    ground.close()
    return ground


def act(ground: Ground, verb: Callable[..., Any], **more: Any) -> Any:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return verb(session, study=study, now=read_now(session), actor=ACTOR, **more)


def ask_to_delete(ground: Ground, *, typed_slug: str | None = None) -> Any:
    typed_slug = ground.slug if typed_slug is None else typed_slug
    return act(ground, archiving.ask_to_delete, typed_slug=typed_slug, wait_days=14)


def count_rows(database: Database, study_id: int) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).where(table.c.study_id == study_id)) or 0
            for table in Base.metadata.sorted_tables
            if "study_id" in table.c
        }


def test_nothing_changes_in_a_study_that_is_put_away(closed: Ground, tmp_path: Path) -> None:
    seat = closed.sit_down()
    act(closed, archiving.archive_study)
    before = count_rows(closed.database, closed.study_id)
    named = {"title": "Other", "organisation": "", "contact_email": "", "time_zone": "UTC"}
    changing: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
        (rounds.reopen_round, {"reason": "one more", "closes_at": None}),
        (studies.change_study, named),
        (deciding.decide_several, {"number": 1, "decided": (Decided("pears", Outcome.KEEP, "so"),)}),
        (archiving.archive_study, {}),
    )
    for verb, more in changing:
        with pytest.raises(Refused, match="archived"):
            act(closed, verb, **more)
    with closed.database.verb() as session:
        # What a page that lay open sends is not kept, and nobody says anything with a link any more.
        assert not answering.keep_late_draft(
            session, seat=seat, request_id="late-00001", changes={}, now=read_now(session)
        )
        invited = doors.find_invited(session, token=closed.panel[0].token)
        assert invited is not None
        assert invited.has_ended
    assert count_rows(closed.database, closed.study_id) == before
    # Reading, taking home and leaving go on.
    assert export(closed, tmp_path / "out").is_dir()
    with closed.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))


def test_what_the_worker_left_undone_is_done_once_it_is_back(closed: Ground) -> None:
    with closed.database.verb() as session:
        session.execute(update(Job).values(done_at=read_now(session)))
        due, asked = read_now(session), {"round": 1}
        queue.enqueue(
            session, key="settle", kind=SETTLE_JOB, study_id=closed.study_id, payload=asked, run_at=due
        )
    act(closed, archiving.archive_study)
    assert run_next(closed.database)
    with closed.database.reading() as session:
        settled = select(func.count()).where(
            AuditEntry.act == "reasons.gather", AuditEntry.study_id == closed.study_id
        )
        assert session.scalar(settled) == 0
    act(closed, archiving.unarchive_study)
    assert run_next(closed.database)
    assert not run_next(closed.database)
    with pytest.raises(Refused, match="not archived"):
        act(closed, archiving.unarchive_study)


def test_a_study_under_way_is_not_put_away(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path))
    with pytest.raises(Refused, match="Round 1 is open"):
        act(ground, archiving.archive_study)
    with pytest.raises(Refused, match="Round 1 is open"):
        ask_to_delete(ground)


def test_a_study_is_deleted_after_its_time_and_nothing_of_it_is_left(closed: Ground) -> None:
    database = closed.database
    with pytest.raises(InputError, match="short name"):
        ask_to_delete(closed, typed_slug="another")
    when = ask_to_delete(closed)
    with database.reading() as session:
        assert when - read_now(session) > timedelta(days=13)
        assert session.get_one(Study, closed.study_id).archived_at is not None
        [other] = [each.id for each in session.scalars(select(Study)) if each.id != closed.study_id]
    act(closed, archiving.keep_study)
    act(closed, archiving.unarchive_study)
    ask_to_delete(closed)
    untouched = count_rows(database, other)
    assert archiving.delete_due(database, actor="system") == 0
    with database.verb() as session:
        # Its time is over.
        session.execute(update(Study).where(Study.id == closed.study_id).values(delete_at=read_now(session)))
        session.execute(update(Job).values(done_at=read_now(session)))
    ask_for_upkeep(database)
    while run_next(database):
        pass
    assert sum(count_rows(database, closed.study_id).values()) == 0
    assert count_rows(database, other) == untouched
    with database.reading() as session:
        assert session.get(Study, closed.study_id) is None
        assert session.get_one(DeletedStudy, closed.study_id).slug == closed.slug
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "study.deleted"))
        assert (entry.actor, entry.study_id) == ("system", None)
        assert closed.slug in entry.detail
        assert doors.find_invited(session, token=closed.panel[0].token) is None


def test_the_number_of_a_deleted_study_never_means_another(closed: Ground, tmp_path: Path) -> None:
    with closed.database.verb() as session:
        study = session.get_one(Study, closed.study_id)
        archiving.delete_now(session, study=study, now=read_now(session), actor=ACTOR)
    again = lay_ground(closed.database, load_text(SMALL, tmp_path), slug=closed.slug)
    assert again.study_id > closed.study_id
