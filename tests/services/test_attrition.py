"""Leavers against stayers: who counts as what, what is told, and which verdict turns."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from surveyapp.errors import RoundClosed
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import answering
from surveyapp.services.reading.attrition import Attrition, find_attrition
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next, release_first_round
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL as ONLY_OPEN
from tests.web.organiser.conftest import answers_of, rating

# Both rounds ask everything, and nothing is settled between them.
PROTOCOL = ONLY_OPEN.replace("only open", "all items").replace(
    """decisions:
  - {propose: accept, when: agreed is consensus}
""",
    "",
)
# Those who leave rate pears 1, those who stay 3.
GROUPS = ("both",) * 12


def of_round(pears: str) -> dict[CellKey, str]:
    return {
        rating(item, context): value
        for item, value in (("apples", "3"), ("pears", pears))
        for context in ("north", "south")
    }


def lay(
    database: Database, folder: Path, *, leavers: int, slug: str = "fruit", groups: tuple[str, ...] = GROUPS
) -> Ground:
    """Round 2 is open; the last `leavers` of the panel have rated pears low in round 1."""
    ground = lay_ground(database, load_text(SMALL, folder), slug=slug, groups=groups, is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    stay = len(groups) - leavers
    for member in range(len(groups)):
        give(opened, member, answers_of(member) | of_round("3" if member < stay else "1"))
    release_first_round(opened)
    second = open_next(opened)
    for member in range(stay):
        give(second, member, of_round("3"))
    return second


def as_asked(answers: dict[CellKey, str], group: str) -> dict[CellKey, str]:
    """What somebody of the group is asked of it."""
    return {key: text for key, text in answers.items() if group == "both" or key.context != "north"}


def look(ground: Ground, number: int = 2) -> Attrition | None:
    with ground.database.reading() as session:
        return find_attrition(session, study=get_study(session, slug=ground.slug), number=number)


def test_leavers_rated_otherwise_and_turn_the_verdict(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, leavers=5)
    with pytest.raises(RoundClosed):
        look(ground)
    ground.close()
    found = look(ground)
    assert found is not None
    assert (found.before, found.stayers, found.leavers) == (1, 7, 5)
    assert found.retention.of_previous.value == Fraction(7, 12)
    deltas = {
        (each.key.item, each.key.context): each.everybody.comparison.effect.value
        for each in found.cells
        if each.everybody.comparison is not None
    }
    assert deltas["pears", "north"] == -1
    assert deltas["apples", "south"] == 0
    # 7 of 7 agree without them, 7 of 12 with them: not 70 %.
    assert [(each.item, each.now, each.with_leavers) for each in found.reversals] == [
        ("pears", "consensus", "no consensus")
    ]
    assert found.untold == 0
    assert found.forecast is not None
    assert found.forecast.came_back == 7


def test_two_who_left_are_nobodys_business(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, leavers=2)
    ground.close()
    found = look(ground)
    assert found is not None
    assert {each.everybody.is_suppressed for each in found.cells} == {True}
    assert {(each.everybody.leavers, each.everybody.stayers) for each in found.cells} == {(0, 0)}
    assert all(not each.groups for each in found.cells)
    assert (found.reversals, found.untold) == ((), 2)


def test_a_group_is_told_only_where_the_rest_is_not_given_away(database: Database, tmp_path: Path) -> None:
    # Of the leavers, three are of both and one is a southerner: the group of three would give that one away.
    groups = ("both",) * 5 + ("south",) * 4 + ("both",) * 3
    for slug, more, told in (("one", ("south",), set()), ("none", (), {"both"})):
        panel = groups + more
        ground = lay_ground(database, load_text(SMALL, tmp_path), slug=slug, groups=panel, is_open=False)
        set_protocol(ground, PROTOCOL)
        opened = open_next(ground)
        for member, group in enumerate(panel):
            answers = answers_of(member) | of_round("3")
            given = as_asked(answers, group)
            give(opened, member, given)
        release_first_round(opened)
        second = open_next(opened)
        for member in range(9):
            give(second, member, as_asked(of_round("3"), panel[member]))
        second.close()
        found = look(second)
        assert found is not None
        (cell,) = [each for each in found.cells if (each.key.item, each.key.context) == ("pears", "south")]
        assert set(cell.groups) == told, slug


def test_before_a_first_round_nobody_left(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, leavers=3)
    assert look(ground, 1) is None


def test_who_edited_after_submitting_counts_as_submitted(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, leavers=5)
    seat = ground.sit_down(0)
    with database.verb() as session:
        cell = ground.instrument.number_of[rating("pears", "north")]
        answering.save(
            session,
            seat=seat,
            request_id="an-edit-after-it",
            base=99,
            changes={cell: ground.given(cell, "1")},
        )
    ground.close()
    found = look(ground)
    assert found is not None
    assert (found.stayers, len(found.reversals)) == (7, 1)
