"""Reasons go to a spreadsheet and come back: all of it or nothing, and nobody's work is overwritten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from surveyapp.errors import InputError, Refused
from surveyapp.exchange.reason_file import ReasonFile, SentenceRow, ThemeRow, read_reason_file
from surveyapp.models import AuditEntry
from surveyapp.services.reading.reasons import list_summaries
from surveyapp.services.reasons.coding import add_theme, code_reasons, coder_agreement, list_themes
from surveyapp.services.reasons.from_sheet import ChangedMeanwhile, ImportedReasons, import_reasons
from surveyapp.services.reasons.handling import put_back, release_reasons, set_aside_reasons
from surveyapp.services.reasons.summarising import DraftSentence, write_summary
from surveyapp.services.reasons.to_sheet import export_reasons
from surveyapp.services.unit import Database
from tests.support.speaking import at_work, gather, lay_noise, lay_talk, names, read, speak
from tests.support.studies import Ground

APPLES, PEARS = ("apples", "north"), ("pears", "north")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    lay_noise(database, tmp_path)
    ground = lay_talk(database, tmp_path)
    speak(ground, 0, {APPLES: ("3", "=They keep\nfor weeks"), PEARS: ("3", "Sweet")})
    speak(ground, 1, {APPLES: ("3", "They keep, too"), PEARS: ("2", "n/a")})
    speak(
        ground,
        2,
        {APPLES: ("1", "They rot"), PEARS: ("dont-know", "Never had one")},
        remarks=" A good study ",
    )
    ground.close()
    gather(ground)
    return ground


def take(ground: Ground, folder: Path, *, name: str = "reasons.xlsx", coder: str = "") -> ReasonFile:
    """Export to a file, and read it."""
    export_reasons(
        ground.database, slug=ground.slug, out=folder / name, actor="test", coder=coder, force=True
    )
    return read_reason_file(folder / name)


def bring(ground: Ground, file: ReasonFile, *, coder: str = "") -> ImportedReasons:
    with at_work(ground) as (session, key):
        return import_reasons(session, file=file, coder=coder, **key)


def edit(file: ReasonFile, edits: dict[str, dict[str, str]]) -> ReasonFile:
    """The file with these columns changed, in the rows of the reasons with these texts."""
    assert {row.text for row in file.reasons} >= edits.keys()
    rows = []
    for row in file.reasons:
        changes: dict[str, Any] = dict(edits.get(row.text, {}))
        rows.append(replace(row, **changes))
    return replace(file, reasons=tuple(rows))


def name_of(file: ReasonFile, text: str) -> str:
    return next(row.id for row in file.reasons if row.text == text)


def audit_size(ground: Ground) -> int:
    with ground.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


@pytest.mark.parametrize("name", ["reasons.xlsx", "reasons.csv"])
def test_an_unchanged_file_changes_nothing(ground: Ground, tmp_path: Path, name: str) -> None:
    keep, too, rot = names(ground, "=They keep\nfor weeks", "They keep, too", "They rot")
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", definition="How long.\nWeeks.", **key)
        code_reasons(session, codes={keep: ["storage"], rot: []}, coder="Ann", **key)
        release_reasons(session, public_ids=[keep], **key)
        set_aside_reasons(session, public_ids=[too], because="The same", **key)
        sentences = [DraftSentence(1, "They keep.", (keep,)), DraftSentence(3, "They rot.", (rot, keep))]
        write_summary(session, round_number=1, item="apples", sentences=sentences, **key)
    before, file = read(ground), take(ground, tmp_path, name=name, coder="Ann")
    size = audit_size(ground)
    done = bring(ground, file)
    assert (done.changes, done.unchanged, done.coder, done.round) == ((), 7, "Ann", 1)
    assert read(ground) == before
    assert audit_size(ground) == size
    rows = {row.text: row for row in file.reasons}
    assert rows["=They keep\nfor weeks"].themes == "storage"
    assert rows["=They keep\nfor weeks"].sentences == "1; 3"
    assert rows["They rot"].themes == "none"
    assert rows["They keep, too"].themes == ""
    assert (rows["Never had one"].rating, rows["Never had one"].band) == ("don't know", "don't know")
    assert (rows["Sweet"].rating, rows["Sweet"].context, rows["Sweet"].title) == ("3", "North", "Pears")
    assert rows["A good study"].item == ""


def test_everything_that_was_changed_is_done(ground: Ground, tmp_path: Path) -> None:
    file = take(ground, tmp_path)
    keep = name_of(file, "=They keep\nfor weeks")
    file = edit(
        file,
        {
            "=They keep\nfor weeks": {
                "state": "Released",
                "released_text": "They keep.",
                "themes": "storage, taste",
            },
            "They keep, too": {"merged_into": keep, "themes": "none"},
            "They rot": {"sentences": "2;1"},
            "Sweet": {"state": "released"},
            "n/a": {"state": "set aside", "because": "Says  nothing"},
        },
    )
    file = replace(
        file,
        themes=(ThemeRow(2, "storage", "Storage", "How long", ""), ThemeRow(3, "taste", "Taste", "", "")),
        sentences=(SentenceRow(2, "apples", "1", "Some rot."), SentenceRow(3, "apples", "2", "Most do not.")),
    )
    done = bring(ground, file, coder=" Ann ")
    assert done.coder == "Ann"
    assert done.unchanged == 2
    told = [str(change) for change in done.changes]
    assert any("unread → released, released text" in line for line in told)
    assert any("themes: not coded → storage; taste" in line for line in told)
    assert "theme 'storage': added" in told
    assert "summary of 'apples': rewritten" in told
    found = read(ground)
    first = found["=They keep\nfor weeks"]
    assert (first.state, first.released_text, first.themes) == (
        "released",
        "They keep.",
        {"Ann": ("storage", "taste")},
    )
    second = found["They keep, too"]
    assert (second.state, second.merged_into, second.themes) == ("merged", keep, {"Ann": ()})
    assert (found["They rot"].state, found["They rot"].sentences) == ("summarised", (1, 2))
    assert (found["Sweet"].state, found["Sweet"].released_text) == ("released", "Sweet")
    assert (found["n/a"].state, found["n/a"].because) == ("set_aside", "Says nothing")
    assert (found["Never had one"].state, found["Never had one"].themes) == ("unread", {})
    # The same file again says nothing new.
    assert bring(ground, file, coder="Ann").changes == ()
    # And what comes out now goes in again without a change.
    assert bring(ground, take(ground, tmp_path, coder="Ann")).changes == ()


def test_what_was_done_can_be_undone_in_the_file(ground: Ground, tmp_path: Path) -> None:
    file = take(ground, tmp_path, coder="Ann")
    keep = name_of(file, "=They keep\nfor weeks")
    themes = (ThemeRow(2, "storage", "Storage", "", ""),)
    sentences = (SentenceRow(2, "apples", "1", "Some rot."),)
    edits = {
        "=They keep\nfor weeks": {"state": "released", "themes": "storage", "sentences": "1"},
        "They keep, too": {"merged_into": keep},
        "They rot": {"sentences": "1"},
        "Sweet": {"because": "Off the point"},
    }
    bring(ground, replace(edit(file, edits), themes=themes, sentences=sentences))
    file = take(ground, tmp_path, coder="Ann")
    back = {
        "=They keep\nfor weeks": {"state": "unread", "released_text": "", "themes": ""},
        "They keep, too": {"state": "", "merged_into": ""},
        "They rot": {"sentences": ""},
        "Sweet": {"state": "unread", "because": ""},
    }
    bring(ground, edit(file, back))
    found = read(ground)
    assert {text: each.state for text, each in found.items() if each.state != "unread"} == {
        # A sentence still stands on it.
        "=They keep\nfor weeks": "summarised"
    }
    assert found["=They keep\nfor weeks"].released_text == ""
    assert found["=They keep\nfor weeks"].themes == {}
    file = take(ground, tmp_path, coder="Ann")
    cleared = edit(file, {"=They keep\nfor weeks": {"sentences": ""}})
    bring(ground, replace(cleared, sentences=()))
    assert {each.state for each in read(ground).values()} == {"unread"}
    with ground.database.reading() as session:
        assert list_summaries(session, study_id=ground.study_id, round_number=1) == ()


def test_a_dry_run_keeps_nothing(ground: Ground, tmp_path: Path) -> None:
    file = edit(take(ground, tmp_path), {"Sweet": {"state": "released"}})

    class Stop(Exception):
        pass

    def try_out() -> None:
        with at_work(ground) as (session, key):
            assert len(import_reasons(session, file=file, **key).changes) == 1
            raise Stop

    with pytest.raises(Stop):
        try_out()
    assert read(ground)["Sweet"].state == "unread"


def test_every_bad_row_is_told_and_nothing_is_done(ground: Ground, tmp_path: Path) -> None:
    file = take(ground, tmp_path)
    keep, too, sweet = (name_of(file, text) for text in ("=They keep\nfor weeks", "They keep, too", "Sweet"))
    bad = edit(
        file,
        {
            "=They keep\nfor weeks": {"state": "published", "themes": "storrage"},
            "They keep, too": {"merged_into": sweet, "because": "The same"},
            "They rot": {"state": "merged"},
            "Sweet": {"text": "Sour", "sentences": "first"},
            "n/a": {"state": "set aside"},
            "Never had one": {"check": "damaged"},
            "A good study": {"state": "released", "released_text": "x" * 20_001, "themes": "none; storage"},
        },
    )
    extra = replace(bad.reasons[0], row=99, id="R-NOTHERE")
    twice = replace(next(row for row in bad.reasons if row.id == keep), row=100)
    bad = replace(
        bad,
        reasons=(*bad.reasons, extra, twice),
        themes=(ThemeRow(2, "storage", "Storage", "", ""), ThemeRow(3, "Bad Id", "", "", "")),
        sentences=(SentenceRow(2, "plums", "1", "None here."),),
    )
    with pytest.raises(InputError) as caught:
        bring(ground, bad, coder="Ann")
    told = str(caught.value)
    for part in (
        "there is no state 'published'",
        "no theme 'storrage'. Did you mean 'storage'",
        f"{too}: it can be merged or set aside, not both",
        "'merged into' must name",
        "cannot be changed; write into 'released text'",
        "'summary sentence' holds 'first'",
        "'set aside because' must say why",
        "the check is missing or damaged",
        "the released text has 20001 characters",
        "'none' stands beside other themes",
        "row 99: this round has no reason 'R-NOTHERE'",
        f"row 100: {keep} stands in row",
        "sheet 'code book', row 3: Bad Id: the id of a theme",
        "no reason on the item 'plums' is in the file",
    ):
        assert part in told, part
    assert {each.state for each in read(ground).values()} == {"unread"}
    with ground.database.reading() as session:
        assert list_themes(session, study_id=ground.study_id) == ()


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_rows_that_contradict_themselves(ground: Ground, tmp_path: Path) -> None:
    file = take(ground, tmp_path)
    for changes, told in (
        ({"sentences": "7"}, "the summary of 'apples' has no sentence 7"),
        ({"state": "summarised"}, "is summarised when"),
        ({"because": "Off", "sentences": "1"}, "cannot be set aside"),
        ({"merged_into": "R-NOTHERE"}, "no reason 'R-NOTHERE'"),
        ({"state": "released", "because": "Off"}, "released and set aside"),
        ({"because": "x" * 1_001}, "1001 characters"),
    ):
        with pytest.raises(InputError, match=told):
            bring(ground, edit(file, {"They rot": changes}))


def test_merging_into_what_is_merged_itself_is_refused(ground: Ground, tmp_path: Path) -> None:
    file = take(ground, tmp_path)
    keep, too = name_of(file, "=They keep\nfor weeks"), name_of(file, "They keep, too")
    edits = {"They rot": {"merged_into": too}, "They keep, too": {"merged_into": keep}}
    with pytest.raises(InputError, match=f"{too} is merged itself"):
        bring(ground, edit(file, edits))
    other = {"They rot": {"merged_into": name_of(file, "Sweet")}}
    with pytest.raises(InputError, match="are about different items"):
        bring(ground, edit(file, other))
    own = {"They rot": {"merged_into": name_of(file, "They rot")}}
    with pytest.raises(InputError, match="into itself"):
        bring(ground, edit(file, own))


def test_what_somebody_else_changed_is_never_overwritten(ground: Ground, tmp_path: Path) -> None:
    rot, sweet = names(ground, "They rot", "Sweet")
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", **key)
    file = take(ground, tmp_path, coder="Ann")
    with at_work(ground) as (session, key):
        release_reasons(session, public_ids=[rot, sweet], **key)
        code_reasons(session, codes={rot: []}, coder="Ann", **key)
    edited = edit(
        file,
        {
            "They rot": {"state": "set aside", "because": "Off the point", "themes": "storage"},
            "They keep, too": {"state": "released"},
        },
    )
    with pytest.raises(ChangedMeanwhile) as caught:
        bring(ground, edited)
    assert len(caught.value.conflicts) == 2
    assert f"{rot} was changed here after the export: released" in str(caught.value)
    assert read(ground)["They keep, too"].state == "unread"
    # Without those rows the rest goes in; the row that nobody edited keeps what was done here.
    rest = replace(edited, reasons=tuple(row for row in edited.reasons if row.id != rot))
    assert len(bring(ground, rest).changes) == 1
    assert read(ground)["Sweet"].state == "released"
    # What both say alike is no conflict.
    with at_work(ground) as (session, key):
        put_back(session, public_ids=[sweet], **key)
    file = take(ground, tmp_path, coder="Ann")
    with at_work(ground) as (session, key):
        release_reasons(session, public_ids=[sweet], **key)
    assert bring(ground, edit(file, {"Sweet": {"state": "released"}})).changes == ()


def test_summaries_and_code_book_know_conflicts_too(ground: Ground, tmp_path: Path) -> None:
    (rot,) = names(ground, "They rot")
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", **key)
        write_summary(
            session, round_number=1, item="apples", sentences=[DraftSentence(1, "Some rot.", (rot,))], **key
        )
    file = take(ground, tmp_path)
    csv = take(ground, tmp_path, name="reasons.csv")
    with at_work(ground) as (session, key):
        add_theme(session, theme="taste", title="Taste", **key)
        write_summary(
            session, round_number=1, item="apples", sentences=[DraftSentence(1, "One rots.", (rot,))], **key
        )
    with pytest.raises(ChangedMeanwhile, match="summary of 'apples' was changed"):
        bring(ground, replace(file, sentences=(SentenceRow(2, "apples", "1", "They all rot."),)))
    with pytest.raises(ChangedMeanwhile, match="summary of 'apples' was changed"):
        bring(ground, edit(csv, {"They keep, too": {"sentences": "1"}}))
    with pytest.raises(ChangedMeanwhile, match="theme 'taste' was changed, added"):
        bring(ground, replace(file, themes=(*file.themes, ThemeRow(3, "taste", "Smell", "", ""))))
    same = ThemeRow(3, "taste", "Taste", "", "")
    renamed = replace(file.themes[0], title="Keeping")
    assert [str(each) for each in bring(ground, replace(file, themes=(renamed, same))).changes] == [
        "theme 'storage': changed"
    ]
    with ground.database.reading() as session:
        (summary,) = list_summaries(session, study_id=ground.study_id, round_number=1)
    assert [each.text for each in summary.sentences] == ["One rots."]


def test_two_coders_code_the_same_file_each_for_oneself(ground: Ground, tmp_path: Path) -> None:
    with at_work(ground) as (session, key):
        add_theme(session, theme="storage", title="Storage", **key)
    file = take(ground, tmp_path)
    ann = {row.text: {"themes": "storage" if "keep" in row.text else "none"} for row in file.reasons}
    ben = {
        row.text: {"themes": "storage" if row.text == "They keep, too" else "none"} for row in file.reasons
    }
    bring(ground, edit(file, ann), coder="Ann")
    bring(ground, edit(file, ben), coder="Ben")
    with ground.database.reading() as session:
        (found,) = coder_agreement(session, study_id=ground.study_id, round_number=1)
    assert (found.first, found.second, found.agreement.share.n) == ("Ann", "Ben", 7)
    mine = take(ground, tmp_path, coder="Ann")
    with pytest.raises(InputError, match="themes of Ann and cannot be imported as those of Ben"):
        bring(ground, mine, coder="Ben")


def test_files_of_another_study_or_of_no_round_are_refused(
    ground: Ground, tmp_path: Path, database: Database
) -> None:
    export_reasons(database, slug="noise", out=tmp_path / "noise.csv", actor="test")
    with pytest.raises(InputError, match="belongs to this study"):
        bring(ground, read_reason_file(tmp_path / "noise.csv"))
    with pytest.raises(InputError, match="holds no reason"):
        bring(ground, ReasonFile(()))
    empty = lay_talk(database, tmp_path, slug="empty")
    with pytest.raises(Refused, match="No round of this study is closed"):
        export_reasons(database, slug=empty.slug, out=tmp_path / "empty.csv", actor="test")
