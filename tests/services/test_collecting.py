"""From round 0 to the ratings of round 1: what is asked, by which version, of whom, and what is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from surveyapp.delphi.lineage import Detail, Outcome
from surveyapp.errors import InputError, Refused
from surveyapp.models import ItemVersion, LineageEdge, QuestionnaireVersion, Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load, load_text
from surveyapp.questionnaire.model import Item, Text
from surveyapp.services import deciding, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.reading.seats import read_stored
from surveyapp.services.round_plans import collected_only
from surveyapp.services.unit import Database, read_now
from tests.support.between_rounds import decide, release
from tests.support.proposing import (
    PROTOCOL,
    close,
    gather,
    give,
    lay_proposing,
    make_item,
    name,
    open_round,
    propose,
    rate,
    read,
)
from tests.support.protocols import set_protocol
from tests.support.studies import QUESTIONNAIRES, Ground, lay_ground

LATER = """
format: 1
id: later
version: "1"
title: Proposals beside ratings
rounds: [{number: 1, asks: all items}, {number: 2, asks: all items}]
consensus: [{id: helpful, for: {criterion: helps}, rule: agree >= 70%}]
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3}
"""


@pytest.fixture
def ground(database: Database) -> Ground:
    lay_noise(database)
    return lay_proposing(database)


def lay_noise(database: Database) -> None:
    """Another study with proposals of its own: nothing of it may ever appear."""
    other = lay_proposing(database, slug="noise", people=1)
    propose(other, 0, "From another study")
    close(other)
    make_item(other, "stranger", name(other, "From another study"))


def asked_in(ground: Ground, number: int) -> tuple[int, set[CellKey], tuple[str, ...]]:
    """The version that a round asks, its cells, and its items."""
    with ground.database.reading() as session:
        held = session.get_one(Round, (ground.study_id, number))
        instrument = get_instrument(session, study_id=ground.study_id, number=held.questionnaire_number)
        items = tuple(item.id for item in instrument.questionnaire.items)
        return held.questionnaire_number, set(instrument.number_of), items


def in_force(ground: Ground) -> int:
    with ground.database.reading() as session:
        return session.get_one(Study, ground.study_id).questionnaire_number


def test_round_zero_asks_for_proposals_alone(ground: Ground) -> None:
    number, cells, items = asked_in(ground, 0)
    assert (number, items) == (2, ())
    assert cells == {CellKey("consent"), CellKey("years"), CellKey("measures")}
    # The study's own version is the one with ratings, so rules are held against that.
    assert in_force(ground) == 1


def test_what_was_proposed_is_rated_in_round_one(ground: Ground) -> None:
    for member in range(3):
        propose(ground, member, "Higher dikes", f"Idea {member}")
    close(ground)
    with pytest.raises(Refused, match="no item yet that could be rated"):
        open_round(ground)
    make_item(
        ground,
        "dikes",
        name(ground, "Idea 0"),
        detail=Detail(item=Item(id="dikes", title=Text({"*": "Dikes"}))),
    )
    make_item(ground, "idea", name(ground, "Idea 1"))
    assert open_round(ground) == 1
    number, cells, items = asked_in(ground, 1)
    assert (number, items, in_force(ground)) == (3, ("dikes", "idea"), 3)
    assert {key.item for key in cells if key.criterion} == {"dikes", "idea"}
    # No feedback stands before the first ratings, so none had to be released.
    with ground.database.reading() as session:
        first, second = session.scalars(
            select(Round).where(Round.study_id == ground.study_id).order_by(Round.number)
        ).all()
        assert (first.state, second.shows_round, second.open_to) == ("closed", None, "invited")
        edges = session.scalars(select(LineageEdge).where(LineageEdge.study_id == ground.study_id)).all()
        assert {(each.round, each.kind, each.child_item) for each in edges} == {
            (0, "new", "dikes"),
            (0, "new", "idea"),
        }
        wordings = session.scalars(
            select(ItemVersion.questionnaire_number).where(ItemVersion.study_id == ground.study_id)
        ).all()
        assert wordings == [3, 3]
    for member in range(4):
        rate(ground, member, {"dikes": "3", "idea": "1"}, consent=member == 3)
    rounds.close_round(ground.database, slug=ground.slug, actor="test")
    with ground.database.reading() as session:
        figures = read_figures(session, study_id=ground.study_id, number=1)
    # Round 0 is no round to compare with.
    assert figures.before is None
    cell = figures.instrument.number_of[CellKey("help", "dikes", criterion="helps")]
    counts = figures.counts(cell)
    assert counts is not None
    assert counts.of == (0, 0, 4)
    decide(ground, "dikes", Outcome.ACCEPT, number=1)
    decide(ground, "idea", Outcome.KEEP, number=1)
    release(ground, 1)
    assert open_round(ground) == 2
    assert asked_in(ground, 2)[1] == {
        CellKey("consent"),
        CellKey("years"),
        CellKey("measures"),
        CellKey("help", "idea", criterion="helps"),
        CellKey("help", "idea", part="reason"),
    }
    with ground.database.reading() as session:
        third = session.get_one(Round, (ground.study_id, 2))
        assert (third.shows_round, third.open_to) == (1, "previous")


def test_items_that_are_there_need_no_proposal(database: Database) -> None:
    """Where nothing new was taken up, round 1 asks the version that the study began with."""
    questionnaire = load(QUESTIONNAIRES / "examples" / "proposals.yaml")
    ground = lay_ground(database, questionnaire, groups=("",) * 3, is_open=False)
    set_protocol(ground, PROTOCOL.replace("example-round-zero", "example-proposals"))
    assert open_round(ground) == 0
    number, cells, items = asked_in(ground, 0)
    assert (number, cells, items) == (2, {CellKey("new-measures")}, ("dikes", "alarms"))
    close(ground)
    assert open_round(ground) == 1
    assert asked_in(ground, 1)[0] == 1
    with database.reading() as session:
        versions = session.scalars(
            select(QuestionnaireVersion.number).where(QuestionnaireVersion.study_id == ground.study_id)
        ).all()
    assert sorted(versions) == [1, 2]


def test_a_round_zero_that_was_cancelled_is_played_again(ground: Ground) -> None:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.cancel_round(session, study=study, reason="wrong letter", now=read_now(session), actor="test")
    assert open_round(ground) == 1
    assert asked_in(ground, 1)[0] == 2
    propose(ground, 0, "Sandbags")
    close(ground, 1)
    make_item(ground, "sandbags", name(ground, "Sandbags", 1), number=1)
    assert open_round(ground) == 2
    assert asked_in(ground, 2)[2] == ("sandbags",)


def schedule(ground: Ground) -> Round:
    with ground.database.verb() as session:
        study, now = session.get_one(Study, ground.study_id), read_now(session)
        return rounds.schedule_round(
            session, study=study, now=now, actor="test", opens_at=now + timedelta(hours=1)
        )


def test_a_scheduled_round_asks_what_stands_decided_when_it_opens(ground: Ground) -> None:
    propose(ground, 0, "Sandbags", "Alarms", "Dams")
    close(ground)
    make_item(ground, "sandbags", name(ground, "Sandbags"))
    make_item(ground, "dams", name(ground, "Dams"))
    assert schedule(ground).number == 1
    assert asked_in(ground, 1)[::2] == (3, ("dams", "sandbags"))
    # Scheduling it anew, with nothing decided since, makes no other version.
    assert schedule(ground).questionnaire_number == 3
    make_item(ground, "alarms", name(ground, "Alarms"))
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        now = read_now(session)
        deciding.take_back(
            session, study=study, number=0, item="dams", reason="too early", now=now, actor="test"
        )
    assert open_round(ground) == 1
    number, _, items = asked_in(ground, 1)
    assert (number, items, in_force(ground)) == (4, ("alarms", "sandbags"), 4)
    with ground.database.reading() as session:
        edges = session.scalars(
            select(LineageEdge.child_item).where(LineageEdge.study_id == ground.study_id)
        ).all()
    assert sorted(edges) == ["alarms", "sandbags"]


def test_after_round_zero_nothing_waits_for_a_decision(ground: Ground) -> None:
    propose(ground, 0, "Sandbags")
    close(ground)
    with pytest.raises(InputError, match="not asked in the round"):
        decide(ground, "sandbags", Outcome.ACCEPT, number=0)
    make_item(ground, "sandbags", name(ground, "Sandbags"))
    # Unread proposals do not stand in the way, nor does a release that nobody needs.
    assert release(ground, 0).items[0].outcome == "new"
    assert open_round(ground) == 1
    with pytest.raises(Refused, match="Round 1 was opened on what was decided after round 0"):
        make_item(ground, "more", name(ground, "Sandbags"))
    assert read(ground)["Sandbags"].item == "sandbags"


def test_without_items_and_without_a_round_zero_nothing_is_asked(database: Database) -> None:
    ground = lay_ground(
        database, load(QUESTIONNAIRES / "examples" / "round_zero.yaml"), groups=("",), is_open=False
    )
    with pytest.raises(Refused, match="has no items yet, so there is nothing to rate"):
        open_round(ground)


def test_a_cohort_that_comes_later_proposes_beside_what_is_there(database: Database) -> None:
    """It has a round 0 of its own, under a free number; the study goes on by the version with ratings."""
    ground = lay_proposing(database, protocol=PROTOCOL + "cohorts: overlapping\n")
    propose(ground, 0, "Sandbags")
    close(ground)
    make_item(ground, "sandbags", name(ground, "Sandbags"))
    assert open_round(ground) == 1
    rounds.close_round(database, slug=ground.slug, actor="test", number=1)
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        late = rounds.open_round(session, study=study, now=read_now(session), actor="test", cohort="late")
        assert late.number == 2
        assert collected_only(late)
    assert asked_in(ground, 2) == (
        4,
        {CellKey("consent"), CellKey("years"), CellKey("measures")},
        ("sandbags",),
    )
    assert in_force(ground) == 3


def test_proposals_of_a_later_round_go_the_same_way(database: Database) -> None:
    """A question for proposals beside ratings: what is taken up is rated from the next round on."""
    text = (QUESTIONNAIRES / "examples" / "proposals.yaml").read_text(encoding="utf-8")
    ground = lay_ground(
        database, load_text("p.yaml", text.encode(), QUESTIONNAIRES), groups=("",) * 3, is_open=False
    )
    set_protocol(ground, LATER)
    assert open_round(ground) == 1
    for member, lines in enumerate((["Sandbags", "Dams"], ["Dams", "Ditches"], [])):
        ratings = {CellKey("help", item, criterion="helps"): ["3"] for item in ("dikes", "alarms")}
        give(ground, member, {CellKey("new-measures"): lines, **ratings})
    # What follows from the close gathers them too.
    rounds.close_round(database, slug=ground.slug, actor="test", number=1)
    releasing.settle_round(database, study_id=ground.study_id, number=1, actor="test")
    with database.reading() as session:
        assert read_waiting(session, study_id=ground.study_id) == {1: 4}
    assert gather(ground, 1).unchanged == 4
    make_item(ground, "ditches", name(ground, "Ditches", 1), number=1)
    for item in ("dikes", "alarms"):
        decide(ground, item, Outcome.KEEP)
    # Three are unread, and no release waits for that.
    assert [each.item for each in release(ground).items] == ["dikes", "alarms", "ditches"]
    assert open_round(ground) == 2
    number, cells, items = asked_in(ground, 2)
    assert (number, items) == (2, ("dikes", "alarms", "ditches"))
    assert CellKey("new-measures") in cells
    seat = ground.sit_down(0)
    with database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=number)
        assert instrument.proposed == {"ditches"}
        # What was proposed before is not carried forward.
        assert instrument.number_of[CellKey("new-measures")] not in read_stored(session, seat=seat)
    give(ground, 0, {CellKey("new-measures"): ["Walls"]})
    close(ground, 2)
    assert set(read(ground, 2)) == {"Walls"}
