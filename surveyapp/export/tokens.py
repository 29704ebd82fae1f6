"""Short texts for what stands in a cell, packed by the database and read here.

Most answers are small whole numbers, blanks and opt-outs. Each is one token, and a panellist's tokens of one
round travel as one text, parted by spaces:

- ``{TOKEN_BASE + cell}{status}{number + TOKEN_MIDDLE}``, fourteen digits, for a whole number within
  ``TOKEN_REACH`` of zero, or with the middle itself where the status has no value;
- ``{TOKEN_BASE + cell}:{status}:{id}`` for an opt-out.

Tokens sort as text in the order of their cells. What fits neither form is an `Entry` from the start.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from surveyapp.questionnaire.cells import Status

TOKEN_BASE = 10_000_000
TOKEN_STEP = 1_000_000
TOKEN_STATUS = 100_000
TOKEN_MIDDLE = 50_000
TOKEN_REACH = 40_000
_CELL_DIGITS = len(str(TOKEN_BASE))


class Entry(NamedTuple):
    """What stands in one cell: see `surveyapp.questionnaire.cells.Given`."""

    cell: int
    status: int
    number: Decimal | float | int | None = None
    text: str | None = None
    parts: tuple[str, ...] | None = None
    correction: int = 0
    """Number of the wording correction that it saw; tokens are for answers that saw none."""


def read_token(token: str) -> Entry:
    """The entry that a token stands for: ``10000012150004`` is the value 4 in cell 12."""
    cell = int(token[:_CELL_DIGITS]) - TOKEN_BASE
    rest = token[_CELL_DIGITS:]
    if rest.startswith(":"):
        _, status, text = rest.split(":", 2)
        return Entry(cell, int(status), text=text)
    kind = Status(int(rest[0]))
    has_number = kind in {Status.VALUE, Status.KEPT}
    return Entry(cell, kind.value, Decimal(int(rest[1:]) - TOKEN_MIDDLE) if has_number else None)
