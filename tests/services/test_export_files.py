"""What leaves with an export and what never does; one instant, one manifest, one file on both databases."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.errors import InputError, NotFound, RoundClosed
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
from surveyapp.services import receipts
from surveyapp.services.exporting import export_study
from surveyapp.services.reading import sheets
from surveyapp.services.unit import Database
from tests.support.databases import Databases
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import HOSTILE, export, fill_in, only, pseudonym, read, save, submit

_HASH = re.compile(rb"\b[0-9a-f]{64}\b")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(database, load_text(SMALL, tmp_path))


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


def test_sec_98_each_export_is_recorded(ground: Ground, tmp_path: Path) -> None:
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
    one = written[0]
    for name in (
        "answers-long.csv",
        "answers-wide.csv",
        "panel.csv",
        "items.csv",
        "codebook.csv",
        "codebook.md",
    ):
        # Each submission has salts of its own, so its hash differs; everything else is the same.
        same = [_HASH.sub(b"hash", (folder / name).read_bytes()) for folder in written]
        assert same[0] == same[1], name
    assert [row["panellist"] for row in read(one, "panel.csv")] == sorted(names, key=str.encode)
    told = [row["value"] for row in only(read(one, "answers-long.csv"), question="years", counted="yes")]
    assert "0.30000000000000004" in told


def test_the_receipt_of_what_counts_stands_in_the_panel(ground: Ground, tmp_path: Path) -> None:
    seat = ground.sit_down()
    fill_in(ground, seat)
    submit(ground, seat)
    again = ground.sit_down()
    with ground.database.reading() as session:
        receipt = receipts.receipt(session, seat=again)
    ground.close()
    told = {row["panellist"]: row for row in read(export(ground, tmp_path / "out"), "panel.csv")}
    assert told[again.pseudonym]["r1.receipt"] == receipt["sha256"]
    assert [row["r1.receipt"] for name, row in told.items() if name != again.pseudonym] == ["", ""]
