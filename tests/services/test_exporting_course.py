"""An export tells the course: protocol, decisions, where wordings come from, what was said of reasons."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks, ShownReason
from surveyapp.delphi.lineage import Detail, Outcome, Wording
from surveyapp.models import Reaction, Reason, Release, Reply, Study
from surveyapp.questionnaire.model import Text
from surveyapp.services.protocols import amend_protocol
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.between_rounds import decide, open_next, release
from tests.support.protocols import set_protocol
from tests.support.speaking import lay_noise
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.support.taking_home import Row, export, only, pseudonym, read


@pytest.fixture
def out(database: Database, tmp_path: Path) -> tuple[Ground, Path]:
    """Apples are dropped after round 1, pears are worded anew; in round 2 a reason is marked and answered."""
    lay_noise(database, tmp_path)
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    set_protocol(ground)
    open_next(ground)
    reason = ground.number("fruit", "pears", "north", part="reason")
    for member in range(3):
        answer(ground, member, {ground.number("fruit", "pears", "north", "effect"): "3"})
    ground.close()
    decide(ground, "apples", Outcome.DROP)
    wording = Wording(title=Text({"*": "Ripe pears"}))
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True))
    release(ground)
    open_next(ground)
    key = {"study_id": ground.study_id}
    with database.verb() as session:
        now = read_now(session)
        author, reader = ground.panel[0].panellist_id, ground.panel[1].panellist_id
        public_id = "R-SWEET"
        session.add(
            Reason(
                **key, round=1, panellist_id=author, cell=reason, public_id=public_id, item="pears",
                text="Sweet", state="released", released_text="Sweet", handled_at=now,
            )
        )  # fmt: skip
    seat = ground.sit_down(1)
    with database.verb() as session:
        said = {**key, "round": seat.round, "panellist_id": reader, "public_id": public_id}
        session.add(Reaction(**said, stance="not_for_me", marked_at=seat.now))
        session.add(Reply(**said, reply_id="A-1", text="=Sour to me", state="hidden", written_at=seat.now))
    ground.close()
    return ground, export(ground, tmp_path / "out")


def test_decisions_stand_with_their_reasons_and_without_people(out: tuple[Ground, Path]) -> None:
    _, folder = out
    rows = read(folder, "decisions.csv")
    assert [(row["round"], row["item"], row["item_version"], row["outcome"]) for row in rows] == [
        ("1", "apples", "1", "drop"),
        ("1", "pears", "1", "revise"),
    ]
    assert all(row["reason"] for row in rows)
    assert json.loads(rows[1]["detail"])["is_comparable"] is True
    assert not {"actor", "decided_by", "who"} & set(rows[0])
    # No finer than the study's grain.
    assert all(len(row["decided"]) == len("2026-12-12") for row in rows)


def test_lineage_leads_from_wording_to_wording(out: tuple[Ground, Path]) -> None:
    _, folder = out
    columns = ("from_item", "from_version", "to_item", "to_version", "kind", "comparable")
    assert [tuple(row[name] for name in columns) for row in read(folder, "lineage.csv")] == [
        ("apples", "1", "", "0", "dropped", "no"),
        ("pears", "1", "pears", "2", "revised", "yes"),
    ]


def test_marks_and_replies_stand_with_pseudonyms(out: tuple[Ground, Path]) -> None:
    ground, folder = out
    [mark], [reply] = read(folder, "marks.csv"), read(folder, "replies.csv")
    assert (mark["panellist"], mark["item"], mark["context"], mark["stance"]) == (
        pseudonym(ground, 1), "pears", "north", "not_for_me",
    )  # fmt: skip
    # A spreadsheet must not take it for a formula.
    assert (reply["panellist"], reply["state"], reply["text"]) == (
        pseudonym(ground, 1), "hidden", "'=Sour to me",
    )  # fmt: skip
    assert mark["reason"] == reply["reason"]


def test_marks_stand_as_releases_told_them(out: tuple[Ground, Path], tmp_path: Path) -> None:
    ground, folder = out
    assert read(folder, "marks-released.csv") == []
    reason = ShownReason(id="R-1", item="pears", context="north", text="Sour")
    marks = (
        ShownMarks(of_round=1, reason=reason, n=12, for_me=7, not_for_me=5),
        ShownMarks(
            of_round=1, reason=reason.model_copy(update={"id": "R-2"}), n=6, at_least=80, mostly="for_me"
        ),
    )
    with ground.database.verb() as session:
        release = session.scalars(select(Release)).one()
        content = ReleaseContent.from_canonical(release.content).model_copy(update={"marks": marks})
        release.content, release.content_sha256 = content.canonical(), content.sha256()
    rows = read(export(ground, tmp_path / "told"), "marks-released.csv")
    columns = (
        "round",
        "reason",
        "item",
        "context",
        "marked_by",
        "for_me",
        "not_for_me",
        "at_least",
        "mostly",
    )
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("1", "R-1", "pears", "north", "12", "7", "5", "", ""),
        ("1", "R-2", "pears", "north", "6", "", "", "80", "for_me"),
    ]


def test_the_protocol_goes_along_with_its_amendments(
    out: tuple[Ground, Path], database: Database, tmp_path: Path
) -> None:
    ground, folder = out
    assert read(folder, "deviations.csv") == []
    [row] = read(folder, "protocol-versions.csv")
    assert (row["version"], row["amended_because"], row["file"]) == ("1", "", "protocol.json")
    text = (folder / "protocol.json").read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == row["sha256"]
    source = (folder / "protocol.yaml").read_bytes()
    with database.verb() as session:
        amend_protocol(
            session, study=session.get_one(Study, ground.study_id), file="protocol.yaml",
            content=source + b"\nnotes: Changed.\n", reason="To try", now=read_now(session), actor="test",
        )  # fmt: skip
    again = export(ground, tmp_path / "again")
    first, second = read(again, "protocol-versions.csv")
    assert (first["file"], second["file"], second["amended_because"]) == (
        "protocol-1.json", "protocol.json", "To try",
    )  # fmt: skip
    assert (again / "protocol-1.json").read_text(encoding="utf-8") == text
    assert "Changed." in (again / "protocol.yaml").read_text(encoding="utf-8")
    [told] = read(again, "deviations.csv")
    assert (told["kind"], told["number"], told["reason"]) == ("amendment", "2", "To try")


def test_every_column_and_code_is_explained_and_listed(out: tuple[Ground, Path]) -> None:
    _, folder = out
    book: list[Row] = read(folder, "codebook.csv")
    names = (
        "decisions.csv", "lineage.csv", "marks.csv", "replies.csv", "protocol-versions.csv",
        "deviations.csv", "marks-released.csv",
    )  # fmt: skip
    listed = {each["name"] for each in json.loads((folder / "manifest.json").read_text())["files"]}
    told = (folder / "README.txt").read_text(encoding="utf-8")
    for name in names:
        header = (folder / name).read_text(encoding="utf-8").splitlines()[0].split(",")
        explained = [row["column"] for row in only(book, file=name, code="")]
        assert explained == header
        assert name in listed
        assert name in told
    codes = {row["code"] for row in only(book, file="lineage.csv", column="kind")}
    assert {row["kind"] for row in read(folder, "lineage.csv")} < codes
