"""Results from answers to verdicts: small panels, empty groups, no ratings at all, and exact thresholds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from surveyapp.delphi.lineage import Outcome
from surveyapp.errors import RoundClosed
from surveyapp.models import Study
from surveyapp.questionnaire.cells import Given
from surveyapp.services import answering, doors, releasing
from surveyapp.services.reading.results import ItemResult, RoundResults, get_results
from surveyapp.services.unit import Database, read_now
from surveyapp.statistics.measure import Undefined
from tests.support.answering import answer
from tests.support.between_rounds import decide, open_next, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

ALL_AREAS = [(item, area) for item in ("apples", "pears") for area in ("north", "south")]
OF_GROUPS = PROTOCOL.replace("rounds:", "feedback: {of_groups: all groups}\nrounds:", 1)


def lay(
    database: Database,
    folder: Path,
    *,
    groups: tuple[str, ...],
    protocol: str = OF_GROUPS,
    questionnaire: str = SMALL,
) -> Ground:
    """A study in its first round, beside one with the same questionnaire whose answers must never show."""
    loaded = load_text(questionnaire, folder)
    noise = lay_ground(database, loaded, slug="noise", groups=("both", "north", "south"), is_open=False)
    set_protocol(noise, protocol)
    open_next(noise)
    for member in range(3):
        rate_all(noise, member, "1")
    noise.close()
    ground = lay_ground(database, loaded, groups=groups, is_open=False)
    set_protocol(ground, protocol)
    open_next(ground)
    return ground


def rate_all(ground: Ground, member: int, value: str) -> None:
    """One member rates everything that is asked alike, and submits."""
    group = ground.panel[member].group
    places = [(item, area) for item, area in ALL_AREAS if group in {area, "both"}]
    answer(ground, member, {ground.number("fruit", *place, "effect"): value for place in places})


def results(ground: Ground, number: int = 1) -> RoundResults:
    with ground.database.reading() as session:
        return get_results(session, study=session.get_one(Study, ground.study_id), number=number)


def items(ground: Ground, number: int = 1) -> dict[str, ItemResult]:
    return {each.item: each for each in results(ground, number).items}


def test_nobody_looks_while_the_round_is_open(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("both",) * 3)
    with pytest.raises(RoundClosed):
        results(ground)


def test_a_panel_of_three_where_five_are_needed(database: Database, tmp_path: Path) -> None:
    """No verdict, no group, and nothing of it in what would be released."""
    strict = OF_GROUPS.replace("{k: 3, k_reasons: 3}", "{k: 5, k_reasons: 8}").replace(
        "{minimum_n: 3}", "{minimum_n: 5}"
    )
    ground = lay(database, tmp_path, groups=("both",) * 3, protocol=strict)
    for member, value in enumerate(("3", "3", "1")):
        rate_all(ground, member, value)
    ground.close()
    found = items(ground)
    assert {each.verdict for each in found.values()} == {"insufficient data"}
    for each in found.values():
        for cell in each.cells:
            assert cell.counts.of == (1, 0, 2)
            assert (cell.groups, cell.group_counts) == ({}, {})
    content = releasing.draft_release(database, study_id=ground.study_id, number=1)
    assert {(each.total, each.hidden, *each.groups) for each in content.cells} == {(None, "too_few")}


def test_a_group_that_is_empty_in_the_second_round(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("north",) * 4 + ("both",) * 4)
    for member in range(8):
        rate_all(ground, member, "3" if member % 2 else "1")
    ground.close()
    (north, south) = items(ground)["apples"].cells
    assert {group: counts.of for group, counts in north.group_counts.items()} == {
        "north": (2, 0, 2),
        "both": (2, 0, 2),
    }
    assert set(south.groups) == {"both"}
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)
    release(ground)
    open_next(ground)
    for member in range(4, 8):
        rate_all(ground, member, "3")
    ground.close()
    second = results(ground, 2)
    assert (second.people, second.before) == (4, 1)
    (north, south) = second.items[0].cells
    assert north.counts.of == (0, 0, 4)
    assert "north" not in north.groups
    assert second.items[0].verdict == "consensus"
    # Change is that of the four who came twice.
    assert (north.change["changed"].value, north.change["changed"].n) == (Fraction(1, 2), 4)
    content = releasing.draft_release(database, study_id=ground.study_id, number=2)
    assert all("north" not in each.groups for each in content.cells)
    # And the first round is what it was.
    assert [cell.counts.of for cell in items(ground)["apples"].cells] == [(4, 0, 4), (2, 0, 2)]


def test_a_group_that_leaves_with_its_answers(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("north",) * 3 + ("both",) * 3)
    apples = ground.number("fruit", "apples", "north", "effect")
    seats = [answer(ground, member, {apples: "2"}) for member in range(6)]
    for seat in seats[:3]:
        with database.verb() as session:
            doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    ground.close()
    found = results(ground)
    north = found.items[0].cells[0]
    assert found.people == 3
    assert north.counts.of == (0, 3, 0)
    assert set(north.group_counts) <= {"both"}


def test_everybody_says_that_they_cannot_judge(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path, groups=("both",) * 4)
    for member in range(4):
        rate_all(ground, member, "dont-know")
    ground.close()
    for each in items(ground).values():
        assert each.verdict == "insufficient data"
        for cell in each.cells:
            assert (cell.counts.n, cell.counts.dont_know, cell.counts.answered) == (0, 4, 4)
            assert cell.measures["agree"].value is None
            assert cell.measures["median"].reason is Undefined.NO_VALID_RATINGS


def test_an_item_that_nobody_saw(database: Database, tmp_path: Path) -> None:
    """It is asked of a group that has no members here, and is told as such, not as agreed or rejected."""
    rare = """
  - id: rare
    title: Rare
    show_if: group == 'south'
    questions:
      - {id: rarity, kind: rating, text: Rate, criteria: [warmth], items: [pears]}
  - id: choose
