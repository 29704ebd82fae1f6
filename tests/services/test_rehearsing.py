"""A rehearsed protocol: what is planted in the panel is what the results of its rounds find again."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.errors import InputError, Refused
from surveyapp.models import (
    Answer,
    Decision,
    Identity,
    Panellist,
    Participation,
    Reaction,
    Reason,
    Release,
    Reply,
    Study,
)
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.services import panel, protocols, rounds, studies
from surveyapp.services.personas import Mood, describe, draw_persona, plant_moods
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.reading.results import ItemResult, RoundResults, get_results
from surveyapp.services.reasons.marks import list_told
from surveyapp.services.rehearsing import Rehearsal, rehearse
from surveyapp.services.simulating import synthetic_panel
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.proposing import lay_proposing
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import LINK_KEY, SMALL, lay_ground, load_text

DISCUSSED = "discussion: {moderated: true}\n"
FRUIT = {
    "apples": Mood.LIKED,
    "pears": Mood.DIVIDED,
    "plums": Mood.LIKED,
    "quinces": Mood.UNCLEAR,
    "medlars": Mood.DISLIKED,
}
# Five items on seven points: on three points chance alone would make camps of people who waver.
GARDEN = (
    SMALL.replace(
        "pages:\n",
        "".join(f"  - {{id: {item}, title: {item.title()}}}\n" for item in list(FRUIT)[2:]) + "pages:\n",
    )
    .replace(
        "      - {value: 2, label: Neither}\n      - {value: 3, label: Agree}\n",
        "".join(f"      - {{value: {point}, label: Point {point}}}\n" for point in range(2, 8)),
    )
    .replace("agreement: [3]", "agreement: [5, 6, 7]")
    .replace("disagreement: [1]", "disagreement: [1, 2, 3]")
)
SEED = 4


def lay_study(
    database: Database, folder: Path, *, slug: str = "garden", people: int = 60, more: str = ""
) -> int:
    """A study with an invented panel and a locked protocol of three rounds; returns its id."""
    questionnaire = load_text(GARDEN, folder)
    with database.verb() as session:
        now = read_now(session)
        study = studies.create_study(
            session, questionnaire=questionnaire, source="", title="Fruit", slug=slug, now=now, actor="test"
        )
        panel.import_panel(
            session,
            study=study,
            questionnaire=questionnaire,
            rows=synthetic_panel(people, groups=("north", "south")),
            now=now,
            actor="test",
            link_key=LINK_KEY,
        )
        protocols.set_protocol(
            session,
            study=study,
            file="protocol.yaml",
            content=(PROTOCOL + more).encode(),
            now=now,
            actor="test",
        )
        protocols.lock_protocol(session, study=study, now=now, actor="test")
        return study.id


def play(database: Database, *, slug: str = "garden", count: int = 3, seed: int = SEED) -> Rehearsal:
    return rehearse(database, slug=slug, link_key=LINK_KEY, actor="test", count=count, seed=seed)


def results_of(database: Database, study_id: int, number: int) -> RoundResults:
    with database.reading() as session:
        return get_results(session, study=session.get_one(Study, study_id), number=number)


def read_ratings(database: Database, study_id: int) -> dict[tuple[str, int], dict[int, int]]:
    """Address and round → cell → rating, kept ones included."""
    with database.reading() as session:
        rows = session.execute(
            select(Identity.email_key, Answer.round, Answer.cell, Answer.value)
            .join(
                Identity,
                (Identity.study_id == Answer.study_id) & (Identity.panellist_id == Answer.panellist_id),
            )
            .join(
                Participation,
                (Participation.study_id == Answer.study_id)
                & (Participation.round == Answer.round)
                & (Participation.panellist_id == Answer.panellist_id),
            )
            .where(
                Answer.study_id == study_id,
                Answer.status.in_([Status.VALUE, Status.KEPT]),
                Participation.submission > 0,
            )
        ).all()
        cells = rated_cells(database, study_id)
    found: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
    for name, number, cell, value in rows:
        if cell in cells:
            found[name, number][cell] = int(value or 0)
    return found


def rated_cells(database: Database, study_id: int) -> dict[int, CellKey]:
    return {cell.cell: cell.key for item in results_of(database, study_id, 1).items for cell in item.cells}


def test_what_was_planted_is_found_again(database: Database, tmp_path: Path) -> None:
    study_id = lay_study(database, tmp_path)
    played = play(database)
    assert [each.number for each in played.rounds] == [1, 2, 3]
    assert played.ended == "3 rounds were played."
    ratings = read_ratings(database, study_id)
    with database.reading() as session:
        names = session.scalars(
            select(Identity.email_key).where(Identity.study_id == study_id).order_by(Identity.email_key)
        ).all()
        rows = session.execute(
            select(Identity.email_key, Participation.round)
            .join(Identity, Identity.panellist_id == Participation.panellist_id)
            .where(Participation.study_id == study_id, Identity.study_id == study_id)
        ).all()
        assert session.get_one(Study, study_id).is_synthetic
        assert set(session.scalars(select(Panellist.is_synthetic))) == {True}
    begun = {(name, number) for name, number in rows}
    personas = {name: draw_persona(SEED, name) for name in names}

    # The numbers that are told are those of the habits that were drawn.
    assert played.planted == describe(SEED, names, plant_moods(list(FRUIT)))
    assert played.planted.moods == FRUIT
    planted = played.planted
    assert planted.people == 60
    assert min(planted.leavers, planted.straight_liners, planted.movers, planted.camp) > 0

    leavers = {name: each.leaves_after for name, each in personas.items() if each.leaves_after}
    assert {name: [number for number in (1, 2, 3) if (name, number) in begun] for name in leavers} == {
        name: list(range(1, last + 1)) for name, last in leavers.items()
    }
    assert len(leavers) == planted.leavers
    straight = [name for name, each in personas.items() if each.is_straight_liner and (name, 1) in ratings]
    assert straight
    assert all(set(ratings[name, 1].values()) == {4} for name in straight)

    for number in (1, 2, 3):
        found = {each.item: each for each in results_of(database, study_id, number).items}
        assert found.keys() == FRUIT.keys()
        assert found["apples"].verdict == found["plums"].verdict == "consensus"
        assert found["medlars"].verdict == found["pears"].verdict == "no consensus"
        if number == 1:
            assert_divided(found["pears"])
            assert max(agreements(found["pears"])) < 0
            for item in ("apples", "plums", "quinces", "medlars"):
                assert min(agreements(found[item])) > 0.4


def agreements(item: ItemResult) -> list[float]:
    """Van der Eijk's A of each rating: 1 where all agree, −1 where two camps stand at the ends."""
    found = [cell.measures["a"].number for cell in item.cells]
    return [each for each in found if each is not None]


