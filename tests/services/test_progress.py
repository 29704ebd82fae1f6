"""Progress counts everybody once, and tells nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from surveyapp.delphi.rounds import OpenTo
from surveyapp.models import Panellist, Participation, Round, Study
from surveyapp.services import answering, doors, rounds
from surveyapp.services.reading.progress import Counts, Day, StudyProgress, get_progress
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text

GROUPS = ("north", "north", "south", "south", "both", "both", "both")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    noise = lay_ground(database, questionnaire, slug="noise")
    noise.sit_down()
    return lay_ground(database, questionnaire, groups=GROUPS)


def look(ground: Ground) -> StudyProgress:
    with ground.database.reading() as session:
        return get_progress(session, study=get_study(session, slug=ground.slug))


def submit(ground: Ground, member: int) -> None:
    seat = ground.sit_down(member)
    cells = {ground.number("consent"): "1", ground.number("word"): "botany"}
    changes = {cell: ground.given(cell, text) for cell, text in cells.items()}
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id=f"save-{member}-in-time", base=0, changes=changes)
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id=f"submit-{member}-in-time")


def test_everybody_stands_in_one_place(ground: Ground) -> None:
    submit(ground, 0)
    ground.sit_down(2)
    with ground.database.verb() as session:
        now = read_now(session)
        doors.decline(session, token=ground.panel[3].token, now=now)
        doors.say_not_me(session, token=ground.panel[4].token, now=now)
    submit(ground, 5)
    with ground.database.verb() as session:
        session.execute(
            update(Panellist)
            .where(Panellist.study_id == ground.study_id, Panellist.id == ground.panel[5].panellist_id)
            .values(state="withdrawn")
        )
    progress = look(ground)
    current = progress.current
    assert current is not None
    assert progress.is_open
    assert current.counts == Counts(
        7, submitted=1, in_progress=1, not_started=2, declined=1, not_me=1, withdrawn=1
    )
    by_group = {each.group: (each.title, each.counts.submitted, each.counts.panel) for each in current.groups}
    assert by_group == {
        "north": ("Northerners", 1, 2),
        "south": ("Southerners", 0, 2),
        "both": ("Both", 0, 3),
    }


def test_days_add_up_in_the_studys_own_time(ground: Ground) -> None:
    late_evening = datetime(2026, 12, 12, 23, 30, tzinfo=UTC)
    for member, moment in ((0, late_evening), (1, late_evening + timedelta(days=1)), (2, late_evening)):
        submit(ground, member)
        with ground.database.verb() as session:
            session.execute(
                update(Participation)
                .where(Participation.panellist_id == ground.panel[member].panellist_id)
                .values(submitted_at=moment)
            )
    with ground.database.verb() as session:
        session.execute(update(Study).where(Study.id == ground.study_id).values(time_zone="Europe/Berlin"))
    current = look(ground).current
    assert current is not None
    assert current.days == (Day(date(2026, 12, 13), 2), Day(date(2026, 12, 14), 3))


def test_late_drafts_are_counted_by_person(ground: Ground) -> None:
    seat = ground.sit_down(0)
    cell = ground.number("word")
    ground.close()
    with ground.database.verb() as session:
        for number in range(2):
            answering.keep_late_draft(
                session,
                seat=seat,
                request_id=f"late-request-{number}",
                changes={cell: ground.given(cell, "late")},
                now=read_now(session),
            )
    progress = look(ground)
    assert progress.current is not None
    assert progress.current.late == 1
    assert not progress.is_open


def test_a_study_without_a_round_counts_its_panel(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    progress = look(ground)
    assert (progress.panel, progress.rounds, progress.current, progress.is_open) == (3, (), None, False)


def test_each_round_counts_its_own(ground: Ground) -> None:
    submit(ground, 0)
    ground.close()
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    ground.sit_down(1)
    first, second = look(ground).rounds
    assert (first.counts.submitted, first.counts.in_progress, first.counts.not_started) == (1, 0, 6)
    assert (second.counts.submitted, second.counts.in_progress, second.counts.not_started) == (0, 1, 6)
    assert (len(first.days), len(second.days)) == (1, 0)


def test_a_cancelled_round_is_listed_and_is_not_the_current_one(ground: Ground) -> None:
    submit(ground, 0)
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        now = read_now(session)
        rounds.cancel_round(session, study=study, reason="wrong letter", now=now, actor="test")
        rounds.open_round(session, study=study, now=now, actor="test")
    progress = look(ground)
    assert [(each.number, each.state) for each in progress.rounds] == [(1, "cancelled"), (2, "open")]
    assert (progress.current, progress.is_open) == (progress.rounds[1], True)
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        rounds.cancel_round(session, study=study, reason="again", now=read_now(session), actor="test")
    progress = look(ground)
    assert [each.state for each in progress.rounds] == ["cancelled", "cancelled"]
    assert (progress.current, progress.is_open) == (None, False)


def test_a_cohorts_round_counts_its_cohort(ground: Ground) -> None:
    submit(ground, 0)
    early = [ground.panel[member].panellist_id for member in (0, 1, 4)]
    with ground.database.verb() as session:
        session.execute(update(Round).where(Round.study_id == ground.study_id).values(cohort="early"))
        mine = Panellist.study_id == ground.study_id
        session.execute(update(Panellist).where(mine).values(tags='["late", "earlybird"]'))
        session.execute(update(Panellist).where(mine, Panellist.id.in_(early)).values(tags='["early"]'))
        # Their letter went to the wrong person: told apart, where it was sent.
        for member in (4, 5):
            doors.say_not_me(session, token=ground.panel[member].token, now=read_now(session))
    current = look(ground).current
    assert current is not None
    assert current.counts == Counts(
        3, submitted=1, in_progress=0, not_started=1, declined=0, not_me=1, withdrawn=0
    )
    assert [(each.group, each.counts.panel) for each in current.groups] == [
        ("north", 2),
        ("south", 0),
        ("both", 1),
    ]


@pytest.mark.parametrize("open_to", [OpenTo.PREVIOUS, OpenTo.ANY_EARLIER])
def test_a_round_for_those_who_were_there_counts_them(ground: Ground, open_to: OpenTo) -> None:
    submit(ground, 0)
    submit(ground, 1)
    ground.sit_down(2)
    ground.close()
    with ground.database.verb() as session:
        study = get_study(session, slug=ground.slug)
        held = rounds.open_round(session, study=study, now=read_now(session), actor="test")
        held.open_to = open_to
        doors.say_not_me(session, token=ground.panel[6].token, now=read_now(session))
    ground.sit_down(0)
    first, second = look(ground).rounds
    assert (first.counts.panel, first.counts.not_me) == (7, 1)
    assert second.counts == Counts(
        2, submitted=0, in_progress=1, not_started=1, declined=0, not_me=0, withdrawn=0
    )


def test_who_declines_later_has_submitted_all_the_same(ground: Ground) -> None:
    submit(ground, 0)
    before = look(ground).rounds[0].counts
    with ground.database.verb() as session:
        session.execute(
            update(Panellist).where(Panellist.id == ground.panel[0].panellist_id).values(state="declined")
        )
    after = look(ground).rounds[0].counts
    assert (before.submitted, before.declined) == (after.submitted, after.declined) == (1, 0)