"""
    text = (
        SMALL.replace(
            "text: Rate, criteria: [effect], reason: item", "text: Rate, criteria: [effect], items: [apples]"
        )
        .replace("\n  - id: choose\n", rare)
        .replace(
            "contexts:\n",
            "  warmth: {title: Warmth, statement: It is warm enough., scale: agreement}\ncontexts:\n",
            1,
        )
    )
    protocol = PROTOCOL.replace(
        "counting:", "  - {id: warm, for: {criterion: warmth}, rule: agree >= 70%}\ncounting:"
    )
    loaded = load_text(text, tmp_path)
    ground = lay_ground(database, loaded, groups=("both",) * 4, is_open=False)
    set_protocol(ground, protocol)
    open_next(ground)
    cells = [ground.number("fruit", "apples", area, "effect") for area in ("north", "south")]
    for member in range(4):
        answer(ground, member, dict.fromkeys(cells, "3"))
    ground.close()
    found = items(ground)
    assert found["apples"].verdict == "consensus"
    assert found["pears"].verdict == "insufficient data"
    (cell,) = found["pears"].cells
    assert (cell.counts.answered, cell.counts.missing) == (0, 0)
    assert cell.measures["median"].value is None
    content = releasing.draft_release(database, study_id=ground.study_id, number=1)
    shown = {each.item: (each.total is None, each.hidden) for each in content.cells}
    assert shown["pears"] == (True, "no_answers")


EXACT = """
format: 1
id: exact
version: "1"
title: Thresholds that rounding would miss
rounds:
  - {number: 1, asks: all items}
consensus:
  - {id: seventy, for: {criterion: effect}, rule: "agree >= 70% in every context"}
  - {id: fifty-eight, for: {criterion: effect}, rule: "agree >= 58% in every context"}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3}
"""
ONE_AREA = SMALL.replace(", {id: south, title: South}]}\ngroups", "]}\ngroups").replace(
    "members: [{id: north, title: North}, {id: south, title: South}]", "members: [{id: north, title: North}]"
)


def test_shares_meet_their_thresholds_exactly(database: Database, tmp_path: Path) -> None:
    """29 of 50 are 58 %, which floats deny; 139 of 200 are less than 70 %, though they print so."""
    loaded = load_text(ONE_AREA, tmp_path)
    ground = lay_ground(database, loaded, groups=("both",) * 200, is_open=False)
    set_protocol(ground, EXACT)
    open_next(ground)
    apples, pears = (ground.number("fruit", item, "north", "effect") for item in ("apples", "pears"))
    texts = {ground.number("consent"): "1", ground.number("word"): "law"}
    begin = {cell: ground.given(cell, text) for cell, text in texts.items()}
    rated = {value: ground.given(apples, value) for value in ("1", "3")}
    for member in range(200):
        changes = begin | {apples: rated["3" if member < 139 else "1"]}
        if member < 50:
            changes[pears] = rated["3" if member < 29 else "1"]
        _submit_at_once(ground, member, changes)
    ground.close()
    found = items(ground)
    assert [found[item].cells[0].measures["agree"].value for item in ("apples", "pears")] == [
        Fraction(139, 200),
        Fraction(29, 50),
    ]
    verdicts = {
        item: {each.rule: each.verdict for each in found[item].judgement.verdicts}  # type: ignore[union-attr]  # there is a protocol
        for item in ("apples", "pears")
    }
    assert verdicts == {
        "apples": {"seventy": "no consensus", "fifty-eight": "consensus"},
        "pears": {"seventy": "no consensus", "fifty-eight": "consensus"},
    }
    # Each rule is named: without its name nobody could tell which verdict is whose.
    assert found["apples"].verdict == "seventy: no consensus; fifty-eight: consensus"
    assert found["apples"].cells[0].verdict == found["apples"].verdict
    judgement = found["apples"].judgement
    assert judgement is not None
    assert judgement.told({"seventy": "Agreed"}) == "Agreed: no consensus; fifty-eight: consensus"


def _submit_at_once(ground: Ground, member: int, changes: dict[int, Given]) -> None:
    seat = ground.sit_down(member)
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id="all-at-once", base=0, changes=changes)
        answering.submit(session, seat=seat, request_id="and-submit")
