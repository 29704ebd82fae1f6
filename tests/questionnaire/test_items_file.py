"""Items from tables: as spreadsheets really write them, with every bad row named."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from surveyapp.errors import QuestionnaireError
from surveyapp.questionnaire.items_file import identifier_of
from surveyapp.questionnaire.loading import load_text
from surveyapp.questionnaire.model import Category, Questionnaire

HEAD = """\
format: 1
id: tabled
version: "1"
languages: [en]
title: T
taxonomies:
  kinds: {title: Kinds, version: "1", categories: {"1": One, "1.2": Two}}
scales:
  agreement: {points: [{value: 1, label: No}, {value: 2, label: Yes}]}
criteria:
  helps: {title: Helps, scale: agreement}
pages:
  - id: p
    title: P
    questions: [{id: q, kind: rating, text: Q, criteria: [helps]}]
"""


def load_with(folder: Path, items: str, head: str = HEAD) -> Questionnaire:
    return load_text("f.yaml", f"{head}items: {items}\n".encode(), folder)


def problems(folder: Path, items: str = "{file: items.csv}", head: str = HEAD) -> list[str]:
    with pytest.raises(QuestionnaireError) as caught:
        load_with(folder, items, head)
    return [str(problem) for problem in caught.value.problems]


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> None:
    (folder / "items.csv").write_bytes(text.encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_dialect_of_csv(tmp_path: Path, encoding: str, delimiter: str, line_end: str) -> None:
    rows = [
        ["ID", "Name", "Description", "Life-cycle stage", "Category code", "Tags", "Cost (€)"],
        ["", "Größere Dämme", '"Two', 'lines, quoted"', "Deploy", "1.2", '"a; b"', "12"],
        ["alarms", "Alarms", "", "", "", "", ""],
    ]
    lines = [delimiter.join(rows[0])]
    lines.append(delimiter.join([*rows[1][:2], f"{rows[1][2]}{line_end}{rows[1][3]}", *rows[1][4:]]))
    lines += [delimiter * 6, delimiter.join(rows[2])]
    write(tmp_path, line_end.join(lines) + line_end, encoding=encoding)
    dikes, alarms = load_with(tmp_path, "{file: items.csv}").items
    assert dikes.id == "groere-damme"
    assert dikes.title.get("en") == "Größere Dämme"
    assert dikes.definition is not None
    assert dikes.definition.get("en") == "Two\nlines, quoted"
    assert dikes.lifecycle_stage == "Deploy"
    assert dikes.categories == (Category(taxonomy="kinds", code="1.2"),)
    assert dikes.tags == ("a", "b")
    assert dikes.fields == {"Cost (€)": "12"}
    assert (alarms.id, alarms.definition, alarms.categories) == ("alarms", None, ())


def test_named_columns_and_languages(tmp_path: Path) -> None:
    head = HEAD.replace("[en]", "[en, de]").replace("title: T\n", "title: {en: T, de: T}\n")
    write(tmp_path, "Measure,Title (de),Notes,English text\nDikes,Deiche,n,Walls.\n")
    with pytest.raises(QuestionnaireError) as caught:
        load_with(tmp_path, "{file: items.csv, columns: {title.en: Measure, definition: English text}}", head)
    assert "items.csv: row 2: this text stands here in one language" in str(caught.value)
    # With every column in its language nothing is missing in the table any more.
    columns = "{title.en: Measure, definition.en: English text, definition.de: Title (de), title.de: Notes}"
    with pytest.raises(QuestionnaireError) as caught:
        load_with(tmp_path, f"{{file: items.csv, columns: {columns}}}", head)
    assert "items.csv" not in str(caught.value)


def test_xlsx(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Title", "Code", "Number", None],
        ["Dikes", 1, 3.0, None],
        [None] * 4,
        ["Alarms", 1.2, 2.5, None],
    ):
        sheet.append(row)
    book.create_sheet("Other").append(["Title"])
    book.save(tmp_path / "items.xlsx")
    dikes, alarms = load_with(tmp_path, "{file: items.xlsx}").items
    assert (dikes.categories[0].code, alarms.categories[0].code) == ("1", "1.2")
    assert (dikes.fields, alarms.fields) == ({"Number": "3"}, {"Number": "2.5"})
    assert (
        "there is no sheet “Third”; sheets are “Sheet”, “Other”"
        in problems(tmp_path, "{file: items.xlsx, sheet: Third}")[0]
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "items.csv: the file is empty"),
        ("\n,,\n", "items.csv: the file is empty"),
        ("Foo,Bar\n1,2\n", "items.csv: row 1: no column holds the titles; name one of “Foo”, “Bar” “title”"),
        ("Title,Name\na,b\n", "items.csv: row 1: two columns hold “title”"),
        ("Title,Definition\n,Only a definition\n", "items.csv: row 2: this item has no title"),
        ("Title\nA\n\nB\nA\n", "items.csv: row 5: the id “a” stands here a second time"),
        (
            "Title,Definition\nA,Same\nB,same \n",
            "items.csv: row 3: this definition is the same as that of item 1",
        ),
        ("Title,Code\nA,9\n", "items.csv: row 2: there is no category in kinds “9”"),
        (
            "Title,Code,Taxonomy\nA,1,kind\n",
            "items.csv: row 2: there is no taxonomy “kind”; did you mean “kinds”?",
        ),
        ("ID,Title\nBad Id,A\n", "items.csv: row 2: “Bad Id” cannot be an id"),
        ("Title,Definition\nA,one, two\n", "items.csv: row 2: “two” stands outside the columns"),
        ('Title\n"A\n', "items.csv: row 2 cannot be read"),
        ("Title\nA\x00B\n", "NUL"),
        ("Title\n漢字\n", "items.csv: row 2: no id can be made from this title"),
        ("Title\n" + "x" * 20_001 + "\n", "items.csv: row 2 has a cell of more than 20,000 characters"),
        (
            "Title\n" + "".join(f"Item {number}\n" for number in range(5001)),
            "items.csv: there are 5,001 items",
        ),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    found = problems(tmp_path)
    assert any(says in problem for problem in found), found


def test_all_bad_rows_at_once_beside_the_mistakes_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "ID,Title,Code\nBad Id,A,1\n,B,9\n,,\n,B,1\n")
    head = HEAD.replace("kind: rating", "kind: rateing")
    found = problems(tmp_path, head=head)
    assert [problem.split(": ")[0:2] for problem in found if problem.startswith("items")] == [
        ["items.csv", "row 2"],
        ["items.csv", "row 3"],
        ["items.csv", "row 5"],
        ["items.csv", "row 5"],
    ]
    assert sum(problem.startswith("f.yaml:15:") for problem in found) == 1


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ("{file: none.csv}", "none.csv: the file cannot be read"),
        ("{file: ../items.csv}", "without folders"),
        ("{file: /etc/passwd}", "without folders"),
        ("{file: 'a\\b.csv'}", "without folders"),
        ("{file: .}", "without folders"),
        ("{}", "f.yaml:16:8: “file” is missing"),
        ("{fil: items.csv}", "f.yaml:16:9: “fil” is not known here; did you mean “file”?"),
        ("{file: 5}", "f.yaml:16:15: a text is due here, not 5"),
        ("{file: items.csv, columns: {titel: A}}", "“titel” is no part of an item"),
        ("{file: items.csv, columns: {title: B}}", "there is no column “B”"),
        ("{file: items.xls}", "this is no XLSX file"),
        ("{file: broken.xlsx}", "this XLSX file cannot be read"),
        ("{file: bomb.xlsx}", "unpacks to far more"),
        ("{file: large.csv}", "the file is too large"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, items: str, says: str) -> None:
    write(tmp_path, "A\n1\n")
    (tmp_path / "items.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 and then nothing")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_001)
    (tmp_path / "bomb.xlsx").write_bytes(packed.getvalue())
    (tmp_path / "large.csv").write_bytes(b"x" * 10_000_001)
    found = problems(tmp_path, items)
    assert any(says in problem for problem in found), found


def test_ids_from_titles() -> None:
    assert identifier_of("Safety Drills") == "safety-drills"
    assert identifier_of("3. Übung – „neu“") == "ubung-neu"
    assert identifier_of("漢字") == ""
    assert len(identifier_of("word " * 40)) <= 60