def assert_divided(item: ItemResult) -> None:
    for cell in item.cells:
        against, between, in_favour = sum(cell.counts.of[:3]), cell.counts.of[3], sum(cell.counts.of[4:])
        assert min(against, in_favour) > 2 * between
        assert cell.counts.n == against + between + in_favour


def test_movers_move_towards_the_panel_and_the_others_mostly_stay(database: Database, tmp_path: Path) -> None:
    study_id = lay_study(database, tmp_path)
    play(database, count=2)
    ratings = read_ratings(database, study_id)
    medians = {
        cell.cell: cell.measures["median"].number
        for item in results_of(database, study_id, 1).items
        for cell in item.cells
    }
    pairs: dict[bool, list[tuple[int, int, float]]] = {True: [], False: []}
    for (name, number), given in ratings.items():
        if number == 2 and (name, 1) in ratings:
            before = ratings[name, 1]
            for cell in given.keys() & before.keys():
                median = medians[cell]
                assert median is not None
                pairs[draw_persona(SEED, name).is_mover].append((before[cell], given[cell], median))
    moved = {
        is_mover: sum(now != before for before, now, _ in found) / len(found)
        for is_mover, found in pairs.items()
    }
    assert moved[True] > 2 * moved[False]
    steps = [abs(now - median) - abs(before - median) for before, now, median in pairs[True] if now != before]
    assert sum(step < 0 for step in steps) > 2 * sum(step >= 0 for step in steps)
    # The results tell the same change of the same people.
    changed = total = 0.0
    for item in results_of(database, study_id, 2).items:
        for result in item.cells:
            measure = result.change["changed"]
            assert measure.number is not None
            changed += measure.number * measure.n
            total += measure.n
    every = pairs[True] + pairs[False]
    assert total == len(every)
    assert round(changed) == sum(now != before for before, now, _ in every)


def test_the_same_seed_plays_the_same(database: Database, tmp_path: Path) -> None:
    played = {}
    for slug, seed in (("one", 5), ("two", 5), ("other", 6)):
        study_id = lay_study(database, tmp_path, slug=slug, people=10)
        done = play(database, slug=slug, count=2, seed=seed)
        with database.reading() as session:
            cells = session.scalars(
                select(Release.content).where(Release.study_id == study_id).order_by(Release.round)
            ).all()
        played[slug] = (
            [(each.number, each.simulated, each.verdicts) for each in done.rounds],
            done.planted,
            [each.replace(f'"study":"{slug}"', "").partition('"reasons":')[0] for each in cells],
            read_ratings(database, study_id),
        )
    assert played["one"] == played["two"]
    assert played["one"][3] != played["other"][3]


