"""What an export holds, what it leaves out, and that both databases give the same bytes."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, RoundClosed
from surveyapp.export.writers.csv import undefuse
from surveyapp.models import (
    Answer,
    AuditEntry,
    Identity,
    Panellist,
    Participation,
    QuestionnaireVersion,
    Study,
    Submission,
)
from surveyapp.questionnaire.cells import BLANK, Given
from surveyapp.services import answering, doors
from surveyapp.services.exporting import export_study
from surveyapp.services.reading import sheets
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database, read_now
from tests.support.databases import Databases
from tests.support.studies import SMALL, Ground, lay_ground, load_text

Row = Mapping[str, str]
HOSTILE = [
    "=HYPERLINK(\"http://example.org\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    '  "=1',
    "a;b,c\n\"d\"\n",
    "\u202eright to left\u202c",
    "\ufeff＝1",
    "Größe, 透明性, שלום",
    "x" * 20_000,
]  # fmt: skip


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path))


def save(ground: Ground, seat: Seat, changes: Mapping[int, Given], request: str) -> None:
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id=request, base=1_000, changes=changes)


def submit(ground: Ground, seat: Seat, request: str = "submit-1") -> None:
    with ground.database.verb() as session:
        answering.submit(session, seat=seat, request_id=request)


def fill_in(
    ground: Ground, seat: Seat, *, word: str = "botany", context: str = "north", reason: str = ""
) -> None:
    save(ground, seat, {ground.number("consent"): ground.given(ground.number("consent"), "1")}, "consenting")
    given = [
        (ground.number("word"), word),
        (ground.number("years"), "7.0"),
        (ground.number("fruit", "apples", context, "effect"), "3"),
        (ground.number("fruit", "pears", context, "effect"), "dont-know"),
        (ground.number("best"), "pears"),
    ]
    if reason:
        given.append((ground.number("fruit", "apples", context, part="reason"), reason))
    save(ground, seat, {cell: ground.given(cell, text) for cell, text in given}, "filling-in")


def export(ground: Ground, out: Path, *, exact: bool = False) -> Path:
    export_study(ground.database, slug=ground.slug, out=out, exact=exact, actor="test")
    return out


def read(folder: Path, name: str) -> list[Row]:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def only(rows: list[Row], **wanted: str) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def pseudonym(ground: Ground, member: int = 0) -> str:
    with ground.database.reading() as session:
        found = session.get_one(Panellist, (ground.study_id, ground.panel[member].panellist_id))
        return found.pseudonym


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


def test_nobody_sees_answers_while_a_round_is_open(ground: Ground, tmp_path: Path) -> None:
    fill_in(ground, ground.sit_down())
    with pytest.raises(RoundClosed, match="Round 1 of 'fruit' is open"):
        export(ground, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with ground.database.reading() as session:
        assert session.scalars(select(AuditEntry).where(AuditEntry.act == "study.export")).all() == []


def test_an_unknown_study_and_a_taken_place_are_named(ground: Ground, tmp_path: Path) -> None:
    ground.close()
    with pytest.raises(NotFound, match="fruit"):
        export_study(ground.database, slug="friut", out=tmp_path / "out", actor="test")
    export(ground, tmp_path / "out")
    with pytest.raises(InputError, match="there already"):
        export(ground, tmp_path / "out")


def test_each_export_is_recorded(ground: Ground, tmp_path: Path) -> None:
    ground.close()
    export(ground, tmp_path / "out", exact=True)
    with ground.database.reading() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == "study.export")).all()
        assert (entry.actor, json.loads(entry.detail)["mode"]) == ("test", "exact")


def test_prv_04_no_name_address_token_or_seat_number_leaves_with_the_data(
    ground: Ground, tmp_path: Path
) -> None:
    with ground.database.verb() as session:
        for number, member in enumerate(ground.panel):
            session.add(
                Identity(
                    study_id=ground.study_id,
                    panellist_id=member.panellist_id,
                    name=f"Prof. Quirkname{number}",
                    email=f"quirk{number}@secret.example",
                    email_key=f"quirk{number}@secret.example",
                )
            )
    seat = ground.sit_down()
    fill_in(ground, seat)
    submit(ground, seat)
    ground.close()
    out = export(ground, tmp_path / "out")
    with ground.database.reading() as session:
        salts = session.scalars(select(Submission.salt_seed)).all()
    forbidden = ["Quirk", "quirk", "secret.example", *salts]
    for member in ground.panel:
        forbidden += [str(member.panellist_id), member.token, member.token.rpartition(".")[2]]
    for file in out.iterdir():
        text = file.read_text(encoding="utf-8")
        assert [word for word in forbidden if word in text] == [], file.name


def test_prv_08_rows_are_in_an_order_that_tells_no_time_and_times_are_coarse(
    database: Database, tmp_path: Path
) -> None:
    ground = lay_ground(
        database, load_text(SMALL, tmp_path), groups=("north", "south", "both", "north", "south")
    )
    order = list(range(5))
    random.Random(3).shuffle(order)
    for member in order:
        seat = ground.sit_down(member)
        fill_in(ground, seat, context="north" if ground.panel[member].group != "south" else "south")
        submit(ground, seat)
    ground.close()
    with database.verb() as session:
        for minute, seated in enumerate(ground.panel):
            at = datetime(2026, 11, 23, 10, 59 - minute, 31, tzinfo=UTC)
            session.execute(
                update(Participation)
                .where(Participation.panellist_id == seated.panellist_id)
                .values(submitted_at=at)
            )
    out = export(ground, tmp_path / "out")
    for name in ("answers-long.csv", "answers-wide.csv", "panel.csv"):
        told = [row["panellist"] for row in read(out, name)]
        assert told == sorted(told)
    assert {row["submitted"] for row in read(out, "answers-long.csv")} == {"2026-11-23"}
    for grain, expected in (
        ("hour", {"2026-11-23T10Z"}),
        ("minute", {f"2026-11-23T10:{59 - n}Z" for n in range(5)}),
    ):
        with database.verb() as session:
            session.execute(update(Study).values(time_grain=grain))
        rows = read(export(ground, tmp_path / grain), "panel.csv")
        assert {row["r1.submitted"] for row in rows} == expected


def test_synthetic_panels_are_said_to_be_so_first(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    submit(ground, seat)
    ground.close()
    plain = export(ground, tmp_path / "plain")
    assert "SYNTHETIC" not in (plain / "README.txt").read_text()
    with ground.database.verb() as session:
        one = session.get_one(Panellist, (ground.study_id, ground.panel[0].panellist_id))
        one.is_synthetic = True
    out = export(ground, tmp_path / "out")
    assert (out / "README.txt").read_text().startswith("SYNTHETIC DATA")
    assert next(iter(json.loads((out / "manifest.json").read_text()))) == "synthetic"
    assert [row["panellist"] for row in only(read(out, "panel.csv"), is_synthetic="yes")] == [
        pseudonym(ground)
    ]
    assert {row["is_synthetic"] for row in read(out, "answers-long.csv")} == {"yes"}


def test_the_codebook_explains_every_column_and_every_code(ground: Ground, tmp_path: Path) -> None:
    for member, context in ((0, "north"), (1, "south")):
        seat = ground.sit_down(member)
        fill_in(ground, seat, context=context, reason="Well.")
        submit(ground, seat)
    ground.close()
    out = export(ground, tmp_path / "out")
    book = read(out, "codebook.csv")
    for file in out.glob("*.csv"):
        if file.name == "codebook.csv":
            continue
        with file.open(encoding="utf-8", newline="") as stream:
            header = next(csv.reader(stream))
        assert len(header) == len(set(header)), file.name
        explained = {row["column"] for row in book if row["file"] == file.name and not row["code"]}
        assert set(header) <= explained, file.name
        assert all(row["meaning"] for row in book)
    codes = {(row["column"], row["code"]) for row in book if row["file"] == "answers-long.csv"}
    for row in read(out, "answers-long.csv"):
        for column in ("question", "item", "context", "criterion", "status", "part", "counted", "group"):
            assert (column, row[column] or "(empty)") in codes or not row[column]
        if row["label"]:
            assert ("value", row["value"]) in codes
    assert "Apples" in (out / "codebook.md").read_text(encoding="utf-8")


def test_the_manifest_agrees_with_the_files_and_the_questionnaire(ground: Ground, tmp_path: Path) -> None:
    ground.close()
    out = export(ground, tmp_path / "out.zip")
    with zipfile.ZipFile(out) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    assert {each["name"]: each["sha256"] for each in manifest["files"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    with ground.database.reading() as session:
        version = session.scalars(select(QuestionnaireVersion)).one()
        assert hashlib.sha256(files["questionnaire.json"]).hexdigest() == version.sha256
        assert manifest["questionnaire"]["sha256"] == version.sha256
    assert files["questionnaire.yaml"].decode() == ""
    assert manifest["mode"] == "spreadsheet-safe"


def test_sec_58_all_files_show_one_instant(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes while the export is being written is in none of its files."""
    monkeypatch.setattr(sheets, "_BLOCK", 1)
    for member in (0, 1, 2):
        seat = ground.sit_down(member)
        fill_in(ground, seat, context="south" if member == 2 else "north")
        submit(ground, seat)
    ground.close()
    told: list[int] = []

    def interfere(done: int) -> None:
        told.append(done)
        with ground.database.verb() as session:
            session.execute(update(Answer).where(Answer.status == 1, Answer.value == 3).values(value=1))
            session.execute(update(Panellist).values(language="xx"))
            session.execute(update(QuestionnaireVersion).values(source="changed"))

    export_study(ground.database, slug=ground.slug, out=tmp_path / "out", actor="test", progress=interfere)
    assert told == [1] * len(ground.panel)
    assert (tmp_path / "out" / "questionnaire.yaml").read_text() == ""
    rows = read(tmp_path / "out", "answers-long.csv")
    assert {row["value"] for row in only(rows, item="apples", criterion="effect")} == {"3", ""}
    assert {row["language"] for row in read(tmp_path / "out", "panel.csv")} == {"en"}


