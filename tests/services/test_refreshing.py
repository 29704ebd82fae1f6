"""A round in real time: its figures move in batches of people, and never tell of a few."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp import jobs
from surveyapp.delphi.feedback import ReleaseContent, ShownCell
from surveyapp.delphi.lineage import Outcome
from surveyapp.models import Job, Publication, Release, Round, Study
from surveyapp.services import doors, refreshing, releasing, rounds
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer, save, submit
from tests.support.between_rounds import decide, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

LIVE = (
    PROTOCOL.replace("{number: 1, asks: all items}", "{number: 1, asks: all items, real_time: {batch: 4}}")
    .replace("rounds:", "feedback: {of_groups: all groups}\nrounds:")
    .replace("k_reasons: 3}", "k_reasons: 3, unanimity: show}")
)
PANEL = ("both",) * 6 + ("north",) * 6


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    noise = lay_ground(database, questionnaire, slug="noise", groups=("both",))
    answer(noise, 0, {noise.number("fruit", "apples", "north", "effect"): "1"})
    ground = lay_ground(database, questionnaire, groups=PANEL, is_open=False)
    set_protocol(ground, LIVE)
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    return ground


def apples(ground: Ground) -> int:
    return ground.number("fruit", "apples", "north", "effect")


def rate(ground: Ground, member: int, value: str) -> Seat:
    return answer(ground, member, {apples(ground): value})


def refresh(ground: Ground) -> ShownCell | None:
    """Apples in the north as a new release shows them; None when there was nothing to renew."""
    made = refreshing.refresh_round(ground.database, study_id=ground.study_id, number=1, actor="test")
    if made is None:
        return None
    return ReleaseContent.from_canonical(made.content).cells_by_number[apples(ground)]


def figures(shown: ShownCell | None) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]] | None:
    if shown is None or shown.total is None:
        return None
    return shown.total.counts, {group: each.counts for group, each in shown.groups.items()}


def test_figures_move_only_when_a_whole_batch_of_people_answered(ground: Ground) -> None:
    found = []
    for member, value in enumerate(["3", "1", "2", "3", "1", "2"]):
        rate(ground, member, value)
        found.append(figures(refresh(ground)))
    assert found == [None, None, None, ((1, 1, 2), {"both": (1, 1, 2)}), None, None]
    assert refresh(ground) is None


def test_an_open_round_shows_itself_and_each_save_carries_the_view(ground: Ground) -> None:
    for member, value in enumerate(["3", "1", "2", "3"]):
        rate(ground, member, value)
    refresh(ground)
    with ground.database.reading() as session:
        assert session.get_one(Round, (ground.study_id, 1)).shows_round == 1
    assert ground.sit_down(5).release == 1


def test_a_change_counts_once_for_each_person_and_a_change_back_not_at_all(ground: Ground) -> None:
    seats = [rate(ground, member, value) for member, value in enumerate(["3", "1", "2", "3", "2", "2"])]
    assert figures(refresh(ground)) == ((1, 3, 2), {"both": (1, 3, 2)})
    for seat in seats[:3]:
        for value in ("2", "1", "3", "1"):
            save(ground, seat, {apples(ground): value})
            submit(ground, seat)
    # The first and the third changed; the second is back where it was. One more makes three, not four.
    save(ground, seats[3], {apples(ground): "1"})
    submit(ground, seats[3])
    # What is not submitted is no change.
    save(ground, seats[4], {apples(ground): "1"})
    assert refresh(ground) is None
    submit(ground, seats[4])
    assert figures(refresh(ground)) == ((5, 1, 0), {"both": (5, 1, 0)})


def test_a_group_in_which_few_changed_is_not_renewed_with_the_others(ground: Ground) -> None:
    for member, value in enumerate(["3", "1", "2", "3", "1", "3"]):
        rate(ground, member, value)
        if member < 3:
            rate(ground, member + 6, value)
    assert figures(refresh(ground)) == ((3, 2, 4), {"both": (2, 1, 3), "north": (1, 1, 1)})
    # Three newcomers in the north alone are no batch; with one change elsewhere they are.
    for member in (9, 10, 11):
        rate(ground, member, "1")
    assert refresh(ground) is None
    save(ground, ground.sit_down(0), {apples(ground): "1"})
    submit(ground, ground.sit_down(0))
    shown = refresh(ground)
    assert shown is not None
    assert shown.total is not None
    assert shown.total.counts == (7, 2, 3)
    # Beside the old figures either group's new one would tell of that one person's change.
    assert shown.hidden_groups == {"both": "remainder", "north": "remainder"}


def test_who_leaves_is_out_of_the_next_figure_and_nobody_can_tell_what_they_said(ground: Ground) -> None:
    seats = [rate(ground, member, value) for member, value in enumerate(["3", "1", "2", "3", "1", "3"])]
    assert figures(refresh(ground)) == ((2, 1, 3), {"both": (2, 1, 3)})
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seats[0], keep_answers=False, now=read_now(session))
    assert refresh(ground) is None
    for member in range(6, 9):
        rate(ground, member, "2")
    shown = refresh(ground)
    assert shown is not None
    assert shown.total is not None
    assert shown.total.n == 8
    # The figure of the group without the one who left would be set against the one with them.
    assert "both" not in shown.groups


def test_the_end_of_the_round_is_shown_unless_it_would_tell_of_a_few(ground: Ground) -> None:
    for member, value in enumerate(["3", "1", "2", "3"]):
        rate(ground, member, value)
    refresh(ground)
    rate(ground, 4, "3")
    ground.close()
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)
    content = release(ground)
    assert (content.number, content.kind, content.submissions) == (2, "round", 5)
    assert figures(content.cells_by_number[apples(ground)]) == ((1, 1, 2), {"both": (1, 1, 2)})


def test_the_end_of_the_round_is_shown_when_enough_came_after_the_last_view(ground: Ground) -> None:
    for member, value in enumerate(["3", "1", "2", "3"]):
        rate(ground, member, value)
    refresh(ground)
    for member in range(6, 9):
        rate(ground, member, "3")
    ground.close()
    content = releasing.draft_release(ground.database, study_id=ground.study_id, number=1)
    assert figures(content.cells_by_number[apples(ground)]) == (
        (1, 1, 5),
        {"both": (1, 1, 2), "north": (0, 0, 3)},
    )


def test_a_view_that_is_out_never_changes_and_its_ledger_says_whose_answers_it_stands_on(
    ground: Ground,
) -> None:
    for member, value in enumerate(["3", "1", "2", "3"]):
        rate(ground, member, value)
    refresh(ground)
    with ground.database.reading() as session:
        before = session.get_one(Release, (ground.study_id, 1, 1)).content
    for member in range(6, 10):
        rate(ground, member, "2")
    refresh(ground)
    with ground.database.reading() as session:
        first, second = session.scalars(select(Release).order_by(Release.number)).all()
        lines = session.scalars(select(Publication).where(Publication.release == 1)).all()
    assert first.content == before
    assert (second.number, second.released_by) == (2, "test")
    assert {each.figure for each in lines} == {"total", "group:both"}
    for each in lines:
        assert each.n == 4
        assert each.members is not None
        for member in range(4):
            assert str(ground.panel[member].panellist_id) in each.members


def test_the_worker_renews_as_long_as_the_round_is_open(ground: Ground) -> None:
    for member, value in enumerate(["3", "1", "2", "3"]):
        rate(ground, member, value)

    def waiting() -> list[Job]:
        with ground.database.reading() as session:
            return list(
                session.scalars(select(Job).where(Job.kind == rounds.REFRESH_JOB, Job.done_at.is_(None)))
            )

    (job,) = waiting()
    with ground.database.verb() as session:
        session.get_one(Job, job.id).run_at = read_now(session)
    assert jobs.run_next(ground.database)
    with ground.database.reading() as session:
        assert session.scalars(select(Release.number)).all() == [1]
    (again,) = waiting()
    assert again.run_at > job.run_at - rounds.REFRESH_EVERY
    ground.close()
    with ground.database.verb() as session:
        session.get_one(Job, again.id).run_at = session.get_one(Job, job.id).run_at
    while jobs.run_next(ground.database):
        pass
    assert waiting() == []


def test_a_usual_round_renews_nothing(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 5)
    for member, value in enumerate(["3", "1", "2", "3", "1"]):
        rate(ground, member, value)
    assert refresh(ground) is None
    with database.reading() as session:
        assert session.scalars(select(Job.kind)).all() == []
