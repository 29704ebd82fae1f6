"""Cells and what is given in them: the unit of asking, storing and counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Literal, NamedTuple


class CellKey(NamedTuple):
    """Question × item × context × criterion × part; what a cell does not have is ``''``, never None.

    `part` is ``''`` for the answer itself, ``reason`` for the written reason that goes with it, and
    ``other`` for the free text of an "other" option.
    """

    question: str
    item: str = ""
    context: str = ""
    criterion: str = ""
    part: str = ""


class Status(IntEnum):
    """What kind of answer a stored row is. A cell that was never asked has no row at all."""

    VALUE = 1
    BLANK = 2
    DONT_KNOW = 3
    DECLINED = 4
    WITHDRAWN = 5
    KEPT = 6


ValueType = Literal["number", "option", "options", "text", "texts"]


@dataclass(frozen=True, slots=True)
class Given:
    """What is given in one cell.

    status VALUE holds exactly one of: `number` (ratings, numbers, consent 1 or 0), `text` (an option's
    id, or what was written) or `parts` (the chosen ids, in order where order is asked, or what was written
    line by line). DONT_KNOW and DECLINED hold the opt-out's id in `text`; BLANK holds nothing.
    """

    status: Status
    number: Decimal | None = None
    text: str | None = None
    parts: tuple[str, ...] | None = None

    @property
    def is_blank(self) -> bool:
        return self.status is Status.BLANK


BLANK = Given(Status.BLANK)


@dataclass(frozen=True, slots=True)
class CellSpec:
    """One cell that a questionnaire can ask, with all that storing and exporting it needs to know."""

    key: CellKey
    kind: str
    """The kind of its question; a reason's kind is ``reason``."""
    value_type: ValueType
    required: bool
    page: str
    """The key of its page, context included: ``effectiveness.cbrn``."""
    labels: Mapping[str, str]
    """Stored value (as text) or opt-out id → label in the questionnaire's first language."""
