"""Watching a round tells where people stop, how long they take, how much they write: never who, or what."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from surveyapp.models import Participation, Study
from surveyapp.services import answering, doors
from surveyapp.services.reading.progress import OTHER_GROUPS, get_progress
from surveyapp.services.reading.watching import PageStop, RoundWork, get_work
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

GROUPS = ("north",) * 2 + ("south",) * 5 + ("both",) * 6


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    noise = lay_ground(database, questionnaire, slug="noise")
    work(noise, 1, {noise.number("fruit", "apples", "north", part="reason"): "noise"}, "rate.north")
    return lay_ground(database, questionnaire, groups=GROUPS)


def look(ground: Ground) -> RoundWork:
    with ground.database.reading() as session:
        study = get_study(session, slug=ground.slug)
        current = get_progress(session, study=study).current
        assert current is not None
        return get_work(session, study=study, current=current)


def work(
    ground: Ground, member: int, texts: dict[int, str], place: str = "about", *, submits: bool = False
) -> None:
    seat = ground.sit_down(member)
    consent = {ground.number("consent"): "1"}
    changes = {cell: ground.given(cell, text) for cell, text in (consent | texts).items()}
    with ground.database.verb() as session:
        answering.save(
            session, seat=seat, request_id=f"save-of-{member}-{place}", base=0, changes=changes, place=place
        )
    if submits:
        with ground.database.verb() as session:
            answering.submit(session, seat=seat, request_id=f"submission-of-{member}")


def finish(ground: Ground, member: int, minutes: int) -> None:
    """Submit, so many minutes after Start."""
    texts = {ground.number("consent"): "1", ground.number("word"): "botany"}
    work(ground, member, texts, submits=True)
    with ground.database.verb() as session:
        mine = (
            Participation.study_id == ground.study_id,
            Participation.panellist_id == ground.panel[member].panellist_id,
        )
        started = session.query(Participation.started_at).filter(*mine).scalar()
        session.execute(
            update(Participation).where(*mine).values(submitted_at=started + timedelta(minutes=minutes))
        )


def blind(ground: Ground) -> None:
    with ground.database.verb() as session:
        session.execute(update(Study).where(Study.id == ground.study_id).values(anonymity="blind"))


def test_people_are_counted_on_the_page_they_worked_on_last(ground: Ground) -> None:
    work(ground, 2, {ground.number("word"): "botany"}, "rate.south")
    work(ground, 3, {ground.number("word"): "botany"}, "rate.south")
    ground.sit_down(4)
    finish(ground, 5, 10)
    assert look(ground).stops == (PageStop("Consent", 1), PageStop("Rate: South", 2))
    blind(ground)
    assert look(ground).stops == (PageStop("", 3),)


def test_a_median_time_is_told_of_a_group_only(ground: Ground) -> None:
    for member, minutes in enumerate((10, 20, 30, 400)):
        finish(ground, member, minutes)
    assert look(ground).median_time is None
    finish(ground, 4, 25)
    assert look(ground).median_time == timedelta(minutes=25)


def test_reasons_are_counted_as_they_are_written_and_taken_back(ground: Ground) -> None:
    reason = ground.number("fruit", "apples", "south", part="reason")
    work(ground, 2, {reason: "They keep.", ground.number("word"): "botany"}, "rate.south")
    work(ground, 3, {reason: "They are round."}, "rate.south")
    assert look(ground).reasons == 2
    seat = ground.sit_down(3)
    with ground.database.verb() as session:
        answering.save(
            session,
            seat=seat,
            request_id="taken-back-again",
            base=9,
            changes={reason: ground.given(reason, "")},
        )
    assert look(ground).reasons == 1
    seat = ground.sit_down(2)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    assert look(ground).reasons == 0


def test_blind_organisers_see_small_groups_only_together(ground: Ground) -> None:
    def told() -> dict[str, int]:
        with ground.database.reading() as session:
            progress = get_progress(session, study=get_study(session, slug=ground.slug))
        assert progress.current is not None
        return {each.group: each.counts.panel for each in progress.current.groups}

    assert told() == {"north": 2, "south": 5, "both": 6}
    blind(ground)
    # Two northerners alone would stand between the total and the others: southerners stand with them.
    assert told() == {"both": 6, OTHER_GROUPS: 7}


def test_blind_organisers_see_no_groups_where_none_is_large(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("north", "south", "both"))
    blind(ground)
    with ground.database.reading() as session:
        progress = get_progress(session, study=get_study(session, slug=ground.slug))
    assert progress.current is not None
    assert progress.current.groups == ()