@pytest.fixture
def both(databases: Databases) -> Iterator[list[Database]]:
    with databases.fresh("sqlite") as one, databases.fresh("postgresql") as other:
        opened = [Database(one), Database(other)]
        yield opened
        for each in opened:
            each.close()


def test_both_databases_give_the_same_bytes(both: list[Database], tmp_path: Path) -> None:
    names = ["P-ä", "P-Z", "P-a", "P-_", "P-9"]
    written = []
    for place, database in enumerate(both):
        ground = lay_ground(
            database, load_text(SMALL, tmp_path), groups=("north", "both", "both", "south", "both")
        )
        with database.verb() as session:
            for seated, name in zip(ground.panel, names, strict=True):
                found = session.get_one(Panellist, (ground.study_id, seated.panellist_id))
                found.pseudonym, found.tags = name, json.dumps(["b", "a"])
        for member, text in enumerate(HOSTILE[:4]):
            seat = ground.sit_down(member)
            fill_in(
                ground,
                seat,
                word=text,
                context="south" if member == 3 else "north",
                reason=HOSTILE[-3 - member],
            )
            years = ground.number("years")
            with database.verb() as session:
                session.execute(
                    update(Answer)
                    .where(Answer.cell == years, Answer.panellist_id == seat.panellist_id)
                    .values(value=(0.1 + 0.2) * 10 ** (member * 5))
                )
            submit(ground, seat)
        rating = ground.number("fruit", "apples", "north", "effect")
        save(ground, ground.sit_down(1), {rating: ground.given(rating, "1")}, "afterwards")
        ground.close()
        with database.verb() as session:
            session.execute(update(Participation).values(submitted_at=datetime(2026, 1, 1, tzinfo=UTC)))
        written.append(export(ground, tmp_path / f"out-{place}"))
    one, other = written
    for name in (
        "answers-long.csv",
        "answers-wide.csv",
        "panel.csv",
        "items.csv",
        "codebook.csv",
        "codebook.md",
    ):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    assert [row["panellist"] for row in read(one, "panel.csv")] == sorted(names, key=str.encode)
    told = [row["value"] for row in only(read(one, "answers-long.csv"), question="years", counted="yes")]
    assert "0.30000000000000004" in told
