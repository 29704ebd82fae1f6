"""Proposals in a spreadsheet, one row for each, with empty columns for what is to become of them.

What a row means in a study is decided by `services.proposals.from_sheet`; here only the file is written and
read. A CSV file holds the rows alone, an XLSX file explains itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.exchange.sheet_writing import Table, as_cell, read_coded, write_tables
from surveyapp.exchange.sheets import read_sheets

PROPOSALS, ABOUT = "proposals", "about"
_FOLDED = str.maketrans("", "", " _-().")
_TITLES = {
    "id": "proposal", "question": "question", "context": "context", "text": "text", "people": "people",
    "released_text": "redacted text", "grouped_as": "says the same as", "item": "item", "title": "title",
    "because": "set aside because",
}  # fmt: skip
_NEEDED = ("id", "released_text", "grouped_as", "item", "title", "because")
_WIDTHS = {PROPOSALS: (12, 16, 16, 60, 8, 50, 14, 24, 40, 40), ABOUT: (110,)}
_ABOUT = (
    "How to work on the proposals in this file",
    "Fill in one of these for each proposal; what you leave empty is left as it is.",
    "says the same as: the name of the proposal that stands for it; it shares what becomes of that one.",
    "item: the id of a new item that it becomes, or of an item there is that covers it; several may",
    "name the same new item. title is the new item's; left empty, it gets the proposal's own words.",
    "set aside because: why it becomes no item. Beside an item that covers it, it says why.",
    "redacted text: the proposal with what identifies its author taken out.",
    "Import with: surveyapp proposals import STUDY FILE --reason TEXT",
)


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One proposal, every column a text; `row` is its number in the sheet, 0 for one that was never there."""

    row: int
    id: str
    question: str = ""
    context: str = ""
    text: str = ""
    people: str = ""
    released_text: str = ""
    grouped_as: str = ""
    item: str = ""
    title: str = ""
    because: str = ""


def write_proposal_file(path: Path, rows: Iterable[ProposalRow], *, force: bool = False) -> None:
    """Write a new file, XLSX or CSV by its ending. Raises what `write_tables` raises."""
    tables: dict[str, Table] = {PROPOSALS: _table(rows), ABOUT: [(line,) for line in _ABOUT]}
    write_tables(path, tables, widths=_WIDTHS, force=force)


def read_proposal_file(path: Path) -> tuple[ProposalRow, ...]:
    """The rows of a file. Raises NotFound, or InputError with every column that is missing."""
    sheets = read_sheets(path)
    is_workbook = "" not in sheets
    if is_workbook and PROPOSALS not in sheets:
        what = Sentence(
            "{file}: there is no sheet '{sheet}'. Keep it as it was exported.",
            file=path.name,
            sheet=PROPOSALS,
        )
        raise InputError(what)
    rows = sheets[PROPOSALS if is_workbook else ""]
    if not rows:
        what = Sentence("{file}: the file is empty; its first row must name the columns.", file=path.name)
        raise InputError(what)
    (header_number, header), *body = rows
    places = {title.casefold().translate(_FOLDED): place for place, title in enumerate(header) if title}
    found = {name: places.get(title.translate(_FOLDED)) for name, title in _TITLES.items()}
    missing = ", ".join(f"'{_TITLES[name]}'" for name in _NEEDED if found[name] is None)
    if missing:
        where = Sentence("{file}, row {row}", file=path.name, row=header_number)
        what = Sentence("columns are missing: {missing}. Their order is free.", missing=missing)
        raise InputError([Problem(where, what)])
    return tuple(
        ProposalRow(
            row=number,
            **{name: _cell(cells, place, is_workbook=is_workbook) for name, place in found.items()},
        )
        for number, cells in body
    )


def _table(rows: Iterable[ProposalRow]) -> Table:
    yield tuple(_TITLES.values())
    for row in rows:
        yield [getattr(row, name) for name in _TITLES]


def _cell(cells: Sequence[str], place: int | None, *, is_workbook: bool) -> str:
    if place is None or place >= len(cells):
        return ""
    return as_cell(read_coded(cells[place]) if is_workbook else cells[place])
