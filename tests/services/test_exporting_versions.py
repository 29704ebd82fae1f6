"""An export of a study whose questionnaire changed between rounds holds every wording, told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from surveyapp.delphi.lineage import Detail, Outcome, Wording
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.questionnaire.model import Text
from surveyapp.services import answering
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer, save
from tests.support.between_rounds import decide, instrument_of, open_next, release
from tests.support.correcting import correct
from tests.support.protocols import set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import Row, export, only, pseudonym, read


@pytest.fixture
def out(database: Database, tmp_path: Path) -> tuple[Ground, Path]:
    """Two rounds: apples are dropped after the first, pears are worded anew, and one rating is kept."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    set_protocol(ground)
    open_next(ground)
    for member in range(3):
        ratings = {
            ground.number("fruit", item, context, "effect"): "3"
            for item in ("apples", "pears")
            for context in ("north", "south")
        }
        answer(ground, member, {**ratings, ground.number("best"): "apples"})
    ground.close()
    decide(ground, "apples", Outcome.DROP)
    wording = Wording(title=Text({"*": "Ripe pears"}))
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True))
    release(ground)
    second = instrument_of(ground, open_next(ground))
    north = second.number_of[CellKey("fruit", "pears", "north", "effect")]
    answer(ground, 0, {north: Given(Status.KEPT)})
    ground.close()
    return ground, export(ground, tmp_path / "out")


def codes(rows: list[Row], column: str) -> dict[str, str]:
    return {
        row["code"]: row["meaning"]
        for row in only(rows, file="answers-long.csv", column=column)
        if row["code"]
    }


def test_every_answer_stands_with_the_wording_that_was_asked(out: tuple[Ground, Path]) -> None:
    ground, folder = out
    rows = only(read(folder, "answers-long.csv"), panellist=pseudonym(ground), context="north", part="")
    told = [(row["round"], row["item"], row["item_version"], row["value"], row["status"]) for row in rows]
    assert told == [
        ("1", "apples", "1", "3", "value"),
        ("1", "pears", "1", "3", "value"),
        ("2", "pears", "2", "3", "kept"),
    ]
    assert [(row["item"], row["item_version"], row["title"]) for row in read(folder, "items.csv")] == [
        ("apples", "1", "Apples"),
        ("pears", "1", "Pears"),
        ("pears", "2", "Ripe pears"),
    ]


def test_what_left_the_questionnaire_is_still_explained(out: tuple[Ground, Path]) -> None:
    ground, folder = out
    book = read(folder, "codebook.csv")
    assert codes(book, "item") == {
        "apples": "Apples",
        "pears": "wording 1: Pears; wording 2: Ripe pears",
    }
    # The label of what was chosen while it was there.
    [best, *_] = only(read(folder, "answers-long.csv"), question="best", panellist=pseudonym(ground))
    assert (best["round"], best["value"], best["label"]) == ("1", "apples", "Apples")


def test_each_wording_has_its_own_column_with_its_own_words(out: tuple[Ground, Path]) -> None:
    ground, folder = out
    rows = only(read(folder, "codebook.csv"), file="answers-wide.csv", code="")
    book = {row["column"]: row["meaning"] for row in rows}
    [wide] = only(read(folder, "answers-wide.csv"), panellist=pseudonym(ground))
    assert wide["r1.fruit.pears.north.effect"] == "3"
    assert "item: Pears;" in book["r1.fruit.pears.north.effect"]
    assert "item: Apples;" in book["r1.fruit.apples.north.effect"]
    [again] = [name for name in wide if name.startswith("r2.fruit.pears") and wide[name] == "3"]
    assert "item: Ripe pears (wording 2)" in book[again]


def test_every_version_of_the_questionnaire_is_in_the_package(out: tuple[Ground, Path]) -> None:
    _, folder = out
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert [each["questionnaire_version"] for each in manifest["rounds"]] == [1, 2]
    assert manifest["questionnaire"]["version"] == 2
    first = json.loads((folder / "questionnaire-1.json").read_text(encoding="utf-8"))
    now = json.loads((folder / "questionnaire.json").read_text(encoding="utf-8"))
    assert [len(each["items"]) for each in (first, now)] == [2, 1]


def test_each_answer_tells_which_corrections_it_saw(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3)
    answer(ground, 0, {ground.number("fruit", "apples", "north", "effect"): "3"})
    correct(ground, "=Ripe apples", reason="They are ripe.")
    correct(ground, "Rate them", path="pages.rate.title")
    answer(
        ground,
        1,
        {
            ground.number("fruit", "apples", "north", "effect"): "1",
            ground.number("fruit", "apples", "north", part="reason"): "Too sour.",
        },
    )
    # Edited after it was submitted, and not submitted again: told from the submission and from the rows.
    save(ground, ground.sit_down(0), {ground.number("fruit", "apples", "north", "effect"): "1"})
    late = ground.sit_down(0)
    ground.close()
    with database.verb() as session:
        answering.keep_late_draft(
            session,
            seat=late,
            request_id="came too late",
            changes={ground.number("best"): ground.given(ground.number("best"), "pears")},
            now=read_now(session),
            correction=1,
        )
    folder = export(ground, tmp_path / "out")
    rows = only(read(folder, "answers-long.csv"), question="fruit", item="apples", context="north")
    told = [
        (row["panellist"] == pseudonym(ground), row["part"], row["value"] or row["reason"], row["correction"])
        for row in rows
        if row["status"] != "blank"
    ]
    assert sorted(told) == [
        (False, "", "1", "2"),
        (False, "reason", "Too sour.", "2"),
        (True, "", "1", "2"),
        (True, "", "3", "0"),
    ]
    [draft] = read(folder, "late-drafts.csv")
    assert (draft["value"], draft["correction"]) == ("pears", "1")
    # A text that a spreadsheet would run is defused here as everywhere.
    assert [
        (row["correction"], row["text"], row["item"], row["before"], row["after"], row["reason"])
        for row in read(folder, "corrections.csv")
    ] == [
        ("1", "items.apples.title", "apples", "Apples", "'=Ripe apples", "They are ripe."),
        ("2", "pages.rate.title", "", "Rate", "Rate them", "a slip"),
    ]
    assert "corrections.csv" in (folder / "README.txt").read_text(encoding="utf-8")
    book = read(folder, "codebook.csv")
    assert only(book, file="corrections.csv", column="before")
    assert only(book, file="answers-long.csv", column="correction")
