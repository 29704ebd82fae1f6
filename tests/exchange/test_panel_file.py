"""Lists of panellists as people write them: any order, any delimiter, and everything that can hurt."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from surveyapp.errors import InputError, NotFound, SurveyappError
from surveyapp.exchange import sheets
from surveyapp.exchange.panel_file import PanelRow, read_panel_file
from surveyapp.exchange.sheets import read_sheet


def write(folder: Path, content: str | bytes, name: str = "panel.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def write_workbook(folder: Path, rows: list[list[object]], name: str = "panel.xlsx") -> Path:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = folder / name
    workbook.save(file)
    workbook.close()
    return file


PANEL = "Name,E-mail,Group,Tags,Language\nJane Doe,jane@example.org,cbrn,a; b,en\n"
JANE = PanelRow(2, "Jane Doe", "jane@example.org", "cbrn", ("a", "b"), "en")


@pytest.mark.parametrize(
    "content",
    [
        PANEL,
        PANEL.encode("utf-8-sig"),
        PANEL.encode("utf-16"),
        PANEL.replace(",", "\t"),
        PANEL.replace("a; b", "a|b").replace(",", ";"),
        PANEL.replace("\n", "\r\n"),
        "SPRACHE,e mail,Gruppe,tag,Vollständiger Name\nen,jane@example.org,cbrn,a;b,Jane  Doe\n",
        "Vorname,Nachname,E-Mail-Adresse,Fachgebiet,Schlagwörter,lang\nJane,Doe,jane@example.org,cbrn,a;b,en\n",
    ],
)
def test_the_same_list_in_many_clothes(tmp_path: Path, content: str | bytes) -> None:
    assert read_panel_file(write(tmp_path, content)).rows == (JANE,)


def test_a_spreadsheet_reads_like_a_csv_file(tmp_path: Path) -> None:
    rows: list[list[object]] = [list(line.split(",")) for line in PANEL.strip().splitlines()]
    assert read_panel_file(write_workbook(tmp_path, rows)).rows == (JANE,)


def test_rows_keep_the_sheets_own_numbers(tmp_path: Path) -> None:
    text = '\n\nemail,name\n\na@example.org,"Two\nlines"\n,\nb@example.org,B\n'
    rows = read_panel_file(write(tmp_path, text)).rows
    assert [(row.row, row.name) for row in rows] == [(5, "Two lines"), (7, "B")]
    sheet = write_workbook(tmp_path, [["email"], [None], ["a@example.org"], [""], ["b@example.org"]])
    assert [row.row for row in read_panel_file(sheet).rows] == [3, 5]


def test_unknown_columns_are_named(tmp_path: Path) -> None:
    read = read_panel_file(write(tmp_path, "email,Shoe size,phone\na@example.org,42,1\n"))
    assert read.ignored_columns == ("Shoe size", "phone")


def test_sec_54_our_own_defusing_is_taken_back_once(tmp_path: Path) -> None:
    rows = read_panel_file(write(tmp_path, "email,name\na@example.org,'=Bob\nb@example.org,''=Eve\n")).rows
    assert [row.name for row in rows] == ["=Bob", "'=Eve"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("email\n", "no panellist below"),
        ("name,group\nJane,cbrn\n", "no column for the e-mail address"),
        ("email,E-Mail\na@example.org,b@example.org\n", "both name the email"),
        (b"email,name\na@example.org,J\xfcrgen\n", "line 2 is not written in UTF-8"),
        (b"\xff\xfea", "UTF-16"),
        ("email,name\na@example.org,\0\n", "not a CSV or XLSX file"),
        ('email,name\na@example.org,"Jane\n', "quotation mark"),
        (b"PK\x03\x04 nothing of the kind", "damaged"),
        ("email\n" + "," * 300 + "x", "more than 200 columns"),
    ],
)
def test_bad_files_get_one_sentence(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_panel_file(write(tmp_path, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.csv"):
        read_panel_file(tmp_path / "nowhere.csv")
    with pytest.raises(NotFound):
        read_panel_file(tmp_path)


def test_files_that_are_too_large_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_BYTES", 50)
    with pytest.raises(InputError, match="at most"):
        read_sheet(write(tmp_path, PANEL))
    monkeypatch.setattr(sheets, "MAX_BYTES", 10_000)
    monkeypatch.setattr(sheets, "MAX_ROWS", 3)
    with pytest.raises(InputError, match="more than 3 rows"):
        read_sheet(write(tmp_path, "email\n" * 5))


def test_sec_78_archives_that_unpack_to_too_much_are_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (sheets.MAX_UNPACKED_BYTES + 1))
    assert len(buffer.getvalue()) < 1_000_000
    with pytest.raises(InputError, match="unpacks to more than"):
        read_sheet(write(tmp_path, buffer.getvalue(), "panel.xlsx"))


def test_sec_81_entities_are_not_expanded(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]>'
    file = write_workbook(tmp_path, [["email"], ["a@example.org"]])
    content = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = bomb.encode() + text.replace(b"a@example.org", b"&c;")
            new.writestr(name, text)
    with pytest.raises(InputError):
        read_sheet(write(tmp_path, content.getvalue(), "panel.xlsx"))


def test_sec_79_formulas_are_never_computed(tmp_path: Path) -> None:
    file = write_workbook(tmp_path, [["email", "name"], ["a@example.org", "=1+1"]])
    assert read_panel_file(file).rows[0].name == ""


def test_an_archive_that_is_no_spreadsheet(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match="not a spreadsheet"):
        read_sheet(write(tmp_path, buffer.getvalue()))


@given(
    content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: ("email\n" + t).encode()))
)
def test_whatever_the_bytes_the_answer_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("bytes") / "panel.csv"
    file.write_bytes(content)
    try:
        read_panel_file(file)
    except SurveyappError as error:
        assert len(str(error)) > 10  # noqa: PT017 - any other exception fails the test
