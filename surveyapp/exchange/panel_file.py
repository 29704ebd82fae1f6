"""A list of panellists from a spreadsheet: which column is which, and the rows as they stand.

What the rows mean in a study (its groups, its languages, who is there already) is decided by
`services.panel`; here only the file is read.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from surveyapp.errors import PanelError, Problem, Sentence
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
_SAMPLES = 3
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
class Heading:
    """One column of a sheet: its title, what it is taken for ('' for nothing), and what stands below it."""

    title: str
    column: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanelFile:
    """What a list holds: its rows, and the columns that were not understood."""

    rows: tuple[PanelRow, ...]
    ignored_columns: tuple[str, ...]


def read_headings(path: Path, columns: Mapping[int, str] | None = None) -> tuple[Heading, ...]:
    """The sheet's columns from left to right, for whoever has to say what they hold.

    `columns` says for some of them, counted from 0, what they hold.
    """
    (_number, header), *body = read_sheet(path)
    found = []
    for index, title in enumerate(header):
        below = (cells[index] for _, cells in body if index < len(cells) and cells[index])
        samples = tuple(text[:60] for text in itertools.islice(below, _SAMPLES))
        if title or samples:
            found.append(Heading(title, _column_of(title, index, columns or {}), samples))
        else:
            found.append(Heading("", "", ()))
    return tuple(found)


def read_panel_file(path: Path, columns: Mapping[int, str] | None = None) -> PanelFile:
    """The panellists in a CSV or XLSX file. Raises PanelError, InputError or NotFound.

    `columns` says for some columns, counted from 0, what they hold, whatever their titles are.
    """
    (header_number, header), *body = read_sheet(path)
    places, ignored = _read_header(path, header_number, header, columns or {})
    if not body:
        raise PanelError(f"{path.name}: there is a header but no panellist below it.")
    return PanelFile(rows=tuple(_read_row(places, row) for row in body), ignored_columns=tuple(ignored))


def fold(text: str) -> str:
    """`text` without accents, case, spaces and signs, for comparing what people wrote."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _column_of(title: str, index: int, said: Mapping[int, str]) -> str:
    return said[index] if index in said else _COLUMN_OF.get(fold(title), "")


def _read_header(
    path: Path, number: int, header: Sequence[str], said: Mapping[int, str]
) -> tuple[dict[str, int], list[str]]:
    columns: dict[str, int] = {}
    ignored: list[str] = []
    problems: list[Problem] = []
    for index, title in enumerate(header):
        column = _column_of(title, index, said)
        if not column:
            if title:
                ignored.append(title)
        elif column in columns:
            first = header[columns[column]]
            problems.append(
                Problem(
                    Sentence("row {number}", number=number),
                    Sentence(
                        "'{first}' and '{second}' both name the {column}; keep one.",
                        first=first,
                        second=title,
                        column=column.replace("_", " "),
                    ),
                )
            )
        else:
            columns[column] = index
    if "email" not in columns and not problems:
        found = ", ".join(f"'{title}'" for title in header if title)
        problems.append(
            Problem(
                Sentence("row {number}", number=number),
                Sentence(
                    "there is no column for the e-mail address. The first row must name the columns: name, "
                    "e-mail, group, tags, language, time zone. {file} begins with: {titles}.",
                    file=path.name,
                    titles=found[:300],
                ),
            )
        )
    elif "email" in columns and "@" in header[columns["email"]]:
        problems.append(
            Problem(
                Sentence("row {number}", number=number),
                Sentence(
                    "an address stands where the columns are named, so this person would be left out. Put a "
                    "row with the names of the columns above it."
                ),
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
