"""The rows of a CSV or XLSX file, as texts, with the row numbers that a spreadsheet shows."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from surveyapp.errors import Sentence

_MAX_BYTES: Final = 10_000_000
_MAX_UNPACKED: Final = 100_000_000
_MAX_ROWS: Final = 20_000
_MAX_COLUMNS: Final = 200
_MAX_CELL: Final = 20_000


class TableError(ValueError):
    """The file is no table that can be read; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty; `number` counts from 1, the header included."""

    number: int
    cells: tuple[str, ...]


def read_table(path: Path, *, sheet: str | None = None) -> Sequence[Row]:
    """The header row and all others that hold something; raises TableError."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            most = _MAX_BYTES // 1_000_000
            raise TableError(Sentence("the file is too large; up to {most} MB are read", most=most))
        content = path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        what = Sentence("the file cannot be read ({why}); it must lie beside the questionnaire", why=why)
        raise TableError(what) from error
    if content.startswith(b"PK"):
        rows = _from_xlsx(content, sheet)
    elif path.suffix.lower() in {".xls", ".xlsx", ".ods"}:
        raise TableError(Sentence("this is no XLSX file; save it as XLSX or as CSV"))
    else:
        rows = _from_csv(content)
    read = [row for row in islice(rows, _MAX_ROWS + 1) if any(cell.strip() for cell in row.cells)]
    if not read:
        raise TableError(Sentence("the file is empty; the first row names the columns"))
    if len(read) > _MAX_ROWS:
        raise TableError(Sentence("there are more than {most:,} rows; divide the file", most=_MAX_ROWS))
    if max(len(row.cells) for row in read) > _MAX_COLUMNS:
        what = Sentence("there are more than {most} columns; check the delimiter", most=_MAX_COLUMNS)
        raise TableError(what)
    for row in read:
        if any(len(cell) > _MAX_CELL for cell in row.cells):
            what = Sentence(
                "row {row} has a cell of more than {most:,} characters; shorten it",
                row=row.number,
                most=_MAX_CELL,
            )
            raise TableError(what)
        if any("\x00" in cell for cell in row.cells):
            raise TableError(Sentence("row {row} has a NUL character; remove it", row=row.number))
    return read


def _from_csv(content: bytes) -> Iterator[Row]:
    text = _decode(content)
    first = text.lstrip("\n").split("\n", 1)[0]
    # Spreadsheets of countries with a decimal comma write semicolons; counting the header tells.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield Row(number, tuple(cells))
    except csv.Error as error:
        what = Sentence("row {row} cannot be read ({error}); check its quotes", row=number + 1, error=error)
        raise TableError(what) from error


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise TableError(Sentence("the characters of this file cannot be read; save it as “CSV UTF-8”"))


def _from_xlsx(content: bytes, sheet: str | None) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        is_bomb = unpacked > _MAX_UNPACKED
        book = None if is_bomb else load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises anything at all on broken files
        raise TableError(Sentence("this XLSX file cannot be read; save it anew, or as CSV")) from error
    if book is None:
        raise TableError(Sentence("the file unpacks to far more than a list needs; save it anew, or as CSV"))
    try:
        if sheet is not None and sheet not in book.sheetnames:
            names = ", ".join(f"“{name}”" for name in book.sheetnames)
            raise TableError(
                Sentence("there is no sheet “{sheet}”; sheets are {names}", sheet=sheet, names=names)
            )
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        rows = chosen.iter_rows(values_only=True, max_col=_MAX_COLUMNS + 1)
        for number, cells in enumerate(rows, start=1):
            texts = [_text(cell) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            yield Row(number, tuple(texts))
    finally:
        book.close()


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)
