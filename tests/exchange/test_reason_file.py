"""A spreadsheet of reasons holds every text as text, whatever it looks like, and comes back as it was."""

from __future__ import annotations

import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.exchange.reason_file import (
    ReasonFile,
    ReasonRow,
    SentenceRow,
    ThemeRow,
    read_reason_file,
    write_reason_file,
)
from surveyapp.exchange.sheet_writing import as_cell
from surveyapp.exchange.sheets import defuse, undefuse
from surveyapp.export.writers import csv as export_csv

ROW = ReasonRow(
    2,
    "R-ABC2345",
    "apples",
    "Apples",
    "North",
    "",
    "3",
    "agree",
    "They keep",
    "unread",
    "",
    "",
    "",
    "",
    "",
    "",
    "1-2-3",
)
FILE = ReasonFile(
    (ROW,), (ThemeRow(2, "storage", "Storage", "", "4"),), (SentenceRow(2, "apples", "1", "One."),)
)
TEXTS = [
    "=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "＝1", "'=1", "''=1", ' "=1', "#N/A", "TRUE",
    "1234", "_x0041_ is no letter", "line one\r\nline two\rline three", "a,b;c\td\"e\"",
    "\u200fنص عربي", "漢字\u3000かな",
    "👩\u200d🔬 e\u0301", "ends in a control \x07 sign", "\ufffe\uffff", "x" * 20_000, "http://example.org/?a=b",
]  # fmt: skip


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_sec_50_to_54_any_text_comes_back_as_it_was(tmp_path: Path, ending: str) -> None:
    rows = tuple(replace(ROW, row=number, text=text) for number, text in enumerate(TEXTS, start=2))
    write_reason_file(tmp_path / f"reasons.{ending}", ReasonFile(rows))
    read = read_reason_file(tmp_path / f"reasons.{ending}")
    assert read.reasons == tuple(replace(row, text=as_cell(row.text)) for row in rows)
    # What a cell cannot hold is the ends of lines, space around, and control signs; nothing else is lost.
    changed = {text for text in TEXTS if as_cell(text) != text}
    assert changed == {
        "\t=1",
        "line one\r\nline two\rline three",
        ' "=1',
        "ends in a control \x07 sign",
        "\ufffe\uffff",
    }


def test_sec_51_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    rows = tuple(replace(ROW, text=text, released_text=text, because=text) for text in TEXTS)
    write_reason_file(tmp_path / "reasons.xlsx", ReasonFile(rows, FILE.themes, FILE.sentences))
    workbook = load_workbook(tmp_path / "reasons.xlsx")
    kinds = {
        cell.data_type for sheet in workbook for line in sheet for cell in line if cell.value is not None
    }
    assert kinds == {"s"}
    assert workbook.properties.creator == "Surveyapp"
    workbook.close()
    with zipfile.ZipFile(tmp_path / "reasons.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == 4
        assert all(b"<f>" not in archive.read(name) for name in sheets)


def test_a_workbook_holds_everything_and_a_csv_file_the_reasons(tmp_path: Path) -> None:
    for ending in ("xlsx", "csv"):
        write_reason_file(tmp_path / f"reasons.{ending}", FILE)
        assert stat.S_IMODE((tmp_path / f"reasons.{ending}").stat().st_mode) == 0o600
    assert read_reason_file(tmp_path / "reasons.xlsx") == FILE
    assert read_reason_file(tmp_path / "reasons.csv") == ReasonFile((ROW,), is_whole=False)


def test_a_file_is_never_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "reasons.csv"
    write_reason_file(path, FILE)
    with pytest.raises(Refused, match="there already"):
        write_reason_file(path, FILE)
    write_reason_file(path, FILE, force=True)
    with pytest.raises(InputError, match=r"must end in \.xlsx or \.csv"):
        write_reason_file(tmp_path / "reasons.ods", FILE)
    with pytest.raises(Refused, match="cannot be written"):
        write_reason_file(tmp_path / "nowhere" / "reasons.csv", FILE)


def test_columns_may_move_and_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "reasons.csv"
    write_reason_file(path, FILE)
    lines = [line.split(",") for line in path.read_text("utf-8-sig").splitlines()]
    path.write_text("\n".join(";".join(reversed(line)) for line in lines), "utf-8")
    assert read_reason_file(path).reasons == (ROW,)
    path.write_text("reason,item\nR-ABC2345,apples\n", "utf-8")
    with pytest.raises(InputError, match=r"row 1: the columns 'title', .* are missing"):
        read_reason_file(path)
    path.write_text("", "utf-8")
    with pytest.raises(InputError, match="is empty"):
        read_reason_file(path)
    with pytest.raises(NotFound):
        read_reason_file(tmp_path / "gone.csv")


def test_a_workbook_without_its_sheets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reasons.xlsx"
    write_reason_file(path, FILE)
    workbook = load_workbook(path)
    del workbook["code book"]
    workbook.save(path)
    workbook.close()
    with pytest.raises(InputError, match="no sheet 'code book'"):
        read_reason_file(path)


@settings(max_examples=300)
@given(st.text(st.sampled_from("'=+-@ \t\"a\u200b＝`"), max_size=6))
def test_defusing_is_undone_exactly_and_agrees_with_exports(text: str) -> None:
    assert undefuse(defuse(text)) == text
    assert defuse(text) == export_csv.defuse(text)
