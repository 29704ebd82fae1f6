"""Tables for spreadsheets: CSV or XLSX whose every cell is a text, and nothing in them is ever computed."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from surveyapp.errors import InputError, Refused
from surveyapp.exchange.sheets import defuse

Table = Iterable[Sequence[str]]
# What XML cannot hold; line ends and tabs it can.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNREADABLE = "\ufffd"
# What spreadsheets read as the code of a character; a text that happens to hold one is told apart by this.
_CODED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_CODE_OF_LINE = "_x005F_"


def as_cell(text: str) -> str:
    """`text` as it comes back from a spreadsheet: one kind of line end, no control signs, no space around."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWRITABLE.sub(_UNREADABLE, plain).strip()


def read_coded(cell: str) -> str:
    """A cell of a workbook as it was meant."""
    return cell.replace(_CODE_OF_LINE, "_")


def write_tables(
    path: Path, tables: Mapping[str, Table], *, widths: Mapping[str, Sequence[int]], force: bool
) -> None:
    """Write `tables` (name → rows, the header first) to a new file that only its owner may read.

    A file that ends in ``.xlsx`` gets a sheet for each, its columns as wide as `widths` says; one that ends
    in ``.csv`` gets the first one only. Raises InputError for another ending, Refused when the file is there
    already (unless `force`) or cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in {".xlsx", ".csv"}:
        raise InputError(f"'{path.name}' must end in .xlsx or .csv.")
    content = _workbook(tables, widths) if ending == ".xlsx" else _text(next(iter(tables.values()), ()))
    try:
        if force:
            path.unlink(missing_ok=True)
        # Made with its rights, so that there is no moment in which others could open it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"The file '{path}' is there already; name another one, or add --force.") from error
    except OSError as error:
        raise Refused(f"The file '{path}' cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)


def _workbook(tables: Mapping[str, Table], widths: Mapping[str, Sequence[int]]) -> bytes:
    workbook = Workbook(write_only=True)
    # Otherwise the library names itself as the author.
    workbook.properties.creator = "Surveyapp"
    for title, rows in tables.items():
        sheet = workbook.create_sheet(title)
        sheet.freeze_panes = "A2"
        for place, width in enumerate(widths.get(title, ())):
            sheet.column_dimensions[chr(ord("A") + place)].width = width
        for row in rows:
            cells: list[Any] = []
            for text in row:
                cell = WriteOnlyCell(sheet, value=_CODED.sub(_CODE_OF_LINE, as_cell(text)))
                # The library would take "=1+1" for a formula and "#N/A" for an error.
                cell.data_type = "s"
                cells.append(cell if text else None)
            sheet.append(cells)
    stream = io.BytesIO()
    workbook.save(stream)
    workbook.close()
    return stream.getvalue()


def _text(rows: Table) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    for row in rows:
        writer.writerow([defuse(as_cell(text)) for text in row])
    return stream.getvalue().encode("utf-8-sig")
