"""Reasons in a spreadsheet, for coding: one row for each, with the code book and the summaries beside them.

What a row means in a study is decided by `services.reasons.from_sheet`; here only the file is written and
read. A CSV file holds the reasons alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.exchange.sheet_writing import Table, as_cell, read_coded, write_tables
from surveyapp.exchange.sheets import Row, read_sheets

MAX_BYTES = 50_000_000
REASONS, CODE_BOOK, SUMMARIES, ABOUT = "reasons", "code book", "summaries", "about"
_FOLDED = str.maketrans("", "", " _-().")


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One reason, every column a text; `row` is its number in the sheet, 0 for one that was never there."""

    row: int
    id: str
    item: str
    title: str
    context: str
    criterion: str
    rating: str
    band: str
    text: str
    state: str
    released_text: str
    merged_into: str
    because: str
    themes: str
    sentences: str
    coder: str
    check: str


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """One entry of the code book."""

    row: int
    id: str
    title: str
    definition: str
    check: str


@dataclass(frozen=True, slots=True)
class SentenceRow:
    """One sentence of an item's summary; which reasons it stands on is told in their rows."""

    row: int
    item: str
    number: str
    text: str


@dataclass(frozen=True, slots=True)
class ReasonFile:
    """What a file holds."""

    reasons: tuple[ReasonRow, ...]
    themes: tuple[ThemeRow, ...] = ()
    sentences: tuple[SentenceRow, ...] = ()
    is_whole: bool = True
    """Whether code book and summaries are in it; a CSV file has neither."""


_TITLES = {
    REASONS: {
        "id": "reason", "item": "item", "title": "title", "context": "context", "criterion": "criterion",
        "rating": "rating", "band": "band", "text": "text", "state": "state",
        "released_text": "released text", "merged_into": "merged into", "because": "set aside because",
        "themes": "themes", "sentences": "summary sentence", "coder": "coder",
        "check": "check (do not change)",
    },
    CODE_BOOK: {
        "id": "theme", "title": "title", "definition": "definition", "check": "check (do not change)",
    },
    SUMMARIES: {"item": "item", "number": "sentence", "text": "text"},
}  # fmt: skip
_WIDTHS = {
    REASONS: (12, 16, 24, 16, 16, 10, 12, 70, 12, 50, 12, 30, 24, 12, 12, 24),
    CODE_BOOK: (20, 30, 70, 24),
    SUMMARIES: (16, 10, 100),
    ABOUT: (110,),
}
_ABOUT = (
    "How to work on the reasons in this file",
    "Change only: state, released text, merged into, set aside because, themes, summary sentence,",
    "and the sheets 'code book' and 'summaries'.",
    "state is one of: unread, released, merged, set aside; 'summarised' comes from summary sentence.",
    "released text is what experts will read; left empty, a released reason is shown as it was written.",
    "merged into is the name of the reason that stands for this one.",
    "themes are ids of the code book, separated by semicolons; 'none' says that you looked and found none.",
    "summary sentence holds the numbers of the sentences that stand on the reason, separated by semicolons.",
    "In 'summaries', item is the item's id, and each item's sentences are numbered from 1.",
    "Rows that you delete from 'reasons' are left as they are.",
    "Import with: surveyapp reasons import STUDY FILE",
)
_AnyRow = TypeVar("_AnyRow", ReasonRow, ThemeRow, SentenceRow)


def write_reason_file(path: Path, file: ReasonFile, *, force: bool = False) -> None:
    """Write a new file, XLSX or CSV by its ending. Raises what `write_tables` raises."""
    tables: dict[str, Table] = {
        REASONS: _table(REASONS, file.reasons),
        CODE_BOOK: _table(CODE_BOOK, file.themes),
        SUMMARIES: _table(SUMMARIES, file.sentences),
        ABOUT: [(line,) for line in _ABOUT],
    }
    write_tables(path, tables, widths=_WIDTHS, force=force)


def read_reason_file(path: Path) -> ReasonFile:
    """What the file holds. Raises NotFound, or InputError with every column that is missing."""
    sheets = read_sheets(path, max_bytes=MAX_BYTES)
    is_whole = "" not in sheets
    if not is_whole:
        return ReasonFile(_read(path, REASONS, ReasonRow, sheets[""], is_workbook=False), is_whole=False)
    missing = [title for title in (REASONS, CODE_BOOK, SUMMARIES) if title not in sheets]
    if missing:
        what = Sentence(
            "{file}: there is no sheet '{sheet}'. Keep the sheets as they were exported, or save the sheet "
            "'reasons' alone as CSV.",
            file=path.name,
            sheet=missing[0],
        )
        raise InputError(what)
    return ReasonFile(
        reasons=_read(path, REASONS, ReasonRow, sheets[REASONS], is_workbook=True),
        themes=_read(path, CODE_BOOK, ThemeRow, sheets[CODE_BOOK], is_workbook=True),
        sentences=_read(path, SUMMARIES, SentenceRow, sheets[SUMMARIES], is_workbook=True),
    )


def _table(sheet: str, rows: Iterable[ReasonRow | ThemeRow | SentenceRow]) -> Table:
    yield tuple(_TITLES[sheet].values())
    for row in rows:
        yield [getattr(row, name) for name in _TITLES[sheet]]


def _read(
    path: Path, sheet: str, kind: type[_AnyRow], rows: Sequence[Row], *, is_workbook: bool
) -> tuple[_AnyRow, ...]:
    if not rows:
        what = Sentence(
            "{file}: the sheet '{sheet}' is empty; its first row must name the columns.",
            file=path.name,
            sheet=sheet,
        )
        raise InputError(what)
    (header_number, header), *body = rows
    places = {title.casefold().translate(_FOLDED): place for place, title in enumerate(header) if title}
    titles: dict[str, str] = _TITLES[sheet]
    found: dict[str, int | None] = {
        name: places.get(title.translate(_FOLDED)) for name, title in titles.items()
    }
    missing = [titles[name] for name, place in found.items() if place is None]
    if missing:
        named = ", ".join(f"'{title}'" for title in missing)
        if len(missing) == 1:
            what = Sentence(
                "the column {name} is missing. Keep all columns; their order is free.", name=named
            )
        else:
            what = Sentence(
                "the columns {names} are missing. Keep all columns; their order is free.", names=named
            )
        where = Sentence("{file}, sheet '{sheet}', row {row}", file=path.name, sheet=sheet, row=header_number)
        raise InputError([Problem(where, what)])
    assert {field.name for field in fields(kind)} == {"row", *titles}
    read = []
    for number, cells in body:
        values = {
            name: as_cell(_cell(cells, place, is_workbook=is_workbook)) for name, place in found.items()
        }
        read.append(kind(row=number, **values))
    return tuple(read)


def _cell(cells: Sequence[str], place: int | None, *, is_workbook: bool) -> str:
    if place is None or place >= len(cells):
        return ""
    return read_coded(cells[place]) if is_workbook else cells[place]
