"""Counting in the database gives what a plain count of the submissions gives, on both databases."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from surveyapp.models import Panellist, Participation, Round, Study, Submission
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import doors, rounds
from surveyapp.services.unit import Database, read_now
from surveyapp.tally.counts import Place
from surveyapp.tally.sql import count_choices, count_pairs, count_round, read_matrix
from tests.support.answering import answer, save, submit
from tests.support.studies import SMALL, Ground, lay_ground, load_text

_serial = itertools.count(1)
GROUPS = ("both", "both", "north", "south", "both")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    questionnaire = load_text(SMALL, tmp_path)
    # Noise: another study whose answers must never be counted here.
    noise = lay_ground(database, questionnaire, slug="noise", groups=GROUPS)
    ground = lay_ground(database, questionnaire, groups=GROUPS)
    answer(noise, 0, {noise.number("fruit", "apples", "north", "effect"): "3"})
    return ground


def apples(ground: Ground, context: str = "north") -> int:
    return ground.number("fruit", "apples", context, "effect")


def next_round(ground: Ground) -> None:
    ground.close()
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")


def count_plainly(ground: Ground, number: int) -> dict[Place, Counter[tuple[str, Any]]]:
    """What the submissions say, counted one by one."""
    found: dict[Place, Counter[tuple[str, Any]]] = {}
    with ground.database.reading() as session:
        rows = session.execute(
            select(Participation.group, Submission.content)
            .join(
                Submission,
                (Submission.study_id == Participation.study_id)
                & (Submission.round == Participation.round)
                & (Submission.panellist_id == Participation.panellist_id)
                & (Submission.number == Participation.submission),
            )
            .where(Participation.study_id == ground.study_id, Participation.round == number)
        ).all()
    for group, content in rows:
        for each in json.loads(content)["answers"]:
            key = CellKey(each["question"], each["item"], each["context"], each["criterion"], each["part"])
            place = Place(ground.instrument.number_of[key], group)
            found.setdefault(place, Counter())[each["status"], each.get("value")] += 1
    return found


def count_in_database(ground: Ground, number: int) -> dict[Place, Counter[tuple[str, Any]]]:
    with ground.database.reading() as session:
        tally = count_round(session, study_id=ground.study_id, number=number)
    found = {}
    for place, cell in tally.cells.items():
        counter: Counter[tuple[str, Any]] = Counter()
        for value, times in cell.values.items():
            counter["value", value] += times
        for status in ("blank", "dont_know", "declined", "withdrawn"):
            if getattr(cell, status):
                counter[status, None] = getattr(cell, status)
        found[place] = counter
    return found


ACTS = st.lists(
    st.tuples(
        st.integers(0, len(GROUPS) - 1),
        st.sampled_from(["save", "submit", "withdraw", "withdraw keeping"]),
        st.sampled_from(["1", "2", "3", "dont-know", ""]),
        st.sampled_from(["apples", "pears"]),
    ),
    max_size=25,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=ACTS)
def test_the_same_numbers_as_a_plain_count(database: Database, tmp_path: Path, acts: Any) -> None:
    slug = f"study-{next(_serial)}"
    ground = lay_ground(database, load_text(SMALL, tmp_path), slug=slug, groups=GROUPS)
    seats = [ground.sit_down(member) for member in range(len(GROUPS))]
    for seat in seats:
        save(ground, seat, {ground.number("consent"): "1", ground.number("word"): "law"})
    gone = set()
    for member, act, value, item in acts:
        if member in gone:
            continue
        if act == "save":
            context = "south" if GROUPS[member] == "south" else "north"
            save(ground, seats[member], {ground.number("fruit", item, context, "effect"): value})
        elif act == "submit":
            submit(ground, seats[member])
        else:
            gone.add(member)
            with database.verb() as session:
                doors.withdraw(
                    session, seat=seats[member], keep_answers=act != "withdraw", now=read_now(session)
                )
    assert count_in_database(ground, 1) == count_plainly(ground, 1)


def test_edits_after_the_submission_do_not_count(ground: Ground) -> None:
    seat = answer(ground, 0, {apples(ground): "3"})
    save(ground, seat, {apples(ground): "1"})
    with ground.database.reading() as session:
        tally = count_round(session, study_id=ground.study_id, number=1)
    assert tally.cells[Place(apples(ground), "both")].values == {3.0: 1}
    assert (tally.counted, tally.people) == ({"both": 1}, 1)
    assert tally.invited == {"both": 3, "north": 1, "south": 1}


@pytest.mark.parametrize(
    ("open_to", "cohort", "invited"),
    [
        ("invited", "", {"both": 3, "north": 1, "south": 1}),
        ("any_earlier", "", {"both": 2, "north": 1}),
        ("previous", "", {"both": 1, "north": 1}),
        ("invited", "late", {"both": 1, "north": 1}),
        ("previous", "late", {"both": 1}),
    ],
)
def test_invited_is_who_could_come(
    ground: Ground, open_to: str, cohort: str, invited: dict[str, int]
) -> None:
    """Of round 4, which comes after round 3; round 2 was called off."""
    answer(ground, 0, {})
    answer(ground, 2, {})
    next_round(ground)
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.cancel_round(session, study=study, reason="wrong letter", now=read_now(session), actor="test")
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    answer(ground, 1, {})
    answer(ground, 2, {})
    next_round(ground)
    with ground.database.verb() as session:
        late = [ground.panel[1].panellist_id, ground.panel[2].panellist_id]
        if cohort:
            session.execute(update(Panellist).where(Panellist.id.in_(late)).values(tags='["early", "late"]'))
            session.execute(update(Round).where(Round.number == 3).values(cohort=cohort))
        session.execute(update(Round).where(Round.number == 4).values(open_to=open_to, cohort=cohort))
        if cohort and open_to == "previous":
            session.execute(
                update(Participation)
                .where(Participation.round == 3, Participation.panellist_id == late[1])
                .values(submission=0, submitted_at=None)
            )
    with ground.database.reading() as session:
        assert count_round(session, study_id=ground.study_id, number=4).invited == invited


def test_who_was_not_asked_is_in_no_count(ground: Ground) -> None:
    answer(ground, 2, {})
    with ground.database.reading() as session:
        tally = count_round(session, study_id=ground.study_id, number=1)
    assert tally.cells[Place(apples(ground), "north")].blank == 1
    assert Place(apples(ground, "south"), "north") not in tally.cells


def test_only_complete_submissions_where_the_protocol_says_so(ground: Ground) -> None:
    cells = [apples(ground), ground.number("fruit", "pears", "north", "effect")]
    answer(ground, 0, dict.fromkeys(cells, "3"))
    answer(ground, 2, {cells[0]: "2"})
    with ground.database.reading() as session:
        tally = count_round(session, study_id=ground.study_id, number=1, complete=cells)
    assert tally.counted == {"both": 1}
    assert Place(cells[0], "north") not in tally.cells


def test_pairs_are_of_the_same_people_also_after_edits(ground: Ground) -> None:
    answer(ground, 0, {apples(ground): "1"})
    edited = answer(ground, 1, {apples(ground): "2"})
    save(ground, edited, {apples(ground): "3"})
    answer(ground, 2, {apples(ground): "3"})
    next_round(ground)
    answer(ground, 0, {apples(ground): "3"})
    answer(ground, 1, {apples(ground): "2"})
    answer(ground, 4, {apples(ground): "1"})
    with ground.database.reading() as session:
        pairs = count_pairs(session, study_id=ground.study_id, before=1, now=2)
    assert pairs == {Place(apples(ground), "both"): {(1.0, 3.0): 1, (2.0, 2.0): 1}}


def test_pairs_follow_an_item_to_its_new_wording(ground: Ground) -> None:
    pears = ground.number("fruit", "pears", "north", "effect")
    answer(ground, 0, {apples(ground): "1", pears: "2"})
    next_round(ground)
    answer(ground, 0, {apples(ground): "3", pears: "3"})
    with ground.database.reading() as session:
        pairs = count_pairs(session, study_id=ground.study_id, before=1, now=2, moved={pears: apples(ground)})
    assert pairs == {
        Place(apples(ground), "both"): {(1.0, 3.0): 1},
        Place(pears, "both"): {(1.0, 3.0): 1},
    }


def test_choices_are_unfolded(ground: Ground) -> None:
    best = ground.number("best")
    answer(ground, 0, {best: "apples"})
    edited = answer(ground, 1, {best: "pears"})
    save(ground, edited, {best: "apples"})
    answer(ground, 2, {})
    with ground.database.reading() as session:
        chosen = count_choices(session, study_id=ground.study_id, number=1, cells=[best])
    assert chosen == {Place(best, "both"): {"": 2, "apples": 1, "pears": 1}}


def test_the_matrix_holds_who_rated_what(ground: Ground) -> None:
    pears = ground.number("fruit", "pears", "north", "effect")
    answer(ground, 0, {apples(ground): "1", pears: "2"})
    edited = answer(ground, 1, {apples(ground): "3"})
    save(ground, edited, {apples(ground): "2"})
    with ground.database.reading() as session:
        matrix = read_matrix(session, study_id=ground.study_id, number=1, cells=[apples(ground), pears])
    assert sorted(matrix.ratings, key=repr) == [(1.0, 2.0), (3.0, None)]


def test_a_round_nobody_answered_counts_nothing(ground: Ground) -> None:
    with ground.database.reading() as session:
        assert session.get(Round, (ground.study_id, 1)) is not None
        tally = count_round(session, study_id=ground.study_id, number=1)
        assert (tally.cells, tally.people) == ({}, 0)
        assert count_choices(session, study_id=ground.study_id, number=1, cells=[1]) == {}
