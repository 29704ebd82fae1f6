"""What an export holds, what counts in it, and what hostile texts do to it: nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.export.writers.csv import undefuse
from surveyapp.models import (
    Answer,
    Panellist,
    Participation,
    Submission,
)
from surveyapp.questionnaire.cells import BLANK
from surveyapp.questionnaire.loading import load
from surveyapp.services import answering, doors
from surveyapp.services.unit import Database, read_now
from tests.support.studies import QUESTIONNAIRES, SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import HOSTILE, export, fill_in, only, pseudonym, read, save, submit


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path))


def test_long_answers_tell_value_from_every_kind_of_no_value(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat, reason="Keeps the doctor away.")
    submit(ground, seat)
    ground.close()
    rows = read(export(ground, tmp_path / "out"), "answers-long.csv")
    assert {row["panellist"] for row in rows} == {pseudonym(ground)}
    assert {(row["group"], row["round"], row["counted"]) for row in rows} == {("north", "1", "yes")}
    [apples] = only(rows, item="apples", criterion="effect")
    assert (apples["value"], apples["label"], apples["status"]) == ("3", "Agree", "value")
    assert (apples["question"], apples["item_version"], apples["context"]) == ("fruit", "1", "north")
    [pears] = only(rows, item="pears", criterion="effect")
    assert (pears["value"], pears["label"], pears["status"]) == ("dont-know", "Don't know", "dont_know")
    [written] = only(rows, item="apples", part="reason")
    assert (written["value"], written["reason"], written["status"]) == ("", "Keeps the doctor away.", "value")
    [blank] = only(rows, item="pears", part="reason")
    assert (blank["value"], blank["reason"], blank["status"]) == ("", "", "blank")
    [years] = only(rows, question="years")
    assert years["value"] == "7"
    [best] = only(rows, question="best")
    assert (best["value"], best["label"]) == ("pears", "Pears")
    # What was never asked has no row.
    assert only(rows, context="south") == []


def test_wide_answers_have_one_row_per_panellist_and_only_what_counts(ground: Ground, tmp_path: Path) -> None:
    first, second = ground.sit_down(0), ground.sit_down(1)
    fill_in(ground, first, reason="Because.")
    submit(ground, first)
    fill_in(ground, second, word="never submitted")
    ground.close()
    out = export(ground, tmp_path / "out")
    rows = {row["panellist"]: row for row in read(out, "answers-wide.csv")}
    assert len(rows) == len(ground.panel)
    mine = rows[pseudonym(ground, 0)]
    assert mine["r1.state"] == "submitted"
    assert mine["r1.fruit.apples.north.effect"] == "3"
    assert mine["r1.fruit.pears.north.effect"] == "dont-know"
    assert mine["r1.fruit.apples.north.reason"] == "Because."
    assert mine["r1.fruit.pears.north.reason"] == "(blank)"
    assert mine["r1.fruit.apples.south.effect"] == ""
    draft = rows[pseudonym(ground, 1)]
    assert draft["r1.state"] == "started"
    assert not any(value for name, value in draft.items() if name.startswith("r1.") and name != "r1.state")
    long = only(read(out, "answers-long.csv"), panellist=pseudonym(ground, 1))
    assert {row["counted"] for row in long} == {"no"}
    assert only(long, question="word")[0]["value"] == "never submitted"


def test_an_edit_after_submitting_is_a_late_draft_and_the_submission_counts(
    ground: Ground, tmp_path: Path
) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat, reason="As submitted.")
    submit(ground, seat)
    rating = ground.number("fruit", "apples", "north", "effect")
    reason = ground.number("fruit", "apples", "north", part="reason")
    save(ground, seat, {rating: ground.given(rating, "1"), reason: BLANK}, "second-thoughts")
    ground.close()
    out = export(ground, tmp_path / "out")
    rows = only(read(out, "answers-long.csv"), item="apples")
    told = [(row["part"], row["value"], row["reason"], row["status"], row["counted"]) for row in rows]
    assert told == [
        ("", "3", "", "value", "yes"),
        ("", "1", "", "late_draft", "no"),
        ("reason", "", "As submitted.", "value", "yes"),
        ("reason", "", "", "late_draft", "no"),
    ]
    [wide] = only(read(out, "answers-wide.csv"), panellist=pseudonym(ground))
    assert wide["r1.fruit.apples.north.effect"] == "3"
    assert wide["r1.fruit.apples.north.reason"] == "As submitted."


def test_answers_that_fell_out_of_the_route_before_submitting_are_not_exported_as_counted(
    ground: Ground, tmp_path: Path
) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    # As if it had been asked once, and no more when the expert submitted.
    stray = ground.number("fruit", "apples", "south", "effect")
    with ground.database.verb() as session:
        session.add(
            Answer(
                study_id=ground.study_id,
                round=1,
                panellist_id=seat.panellist_id,
                cell=stray,
                status=1,
                value=1.0,
                revision=1,
            )
        )
    submit(ground, seat)
    ground.close()
    out = export(ground, tmp_path / "out")
    assert only(read(out, "answers-long.csv"), context="south", counted="yes") == []
    [wide] = only(read(out, "answers-wide.csv"), panellist=pseudonym(ground))
    assert wide["r1.fruit.apples.south.effect"] == ""
    assert wide["r1.fruit.apples.north.effect"] == "3"


def test_counted_rows_are_exactly_the_latest_submissions(ground: Ground, tmp_path: Path) -> None:
    """REL-45: an independent reading of the stored submissions gives the same counted rows."""
    for member, context in ((0, "north"), (1, "south"), (2, "south")):
        seat = ground.sit_down(member)
        fill_in(ground, seat, context=context, reason="Why not?")
        submit(ground, seat)
    again = ground.sit_down(1)
    cell = ground.number("fruit", "pears", "south", "effect")
    save(ground, again, {cell: ground.given(cell, "1")}, "once-more")
    submit(ground, again, "submit-2")
    ground.close()
    expected = set()
    with ground.database.reading() as session:
        for participation in session.scalars(select(Participation)):
            submission = session.get_one(
                Submission,
                (ground.study_id, 1, participation.panellist_id, participation.submission),
            )
            name = session.get_one(Panellist, (ground.study_id, participation.panellist_id)).pseudonym
            for each in json.loads(submission.content)["answers"]:
                given = each.get("value", each.get("text", "|".join(each.get("parts", ()))))
                key = (each["question"], each["item"], each["context"], each["criterion"], each["part"])
                expected.add((name, *key, each["status"], str(given)))
    rows = only(read(export(ground, tmp_path / "out", exact=True), "answers-long.csv"), counted="yes")
    told = {
        (
            row["panellist"], row["question"], row["item"], row["context"], row["criterion"], row["part"],
            row["status"], row["reason"] if row["part"] == "reason" else row["value"],
        )
        for row in rows
    }  # fmt: skip
    assert told == expected
    assert len(rows) == len(expected) > 20


def test_several_texts_of_one_answer_stand_on_a_line_each(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load(QUESTIONNAIRES / "examples" / "proposals.yaml"), groups=("",))
    seat = ground.sit_down()
    cell = ground.number("new-measures")
    save(ground, seat, {cell: ground.given(cell, "=A|B", "", "Sandbags; many")}, "request-1")
    submit(ground, seat)
    ground.close()
    for exact, value in ((True, "=A|B\nSandbags; many"), (False, "'=A|B\nSandbags; many")):
        out = export(ground, tmp_path / f"exact-{exact}", exact=exact)
        [row] = only(read(out, "answers-long.csv"), question="new-measures")
        assert (row["value"], row["label"], row["status"]) == (value, "", "value")
        [wide] = read(out, "answers-wide.csv")
        assert wide["r1.new-measures"] == value


def test_withdrawn_answers_count_nowhere(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat, word="unforgettable", reason="unforgettable too")
    submit(ground, seat)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=False, now=read_now(session))
    ground.close()
    out = export(ground, tmp_path / "out")
    rows = read(out, "answers-long.csv")
    assert {(row["status"], row["counted"], row["value"]) for row in rows} == {("withdrawn", "no", "")}
    [panel] = only(read(out, "panel.csv"), panellist=pseudonym(ground))
    assert (panel["state"], panel["r1.state"], panel["r1.submitted"]) == ("withdrawn", "withdrawn", "")
    assert not any(b"unforgettable" in file.read_bytes() for file in out.iterdir())


def test_what_came_too_late_stands_apart(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    submit(ground, seat)
    ground.close()
    rating = ground.number("fruit", "apples", "north", "effect")
    word = ground.number("word")
    with ground.database.verb() as session:
        answering.keep_late_draft(
            session,
            seat=seat,
            request_id="too-late-1",
            changes={rating: ground.given(rating, "1"), word: ground.given(word, "=late")},
            now=read_now(session),
        )
    out = export(ground, tmp_path / "out")
    rows = read(out, "late-drafts.csv")
    assert [(row["question"], row["value"], row["label"], row["save"]) for row in rows] == [
        ("word", "'=late", "", "1"),
        ("fruit", "1", "Disagree", "1"),
    ]
    assert (
        only(read(out, "answers-long.csv"), question="fruit", item="apples", criterion="effect")[0]["value"]
        == "3"
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_sec_50_52_hostile_texts_are_harmless_and_come_back_exactly(
    ground: Ground, tmp_path: Path, text: str
) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat, reason=text)
    submit(ground, seat)
    ground.close()
    stored = text.replace("\r\n", "\n")
    for exact in (False, True):
        out = export(ground, tmp_path / f"out-{exact}", exact=exact)
        [row] = only(read(out, "answers-long.csv"), item="apples", part="reason")
        [wide] = only(read(out, "answers-wide.csv"), panellist=pseudonym(ground))
        for shown in (row["reason"], wide["r1.fruit.apples.north.reason"]):
            assert (shown if exact else undefuse(shown)) == stored
            if not exact:
                assert not shown.lstrip(' \t"\ufeff').startswith(("=", "+", "-", "@", "＝"))


def test_sec_55_column_names_from_the_questionnaire_are_harmless(database: Database, tmp_path: Path) -> None:
    text = SMALL.replace(
        "{id: apples, title: Apples, definition: A fruit.}",
        "{id: apples, title: '=Apples', definition: A fruit., fields: {'=cmd': '@x'}}",
    )
    ground = lay_ground(database, load_text(text, tmp_path))
    ground.close()
    out = export(ground, tmp_path / "out")
    items = read(out, "items.csv")
    # The guard looks at what a cell begins with: here the prefix makes the name harmless already.
    assert items[0]["field.=cmd"] == "'@x"
    assert items[0]["title"] == "'=Apples"
    assert read(export(ground, tmp_path / "exact", exact=True), "items.csv")[0]["title"] == "=Apples"
    for row in read(out, "codebook.csv"):
        assert not row["meaning"].startswith("=")
