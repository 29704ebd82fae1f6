"""Round by round: close, decide, release, ask again what is open, and see what the panel thought."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.lineage import Detail, Outcome, Wording
from surveyapp.errors import AnswerError, InputError, Refused, RoundClosed
from surveyapp.models import LateDraft, Release, Round, Study
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.questionnaire.model import Item, Text
from surveyapp.services import answering, deciding, item_history, protocols, releasing, rounds
from surveyapp.services.figures import read_figures
from surveyapp.services.instruments import get_instrument
from surveyapp.services.judging import judge
from surveyapp.services.reading.earlier import find_earlier_answer
from surveyapp.services.reading.seats import Seat, read_sheet
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer, save, submit
from tests.support.between_rounds import decide, open_next, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

PANEL = ("both",) * 6
PLACES = [(item, context) for item in ("apples", "pears") for context in ("north", "south")]


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Six people; apples are agreed on, pears are not."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=PANEL, is_open=False)
    set_protocol(ground)
    open_next(ground)
    for member in range(6):
        ratings = {
            cell(ground, item, context): "3" if item == "apples" or member < 2 else "1"
            for item, context in PLACES
        }
        answer(ground, member, {**ratings, ground.number("best"): "apples" if member else "pears"})
    return ground


def cell(ground: Ground, item: str, context: str, part: str = "") -> int:
    return ground.number("fruit", item, context, "" if part else "effect", part)


def earlier(ground: Ground, seat: Seat, number: int) -> tuple[Given, int, bool] | None:
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=seat.questionnaire_number)
        found = find_earlier_answer(instrument, read_sheet(session, seat=seat), number)
    return None if found is None else (found.given, found.round, found.is_of_earlier_wording)


def test_nobody_sees_results_of_an_open_round(ground: Ground) -> None:
    with ground.database.reading() as session, pytest.raises(RoundClosed, match="nobody sees"):
        read_figures(session, study_id=ground.study_id, number=1)
    with pytest.raises(Refused, match="is open already, so you cannot release it"):
        release(ground)


def test_the_protocol_proposes_and_a_person_decides(ground: Ground) -> None:
    ground.close()
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        table = deciding.list_items(session, study=study, number=1)
    assert [(each.item, each.verdict, each.proposed, each.decided) for each in table] == [
        ("apples", "consensus", "keep", ""),
        ("pears", "no consensus", "keep", ""),
    ]
    with pytest.raises(Refused, match="apples, pears"):
        release(ground)
    decide(ground, "apples", Outcome.ACCEPT)
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        figures = read_figures(session, study_id=ground.study_id, number=1)
        done = deciding.decide_as_proposed(
            session, study=study, figures=figures, reason="", now=read_now(session), actor="test"
        )
    assert done == 1
    assert release(ground).items[0].outcome == "accept"


def test_a_release_is_frozen_and_comes_once(ground: Ground) -> None:
    ground.close()
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.KEEP)
    content = release(ground)
    shown = {each.cell: each for each in content.cells}
    pears = shown[cell(ground, "pears", "north")].total
    assert pears is not None
    assert (pears.n, pears.counts, pears.agree) == (6, (4, 0, 2), 2)
    assert pears.median == 1
    with ground.database.reading() as session:
        stored = session.get_one(Release, (ground.study_id, 1, 1))
        assert stored.content_sha256 == content.sha256()
        assert session.get_one(Round, (ground.study_id, 1)).state == "released"
    for again in (lambda: release(ground), lambda: decide(ground, "pears", Outcome.DROP)):
        with pytest.raises(Refused, match="released"):
            again()


def test_all_alike_is_not_told_exactly(ground: Ground) -> None:
    ground.close()
    with ground.database.reading() as session:
        study_id = ground.study_id
        assert session.get_one(Round, (study_id, 1)).state == "closed"
    content = releasing.draft_release(ground.database, study_id=ground.study_id, number=1)
    apples = {each.cell: each for each in content.cells}[cell(ground, "apples", "north")].total
    assert apples is not None
    assert (apples.counts, apples.at_least, apples.mode) == ((), 80, 3)


def test_the_next_round_asks_what_is_open_and_keeps_the_rest_in_reach(ground: Ground) -> None:
    ground.close()
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.KEEP)
    release(ground)
    second = open_next(ground)
    assert (second.number, second.shows_round) == (2, 1)
    seat = ground.sit_down(0)
    assert (seat.earlier.numbers, seat.release) == ((1,), 1)
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=second.questionnaire_number)
        route = instrument.route(
            group=seat.group,
            tags=seat.tags,
            answers={},
            carried={number: Given(Status.BLANK) for number in instrument.carried_cells},
        )
    keys = {spec.key for page in route.pages for spec in page.cells}
    assert CellKey("fruit", "pears", "north", "effect") in keys
    assert not any(key.item == "apples" for key in keys)
    # Accepted items can still be chosen in the preferred combination.
    best = instrument.questionnaire.questions_by_id["best"]
    assert [item.id for item in instrument.questionnaire.items_of(best)] == ["apples", "pears"]  # type: ignore[arg-type]  # it is one
    pears = cell(ground, "pears", "north")
    found = earlier(ground, seat, pears)
    assert found is not None
    assert found[0].number == 3
    assert found[1:] == (1, False)
    save(ground, seat, {pears: Given(Status.KEPT)})
    submitted = submit(ground, seat)
    assert submitted.number == 1
    with ground.database.reading() as session:
        sheet = read_sheet(session, seat=seat)
    assert sheet.now[pears][0][:2] == (int(Status.KEPT), 3.0)


def test_a_rating_that_is_kept_too_late_is_kept_with_its_value(ground: Ground) -> None:
    ground.close()
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)
    release(ground)
    open_next(ground)
    seat, pears = ground.sit_down(0), cell(ground, "pears", "north")
    ground.close()
    with ground.database.verb() as session:
        changes = {pears: Given(Status.KEPT), cell(ground, "apples", "south", "reason"): Given(Status.KEPT)}
        answering.keep_late_draft(
            session, seat=seat, request_id="kept-too-late", changes=changes, now=read_now(session)
        )
    with ground.database.reading() as session:
        content = json.loads(session.scalars(select(LateDraft.content)).one())
    assert content[str(pears)] == [int(Status.KEPT), 3.0, None, None]
    # What cannot be kept for want of an earlier rating stays as it was sent.
    assert content[str(cell(ground, "apples", "south", "reason"))] == [int(Status.KEPT), None, None, None]


def test_nothing_can_be_kept_where_nothing_was_given(ground: Ground, database: Database) -> None:
    seat = ground.sit_down(0)
    with pytest.raises(AnswerError, match="no earlier rating"):
        save(ground, seat, {cell(ground, "pears", "north"): Given(Status.KEPT)})


def test_a_revised_item_is_a_new_wording_with_cells_of_its_own(ground: Ground) -> None:
    ground.close()
    wording = Wording(title=Text({"*": "Ripe pears"}))
    with pytest.raises(InputError, match="new wording"):
        decide(ground, "pears", Outcome.REVISE)
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True))
    release(ground)
    second = open_next(ground)
    seat = ground.sit_down(0)
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=second.questionnaire_number)
    now = instrument.number_of[CellKey("fruit", "pears", "north", "effect")]
    before = cell(ground, "pears", "north")
    assert now > len(ground.instrument.specs)
    assert instrument.earlier_of[now] == (before,)
    assert instrument.item_versions["pears"] == 2
    found = earlier(ground, seat, now)
    assert found is not None
    assert found[0].number == 3
    assert found[1:] == (1, True)
    for member in range(6):
        answer(ground, member, {now: Given(Status.VALUE, number=Decimal(1))})
    ground.close()
    with ground.database.reading() as session:
        pairs = read_figures(session, study_id=ground.study_id, number=2).pair_counts(now)
    assert pairs is not None
    assert pairs.of == ((4, 0, 0), (0, 0, 0), (2, 0, 0))


def test_a_split_takes_its_items_place(ground: Ground) -> None:
    ground.close()
    parts = tuple(Item(id=name, title=Text({"*": name})) for name in ("red-pears", "green-pears"))
    with pytest.raises(InputError, match="at least two parts"):
        decide(ground, "pears", Outcome.SPLIT, Detail(parts=parts[:1]))
    decide(ground, "apples", Outcome.DROP)
    decide(ground, "pears", Outcome.SPLIT, Detail(parts=parts))
    release(ground)
    second = open_next(ground)
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=second.questionnaire_number)
    assert item_history.asked_items(instrument) == ("red-pears", "green-pears")
    assert [item.id for item in instrument.questionnaire.items] == ["red-pears", "green-pears"]


def test_a_merger_is_decided_for_all_its_partners(ground: Ground) -> None:
    ground.close()
    merged = Item(id="pome-fruit", title=Text({"*": "Pome fruit"}))
    decide(ground, "apples", Outcome.MERGE, Detail(partners=("apples", "pears"), merged=merged))
    release(ground)
    second = open_next(ground)
    with ground.database.reading() as session:
        instrument = get_instrument(session, study_id=ground.study_id, number=second.questionnaire_number)
    assert item_history.asked_items(instrument) == ("pome-fruit",)


def test_when_nothing_is_open_there_is_no_further_round(ground: Ground) -> None:
    ground.close()
    decide(ground, "apples", Outcome.ACCEPT)
    decide(ground, "pears", Outcome.DROP)
    release(ground)
    with pytest.raises(Refused, match="nothing to ask"):
        open_next(ground)


def test_what_cannot_be_decided_is_said(ground: Ground) -> None:
    with pytest.raises(Refused, match="decided after it is closed"):
        decide(ground, "apples", Outcome.KEEP)
    ground.close()
    with pytest.raises(InputError, match="not asked in the round"):
        decide(ground, "plums", Outcome.KEEP)
    decide(ground, "apples", Outcome.KEEP)
    decide(ground, "pears", Outcome.KEEP)
    release(ground)
    open_next(ground)
    with pytest.raises(Refused, match="Round 2 was opened on what was decided"):
        decide(ground, "pears", Outcome.DROP)


def test_a_cancelled_round_does_not_bring_the_end_nearer(ground: Ground) -> None:
    """It takes a number, so round 4 is the third and last one that the protocol plans."""
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.cancel_round(session, study=study, reason="wrong letter", now=read_now(session), actor="test")
        protocols.amend_protocol(
            session,
            study=study,
            file="protocol.yaml",
            content=PROTOCOL.replace(
                "consensus:", "decisions: [{propose: finalise, when: last round}]\nconsensus:"
            ).encode(),
            reason="to end it",
            now=read_now(session),
            actor="test",
        )
    seen = []
    for number in (2, 3, 4):
        assert open_next(ground).number == number
        for member in range(4):
            answer(ground, member, {cell(ground, "pears", "north"): "1" if member else "3"})
        ground.close()
        with ground.database.reading() as session:
            figures = read_figures(session, study_id=ground.study_id, number=number)
        proposed = judge(figures)["pears"].proposed.outcome
        for item in ("apples", "pears"):
            decide(ground, item, Outcome.KEEP, number=number)
        seen.append((proposed, any(each.verdict for each in release(ground, number).items)))
    assert seen == [("keep", False), ("keep", False), ("finalise", True)]
