"""A list of panellists from a spreadsheet: which column is which, and the rows as they stand.

What the rows mean in a study (its groups, its languages, who is there already) is decided by
`services.panel`; here only the file is read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from surveyapp.errors import PanelError, Problem
from surveyapp.exchange.sheets import Row, read_sheet

# Names of columns as people write them, folded: no accents, no case, letters and digits only.
COLUMNS = {
    "name": (
        "name", "fullname", "yourname", "participant", "expert", "panellist", "panelist", "person", "names",
        "vollstandigername", "teilnehmer", "teilnehmerin", "experte", "expertin", "nameundvorname",
    ),
    "first_name": ("firstname", "givenname", "forename", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "familienname"),
    "email": (
        "email", "mail", "emailaddress", "mailaddress", "address", "eaddress", "emailadresse", "mailadresse",
        "emails", "epost",
    ),
    "group": (
        "group", "groupid", "stakeholder", "stakeholdergroup", "stakeholders", "panelgroup", "gruppe",
        "fachgruppe", "field", "fieldofexpertise", "expertise", "fachgebiet", "fachrichtung",
    ),
    "tags": ("tags", "tag", "labels", "keywords", "schlagworte", "schlagworter", "merkmale"),
    "language": ("language", "lang", "languagecode", "locale", "sprache"),
    "time_zone": ("timezone", "tz", "zone", "zeitzone"),
}  # fmt: skip
_COLUMN_OF = {synonym: column for column, synonyms in COLUMNS.items() for synonym in synonyms}


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One row of the list: texts as they were written, and the row's number in its sheet."""

    row: int
    name: str
    email: str
    group: str = ""
    tags: tuple[str, ...] = ()
    language: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class PanelFile:
    """What a list holds: its rows, and the columns that were not understood."""

    rows: tuple[PanelRow, ...]
    ignored_columns: tuple[str, ...]


def read_panel_file(path: Path) -> PanelFile:
    """The panellists in a CSV or XLSX file. Raises PanelError, InputError or NotFound."""
    (header_number, header), *body = read_sheet(path)
    columns, ignored = _read_header(path, header_number, header)
    if not body:
        raise PanelError(f"{path.name}: there is a header but no panellist below it.")
    return PanelFile(rows=tuple(_read_row(columns, row) for row in body), ignored_columns=tuple(ignored))


def fold(text: str) -> str:
    """`text` without accents, case, spaces and signs, for comparing what people wrote."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _read_header(path: Path, number: int, header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    columns: dict[str, int] = {}
    ignored: list[str] = []
    problems: list[Problem] = []
    for index, title in enumerate(header):
        column = _COLUMN_OF.get(fold(title))
        if column is None:
            if title:
                ignored.append(title)
        elif column in columns:
            first = header[columns[column]]
            problems.append(
                Problem(
                    f"row {number}",
                    f"'{first}' and '{title}' both name the {column.replace('_', ' ')}; keep one.",
                )
            )
        else:
            columns[column] = index
    if "email" not in columns and not problems:
        found = ", ".join(f"'{title}'" for title in header if title)
        problems.append(
            Problem(
                f"row {number}",
                "there is no column for the e-mail address. The first row must name the columns: name, "
                f"e-mail, group, tags, language, time zone. {path.name} begins with: {found[:300]}.",
            )
        )
    if problems:
        raise PanelError(problems)
    return columns, ignored


def _read_row(columns: dict[str, int], row: Row) -> PanelRow:
    number, cells = row

    def cell(column: str) -> str:
        index = columns.get(column)
        return cells[index] if index is not None and index < len(cells) else ""

    parts = (cell("name"),) if cell("name") else (cell("first_name"), cell("last_name"))
    return PanelRow(
        row=number,
        name=" ".join(" ".join(parts).split()),
        email=cell("email"),
        group=cell("group"),
        tags=tuple(tag.strip() for tag in re.split(r"[,;|\n]", cell("tags")) if tag.strip()),
        language=cell("language"),
        time_zone=cell("time_zone"),
    )