def said_of(database: Database, study_id: int) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Who marked which reason how, and who replied what, by address and the reason's text."""
    with database.reading() as session:
        marks = session.execute(
            select(Identity.email_key, Reason.item, Reason.text, Reaction.stance)
            .join(Reason, Reason.public_id == Reaction.public_id)
            .join(Identity, Identity.panellist_id == Reaction.panellist_id)
            .where(Reaction.study_id == study_id)
        )
        replies = session.execute(
            select(Identity.email_key, Reason.item, Reply.text, Reply.state)
            .join(Reason, Reason.public_id == Reply.public_id)
            .join(Identity, Identity.panellist_id == Reply.panellist_id)
            .where(Reply.study_id == study_id)
        )
        return sorted(tuple(row) for row in marks), sorted(tuple(row) for row in replies)


def test_invented_experts_discuss_where_the_protocol_lets_them(database: Database, tmp_path: Path) -> None:
    found, answers = {}, {}
    for slug, more in (("one", DISCUSSED), ("two", DISCUSSED), ("quiet", "")):
        study_id = lay_study(database, tmp_path, slug=slug, people=30, more=more)
        play(database, slug=slug, count=2)
        found[slug], answers[slug] = said_of(database, study_id), read_ratings(database, study_id)
    marks, replies = found["one"]
    assert found["one"] == found["two"]
    assert found["quiet"] == ([], [])
    # What they say of reasons changes nothing of their answers.
    assert answers["one"] == answers["quiet"]
    assert {stance for *_, stance in marks} == {"for_me", "not_for_me"}
    assert all(text.startswith("Synthetic reply: ") and state == "shown" for *_, text, state in replies)
    assert replies
    with database.reading() as session:
        told = list_told(session, study_id=get_study(session, slug="one").id)
    assert [number for number, _ in told] == [2]


def test_it_is_refused_where_there_is_nothing_to_rehearse(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    with pytest.raises(Refused, match="has no protocol"):
        play(database, slug=ground.slug)
    with pytest.raises(InputError, match="cannot be played"):
        play(database, slug=ground.slug, count=0)
    set_protocol(ground, is_locked=False)
    unlocked = play(database, slug=ground.slug)
    assert unlocked.rounds == ()
    assert "not locked" in unlocked.ended


def test_people_are_never_mixed_with_invented_ones(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    set_protocol(ground)
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.open_round(session, study=study, now=read_now(session), actor="test")
    ground.sit_down()
    with pytest.raises(Refused, match="never mixed"):
        play(database, slug=ground.slug)
    with database.reading() as session:
        assert not session.get_one(Study, ground.study_id).is_synthetic


def test_a_protocol_that_is_over_ends_the_rehearsal(database: Database, tmp_path: Path) -> None:
    lay_study(database, tmp_path, people=4)
    played = play(database, count=5)
    assert len(played.rounds) == 3
    assert "The protocol plans rounds up to 3" in played.ended


def test_a_round_zero_is_played_and_its_items_are_rated(database: Database) -> None:
    """Each thought becomes one item; the same seed proposes the same, and rates it alike."""
    found = []
    for slug in ("one", "other"):
        ground = lay_proposing(database, slug=slug, people=0, is_open=False)
        with database.verb() as session:
            study = session.get_one(Study, ground.study_id)
            panel.import_panel(
                session,
                study=study,
                questionnaire=ground.instrument.questionnaire,
                rows=synthetic_panel(20, groups=("",)),
                now=read_now(session),
                actor="test",
                link_key=LINK_KEY,
            )
        played = play(database, slug=slug, count=3)
        assert [each.number for each in played.rounds] == [0, 1, 2]
        collected = played.rounds[0]
        assert collected.release == ""
        assert collected.items_made == collected.proposals >= 4
        assert len(played.planted.moods) == collected.items_made
        results = results_of(database, ground.study_id, 1)
        titles = [item.title for item in results.items]
        assert len(set(titles)) == collected.items_made
        assert all(title.startswith("Synthetic proposal") for title in titles)
        found.append(
            (
                titles,
                [cell.counts.of for item in results.items for cell in item.cells],
                [each.simulated for each in played.rounds],
            )
        )
        with database.reading() as session:
            assert read_waiting(session, study_id=ground.study_id) == {}
    assert found[0] == found[1]


def test_a_round_zero_that_was_left_half_way_goes_on(database: Database) -> None:
    ground = lay_proposing(database, people=0, is_open=False)
    with database.verb() as session:
        panel.import_panel(
            session,
            study=session.get_one(Study, ground.study_id),
            questionnaire=ground.instrument.questionnaire,
            rows=synthetic_panel(6, groups=("",)),
            now=read_now(session),
            actor="test",
            link_key=LINK_KEY,
        )
    play(database, slug="floods", count=1)
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="more", now=read_now(session), actor="test")
        for decision in session.scalars(select(Decision.item).where(Decision.study_id == study.id)).all():
            assert decision.startswith("proposed-")
    rounds.close_round(database, slug="floods", actor="test")
    assert [each.number for each in play(database, slug="floods", count=1).rounds] == [1]
