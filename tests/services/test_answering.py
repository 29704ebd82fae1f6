"""Answers are saved once, never overwritten silently, and submitted whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.receipts import canonical_json, find_faults
from surveyapp.errors import AnswerError, Refused, RoundClosed
from surveyapp.models import Answer, LateDraft, Participation, SaveReceipt, Submission
from surveyapp.questionnaire.cells import BLANK, Given, Status
from surveyapp.services import answering, doors, receipts
from surveyapp.services.reading.seats import Seat, read_answers
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, lay_ground, load_text


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path))


def save(
    ground: Ground, seat: Seat, changes: dict[int, Given], *, base: int, request: str
) -> answering.Saved:
    with ground.database.verb() as session:
        return answering.save(session, seat=seat, request_id=request, base=base, changes=changes)


def stands(ground: Ground, seat: Seat) -> dict[int, Given]:
    with ground.database.reading() as session:
        return {cell: stored.given for cell, stored in read_answers(session, seat=seat).items()}


def consent(ground: Ground, seat: Seat) -> int:
    cell = ground.number("consent")
    return save(ground, seat, {cell: ground.given(cell, "1")}, base=0, request="consents").revision


def fill_in(ground: Ground, seat: Seat, context: str = "north") -> dict[int, Given]:
    """Answer everything that submitting needs, and one rating with its reason."""
    changes = {}
    for cell, *values in (
        (ground.number("consent"), "1"),
        (ground.number("word"), "botany"),
        (ground.number("fruit", "apples", context, "effect"), "3"),
        (ground.number("fruit", "apples", context, part="reason"), "Keeps the doctor away."),
    ):
        changes[cell] = ground.given(cell, *values)
    save(ground, seat, changes, base=seat.revision, request="fill-it-in")
    return changes


def test_what_is_saved_stands_exactly(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    rating = ground.number("fruit", "apples", "north", "effect")
    reason = ground.number("fruit", "apples", "north", part="reason")
    years = ground.number("years")
    changes = {
        rating: ground.given(rating, "dont-know"),
        reason: ground.given(reason, "Zeile 1\r\nשלום \u202eabc 𝒳 'quote' =1+1"),
        years: ground.given(years, "12"),
    }
    saved = save(ground, seat, changes, base=base, request="first-save")
    assert saved == answering.Saved(revision=2)
    found = stands(ground, seat)
    assert {cell: found[cell] for cell in changes} == changes
    assert found[rating].status is Status.DONT_KNOW
    assert found[reason].text == "Zeile 1\nשלום \u202eabc 𝒳 'quote' =1+1"


def test_rel_08_the_same_request_again_gives_the_same_reply_and_does_nothing(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years = ground.number("years")
    first = save(ground, seat, {years: ground.given(years, "3")}, base=base, request="same-same")
    save(ground, seat, {years: ground.given(years, "4")}, base=first.revision, request="another-one")
    again = save(ground, seat, {years: ground.given(years, "3")}, base=base, request="same-same")
    assert again == answering.Saved(revision=first.revision, repeated=True)
    assert stands(ground, seat)[years] == ground.given(years, "4")


def test_rel_09_an_older_window_overwrites_nothing_and_is_told_both_values(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years, word = ground.number("years"), ground.number("word")
    newer = save(ground, seat, {years: ground.given(years, "3")}, base=base, request="newer-tab")
    with pytest.raises(answering.Conflicted) as caught:
        save(
            ground,
            seat,
            {years: ground.given(years, "9"), word: ground.given(word, "botany")},
            base=base,
            request="older-tab",
        )
    (conflict,) = caught.value.conflicts
    assert conflict == answering.CellConflict(
        years, yours=ground.given(years, "9"), theirs=ground.given(years, "3")
    )
    assert caught.value.revision == newer.revision
    assert word not in stands(ground, seat)
    settled = save(
        ground, seat, {years: ground.given(years, "9")}, base=caught.value.revision, request="decided-1"
    )
    assert settled.revision == newer.revision + 1
    assert stands(ground, seat)[years] == ground.given(years, "9")


def test_the_same_value_from_an_older_window_is_no_conflict(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years, word = ground.number("years"), ground.number("word")
    save(ground, seat, {years: ground.given(years, "3")}, base=base, request="newer-tab")
    save(
        ground,
        seat,
        {years: ground.given(years, "3"), word: ground.given(word, "botany")},
        base=base,
        request="older-tab",
    )
    assert stands(ground, seat)[word] == ground.given(word, "botany")


def test_unchanged_cells_keep_their_revision(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years = ground.number("years")
    first = save(ground, seat, {years: ground.given(years, "3")}, base=base, request="once-once")
    save(ground, seat, {years: ground.given(years, "3")}, base=first.revision, request="twice-twice")
    with ground.database.reading() as session:
        assert read_answers(session, seat=seat)[years].revision == first.revision


def test_clearing_leaves_a_blank_and_an_untouched_cell_leaves_no_row(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years, word = ground.number("years"), ground.number("word")
    first = save(ground, seat, {years: ground.given(years, "3"), word: BLANK}, base=base, request="given-one")
    assert word not in stands(ground, seat)
    save(ground, seat, {years: BLANK}, base=first.revision, request="cleared-it")
    assert stands(ground, seat)[years] == BLANK


def test_sec_86_nothing_is_stored_before_consent(ground: Ground) -> None:
    """PRV-30 asks for the same."""
    seat = ground.sit_down()
    years = ground.number("years")
    with pytest.raises(AnswerError, match="consent"):
        save(ground, seat, {years: ground.given(years, "3")}, base=0, request="too-early")
    assert stands(ground, seat) == {}


def test_sec_33_a_cell_of_another_area_is_refused(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    foreign = ground.number("fruit", "apples", "south", "effect")
    with pytest.raises(AnswerError, match="not asked"):
        save(ground, seat, {foreign: ground.given(foreign, "3")}, base=base, request="not-mine-1")
    assert foreign not in stands(ground, seat)


@pytest.mark.parametrize("request_id", ["", "short", "x" * 65, "with\nline-end", "ünïcödé-id"])
def test_a_save_without_a_proper_number_is_refused(ground: Ground, request_id: str) -> None:
    seat = ground.sit_down()
    with pytest.raises(AnswerError, match="Reload the page"):
        save(ground, seat, {}, base=0, request=request_id)


def test_submitting_freezes_everything_and_makes_a_receipt_that_adds_up(ground: Ground) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    with ground.database.verb() as session:
        submitted = answering.submit(session, seat=seat, request_id="submit-once")
    with ground.database.verb() as session:
        again = answering.submit(session, seat=seat, request_id="submit-once")
    assert again == replace(submitted, repeated=True)
    with ground.database.reading() as session:
        (kept,) = session.scalars(select(Submission)).all()
        participation = session.scalars(select(Participation)).one()
        receipt = receipts.receipt(session, seat=replace(seat, submission=submitted.number))
    content = json.loads(kept.content)
    assert canonical_json(content) == kept.content
    assert find_faults(receipt) == []
    assert receipt["sha256"] == submitted.sha256 == kept.sha256
    assert participation.submitted_revision == participation.revision
    given = {
        (entry["item"], entry["part"]): entry for entry in content["answers"] if entry["question"] == "fruit"
    }
    assert given["apples", ""]["value"] == 3
    assert given["apples", "reason"]["text"] == "Keeps the doctor away."
    assert given["pears", ""]["status"] == "blank"
    assert stands(ground, seat)[ground.number("fruit", "pears", "north", "effect")] == BLANK


def test_a_changed_answer_shows_in_its_receipt(ground: Ground) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    with ground.database.verb() as session:
        submitted = answering.submit(session, seat=seat, request_id="submit-once")
    with ground.database.reading() as session:
        receipt = receipts.receipt(session, seat=replace(seat, submission=submitted.number))
    receipt["answers"][2]["answer"]["value"] = 1
    assert find_faults(receipt) == ["Answer 3 is not the one that was committed to."]


def test_submitting_again_counts_the_later_one_and_edits_in_between_are_drafts(ground: Ground) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id="submit-001")
    rating = ground.number("fruit", "apples", "north", "effect")
    with ground.database.reading() as session:
        revision = session.scalars(select(Participation.revision)).one()
    save(ground, seat, {rating: ground.given(rating, "1")}, base=revision, request="second-thought")
    with ground.database.reading() as session:
        participation = session.scalars(select(Participation)).one()
        assert (participation.revision, participation.submitted_revision) == (revision + 1, revision)
    with ground.database.verb() as session:
        second = answering.submit(session, seat=seat, request_id="submit-002")
    assert second.number == 2
    with ground.database.reading() as session:
        contents = session.scalars(select(Submission.content).order_by(Submission.number)).all()
    values = [
        next(entry["value"] for entry in json.loads(content)["answers"] if entry["item"] == "apples")
        for content in contents
    ]
    assert values == [3, 1]


def test_submitting_names_everything_that_is_missing_and_changes_nothing(ground: Ground) -> None:
    seat = ground.sit_down()
    consent(ground, seat)
    with pytest.raises(answering.Incomplete) as caught, ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id="submit-001")
    assert caught.value.cells == (ground.number("word"),)
    with ground.database.reading() as session:
        assert session.scalars(select(Submission)).all() == []
        assert session.scalars(select(Participation)).one().submission == 0


def test_a_closed_round_takes_nothing_but_keeps_it_as_a_late_draft(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    ground.close()
    years = ground.number("years")
    changes = {years: ground.given(years, "3")}
    with pytest.raises(RoundClosed):
        save(ground, seat, changes, base=base, request="too-late-1")
    for _ in range(2):
        with ground.database.verb() as session:
            answering.keep_late_draft(
                session, seat=seat, request_id="too-late-1", changes=changes, now=read_now(session)
            )
    assert years not in stands(ground, seat)
    with ground.database.reading() as session:
        (draft,) = session.scalars(select(LateDraft)).all()
    assert json.loads(draft.content) == {str(years): [1, 3.0, None, None]}


def test_a_save_acknowledged_before_closing_is_acknowledged_again_afterwards(ground: Ground) -> None:
    seat = ground.sit_down()
    consent(ground, seat)
    ground.close()
    # Both the page that was open before, and one that knows that the round is closed.
    for place in (seat, ground.sit_down()):
        assert consent(ground, place) == 1
    with ground.database.reading() as session:
        assert len(session.scalars(select(SaveReceipt)).all()) == 1


def test_withdrawing_stops_saves_in_flight_and_takes_the_answers_back(ground: Ground) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id="submit-001")
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    years = ground.number("years")
    with pytest.raises(Refused, match="withdrawn"):
        save(ground, seat, {years: ground.given(years, "3")}, base=9, request="in-flight-1")
    with ground.database.reading() as session:
        assert {row.status for row in session.scalars(select(Answer))} == {Status.WITHDRAWN}
        assert session.scalars(select(Submission)).all() == []


def test_two_seats_never_touch_each_other(ground: Ground) -> None:
    mine, theirs = ground.sit_down(0), ground.sit_down(1)
    fill_in(ground, mine)
    consent(ground, theirs)
    with ground.database.verb() as session:
        answering.submit(session, seat=mine, request_id="submit-001")
    assert stands(ground, theirs) == {ground.number("consent"): ground.given(ground.number("consent"), "1")}
    with ground.database.reading() as session:
        rows = session.scalars(select(Participation).order_by(Participation.submission)).all()
    assert [(row.panellist_id, row.submission) for row in rows] == [
        (theirs.panellist_id, 0),
        (mine.panellist_id, 1),
    ]


def everything(ground: Ground, context: str = "north") -> dict[int, Given]:
    """An answer to every question that somebody of one area is asked."""
    cells = {
        ground.number("consent"): "1",
        ground.number("years"): "3",
        ground.number("word"): "botany",
        ground.number("fruit", "apples", context, "effect"): "3",
        ground.number("fruit", "pears", context, "effect"): "dont-know",
        ground.number("best"): "pears",
    }
    return {cell: ground.given(cell, value) for cell, value in cells.items()}


def save_and_submit(
    ground: Ground, seat: Seat, changes: dict[int, Given], *, base: int = 0, request: str = "both-at-once"
) -> answering.Submitted | None:
    with ground.database.verb() as session:
        return answering.save_and_submit(session, seat=seat, request_id=request, base=base, changes=changes)


def test_a_complete_last_page_is_saved_and_submitted_in_one_act_and_only_once(ground: Ground) -> None:
    seat = ground.sit_down()
    changes = everything(ground)
    submitted = save_and_submit(ground, seat, changes)
    assert submitted is not None
    assert save_and_submit(ground, seat, changes) == replace(submitted, repeated=True)
    found = stands(ground, seat)
    assert {cell: found[cell] for cell in changes} == changes
    with ground.database.reading() as session:
        (kept,) = session.scalars(select(Submission)).all()
        participation = session.scalars(select(Participation)).one()
        receipt = receipts.receipt(session, seat=replace(seat, submission=1))
    assert (kept.number, kept.sha256) == (1, submitted.sha256)
    assert participation.submitted_revision == participation.revision
    assert find_faults(receipt) == []
    assert len(receipt["answers"]) == kept.answer_count == len(found)


def test_a_last_page_with_anything_blank_is_saved_and_not_submitted(ground: Ground) -> None:
    seat = ground.sit_down()
    changes = everything(ground)
    del changes[ground.number("best")]
    assert save_and_submit(ground, seat, changes) is None
    assert save_and_submit(ground, seat, changes) is None
    assert stands(ground, seat) == changes
    with ground.database.reading() as session:
        assert session.scalars(select(Submission)).all() == []
        assert session.scalars(select(Participation)).one().submission == 0


def test_saving_and_submitting_overwrites_nothing_newer_and_submits_nothing_then(ground: Ground) -> None:
    seat = ground.sit_down()
    base = consent(ground, seat)
    years = ground.number("years")
    save(ground, seat, {years: ground.given(years, "9")}, base=base, request="newer-tab")
    with pytest.raises(answering.Conflicted):
        save_and_submit(ground, seat, everything(ground), base=base)
    with ground.database.reading() as session:
        assert session.scalars(select(Submission)).all() == []
    assert stands(ground, seat)[years] == ground.given(years, "9")
