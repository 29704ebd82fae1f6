"""CSV as RFC 4180 has it: UTF-8, commas, CRLF, quotes where needed, and no formula for a spreadsheet to run.

A spreadsheet takes a text that begins with ``=``, ``+``, ``-``, ``@`` or a control character for a formula,
even behind spaces or a quote. In the safe mode such a text gets one leading apostrophe; numbers are numbers
and stay as they are. `undefuse` takes exactly that apostrophe away again. The rule follows the OWASP page on
CSV injection and its verification standard (v5.0.0-1.2.10).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

END = "\r\n"

# Full-width signs count too: some spreadsheets fold them to the plain ones.
_SIGNS = "=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
_UNSEEN = "\\s\"'`\u200b\u200e\u200f\u2060\ufeff"
_LOOKS_LIKE_FORMULA = re.compile(f"[{_UNSEEN}]*[{_SIGNS}]")

Value = str | int | Decimal | None


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet could take `text` for a formula."""
    return _LOOKS_LIKE_FORMULA.match(text) is not None


def defuse(text: str) -> str:
    """`text` with one leading apostrophe if a spreadsheet could take it for a formula."""
    # Nearly every text begins with a letter or digit; asking that first saves seconds in a large export.
    if text[:1].isalnum() or not is_formula_like(text):
        return text
    return f"'{text}"


def undefuse(text: str) -> str:
    """What `defuse` was given: the inverse, so that reading our own files changes nothing."""
    return text[1:] if text.startswith("'") and is_formula_like(text[1:]) else text


def quoted(text: str) -> str:
    """`text` as one CSV field."""
    # Many plain searches are faster than one clever one.
    if (
        "," in text
        or '"' in text
        or "\n" in text
        or "\r" in text
        or ";" in text
        or "\t" in text
        or "\0" in text
        or text[:1].isspace()
        or text[-1:].isspace()
    ):
        return '"' + text.replace('"', '""') + '"'
    return text


def safe_field(value: Value) -> str:
    """One field of the safe mode; None is an empty field."""
    if isinstance(value, str):
        return quoted(defuse(value))
    return _plain(value)


def exact_field(value: Value) -> str:
    """One field of the exact mode: every text as it was written, formulas included."""
    if isinstance(value, str):
        return quoted(value)
    return _plain(value)


def field_writer(*, exact: bool) -> Callable[[Value], str]:
    """The function that writes one field in the chosen mode."""
    return exact_field if exact else safe_field


def lines(rows: Iterable[Iterable[Value]], *, exact: bool) -> Iterator[str]:
    """Each row as one line, line end included. Column names are rows too, and get no other treatment."""
    field = field_writer(exact=exact)
    for row in rows:
        yield ",".join([field(value) for value in row]) + END


def encoded(text: str) -> bytes:
    """`text` in UTF-8, as every file of an export is written."""
    # UTF-8 has no lone surrogates. They are refused on entry; should one ever get in, it is shown here.
    return text.encode("utf-8", "backslashreplace")


def number_text(number: Decimal | float) -> str:
    """A number as every export writes it: no exponent, no trailing zeros, a point for the decimals.

    A stored float becomes its shortest decimal text, so both databases give the same.
    """
    exact = number if isinstance(number, Decimal) else Decimal(str(number))
    if exact == exact.to_integral_value():
        return format(exact.to_integral_value() + 0, "f")
    return format(exact, "f").rstrip("0")


def _plain(value: int | Decimal | None) -> str:
    return "" if value is None else number_text(value)
