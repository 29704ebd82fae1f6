"""Tables that people bring along: a CSV or XLSX file as rows of text, with the sheet's own row numbers.

Everything that could hurt is refused before it is unpacked or read: files that are too large, archives
that unpack to more than they should, and XML that expands itself. Formulas are never computed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from surveyapp.errors import InputError, NotFound

MAX_BYTES = 10_000_000
MAX_UNPACKED_BYTES = 100_000_000
MAX_MEMBERS = 2_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 20_000
DELIMITERS = (",", ";", "\t")
# Signs, plain or full-width, that begin a formula; also behind spaces, quotes and marks that nobody sees.
_LOOKS_LIKE_FORMULA = re.compile(
    "[\\s\"'`\u200b\u200e\u200f\u2060\ufeff]*[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]"
)

Row = tuple[int, tuple[str, ...]]
"""The sheet's own row number (1 is the first line), and the row's cells as stripped text."""


def read_sheet(path: Path) -> list[Row]:
    """The rows of a CSV or XLSX file that hold anything, the header first; of several sheets the first one's.

    Raises NotFound and InputError, each with a sentence that says what to do.
    """
    content = _read_bytes(path, max_bytes=MAX_BYTES)
    if _is_archive(content):
        _, kept = next(_sheets_of_workbook(path, content))
    else:
        kept = _keep(path, _rows_of_text(path, content))
    if not kept:
        raise InputError(f"{path.name}: the file is empty; its first row must name the columns.")
    return kept


def read_sheets(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, list[Row]]:
    """Every sheet of an XLSX file by its name, with the rows that hold anything; a CSV file is one called ''.

    Raises what `read_sheet` raises, except for sheets that are empty.
    """
    content = _read_bytes(path, max_bytes=max_bytes)
    if not _is_archive(content):
        return {"": _keep(path, _rows_of_text(path, content))}
    return dict(_sheets_of_workbook(path, content))


def _read_bytes(path: Path, *, max_bytes: int) -> bytes:
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'.")
    size = path.stat().st_size
    if size > max_bytes:
        raise InputError(
            f"{path.name}: the file has {size // 1_000_000} MB; at most {max_bytes // 1_000_000} MB are read."
        )
    return path.read_bytes()


def _keep(path: Path, rows: Iterable[Row]) -> list[Row]:
    kept: list[Row] = []
    for number, cells in rows:
        if number > MAX_ROWS:
            raise InputError(f"{path.name}: there are more than {MAX_ROWS:,} rows; split the file.")
        if len(cells) > MAX_COLUMNS:
            raise InputError(f"{path.name}: row {number} has more than {MAX_COLUMNS} columns.")
        if any(cells):
            kept.append((number, cells))
    return kept


def _is_archive(content: bytes) -> bool:
    # The content decides, not the name: spreadsheets get renamed.
    return content.startswith(b"PK")


def _rows_of_text(path: Path, content: bytes) -> Iterator[Row]:
    text = _decode(path, content)
    if "\0" in text:
        raise InputError(f"{path.name}: this is not a CSV or XLSX file; save the list as one of the two.")
    delimiter = _guess_delimiter(text)
    # strict, so that a quote that never ends is told instead of swallowing the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # Records are counted, not lines: a cell with a line break in it is one row in every spreadsheet.
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, tuple(undefuse(cell.strip()) for cell in cells)
    except csv.Error as error:
        raise InputError(
            f"{path.name}: row {number + 1} cannot be read as CSV ({error}); look for a quotation mark that "
            "is not closed or stands in the middle of a cell."
        ) from error


def defuse(cell: str) -> str:
    """`cell` with one apostrophe before it where a spreadsheet that opens a CSV file would compute it."""
    return f"'{cell}" if _LOOKS_LIKE_FORMULA.match(cell) else cell


def undefuse(cell: str) -> str:
    """`cell` without the apostrophe that our own CSV files put before what a spreadsheet would compute."""
    return cell[1:] if cell.startswith("'") and _LOOKS_LIKE_FORMULA.match(cell[1:]) else cell


def _decode(path: Path, content: bytes) -> str:
    """The file's text. Guessing an encoding would put wrong letters into names, so others are refused."""
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path.name}: line {line} is not written in {'UTF-16' if is_utf16 else 'UTF-8'} (it may be "
            "Windows-1252). Save the file as 'CSV UTF-8' or as XLSX, so that no letter is mistaken."
        ) from error


def _guess_delimiter(text: str) -> str:
    # The header decides: names and addresses below may hold any of the three.
    header = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=header.count)


def _sheets_of_workbook(path: Path, content: bytes) -> Iterator[tuple[str, list[Row]]]:
    _refuse_bombs(path, content)
    try:
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (
        InvalidFileException,
        KeyError,
        ValueError,
        TypeError,
        OSError,
        zipfile.BadZipFile,
        SyntaxError,
        DefusedXmlException,
    ) as error:
        raise InputError(f"{path.name}: this spreadsheet cannot be read; save it again as XLSX.") from error
    try:
        if not workbook.worksheets:
            raise InputError(f"{path.name}: the spreadsheet has no sheet.")
        for sheet in workbook.worksheets:
            # What the file says about its size may be wrong, on purpose or not; counting decides.
            sheet.reset_dimensions()
            yield sheet.title, _keep(path, _number(path, sheet.iter_rows(values_only=True)))
    except (DefusedXmlException, SyntaxError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path.name}: this spreadsheet is damaged; save it again as XLSX.") from error
    finally:
        workbook.close()


def _number(path: Path, rows: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
    for number, values in enumerate(rows, start=1):
        if len(values) > MAX_COLUMNS and any(value is not None for value in values[MAX_COLUMNS:]):
            raise InputError(f"{path.name}: row {number} has more than {MAX_COLUMNS} columns.")
        yield number, tuple(_as_text(value) for value in values[:MAX_COLUMNS])


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()


def _refuse_bombs(path: Path, content: bytes) -> None:
    """Refuse an archive that unpacks to too much, by what it says and by what its parts may hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise InputError(
                    f"{path.name}: the spreadsheet unpacks to more than "
                    f"{MAX_UNPACKED_BYTES // 1_000_000} MB; save only the list itself as CSV."
                )
            if "[Content_Types].xml" not in archive.namelist():
                raise InputError(
                    f"{path.name}: this archive is not a spreadsheet; save the list as CSV or XLSX."
                )
    except zipfile.BadZipFile as error:
        raise InputError(f"{path.name}: this spreadsheet is damaged; save it again as XLSX.") from error
