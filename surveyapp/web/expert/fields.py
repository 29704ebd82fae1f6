"""The one field behind each cell, in two forms: filled with an answer, or with slots to fill later.

Templates ask a field for what depends on the answer and for nothing else: `checked`, `text`, `open`,
`place`. A filled field gives the piece of HTML; a slotted one gives a mark that `compiled` finds again.
So there is one template for both, and both write the same page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from markupsafe import Markup, escape

from surveyapp.questionnaire.cells import Given, Status

CHECKED = Markup(" checked")
OPEN = Markup(" open")
EMPTY = Markup("")
SLOT = "\x00"
"""Fences slots. It cannot stand in a text: NUL is refused in files and in answers."""

_WHOLE = {Decimal(number): (str(number),) for number in range(-100, 1001)}
_NOTHING: tuple[str, ...] = ()
_WITHOUT_TEXT = frozenset({Status.BLANK, Status.WITHDRAWN})


def slot(name: str) -> Markup:
    """A mark in a page that is being compiled, where something is put in later."""
    return Markup("{0}{1}{0}").format(SLOT, name)


def form_texts(given: Given | None) -> tuple[str, ...]:
    """What a form would send for `given`: the way back from parsing."""
    if given is None or given.status in _WITHOUT_TEXT:
        return _NOTHING
    if given.number is not None:
        texts = _WHOLE.get(given.number)
        return texts if texts is not None else (f"{given.number:f}",)
    if given.text is not None:
        return (given.text,)
    return given.parts or _NOTHING


class Field(Protocol):
    """What a template may ask about one cell."""

    @property
    def number(self) -> int: ...
    @property
    def error(self) -> str: ...
    @property
    def conflict(self) -> Conflict | None: ...

    def checked(self, value: str) -> Markup: ...
    def text(self) -> Markup: ...
    def open(self) -> Markup: ...
    def place(self, item: str) -> Markup: ...


@dataclass(frozen=True, slots=True)
class Conflict:
    """What this window and another one have in a cell, in words."""

    yours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A field with what stands in it: the texts as a form sends them."""

    number: int
    values: Sequence[str] = ()
    error: str = ""
    conflict: Conflict | None = None

    def checked(self, value: str) -> Markup:
        """The attribute of the option that is chosen."""
        return CHECKED if value in self.values else EMPTY

    def text(self) -> Markup:
        """What was written, escaped; NUL, which no page may hold, is shown as a mark."""
        return escape(self.values[0].replace(SLOT, "\ufffd")) if self.values else EMPTY

    def open(self) -> Markup:
        """The attribute of a fold that must not hide what was written, or what is wrong with it."""
        return OPEN if self.error or self.conflict or (self.values and self.values[0]) else EMPTY

    def place(self, item: str) -> Markup:
        """Which place an item has in an order; places count from 1."""
        return Markup("{}").format(list(self.values).index(item) + 1) if item in self.values else EMPTY


@dataclass(frozen=True, slots=True)
class Slotted:
    """A field whose answer is put in later."""

    number: int
    error: str = ""
    conflict: Conflict | None = None

    def checked(self, value: str) -> Markup:
        """A slot for the attribute of one option."""
        return slot(f"{self.number}={value}")

    def text(self) -> Markup:
        """A slot for a text."""
        return slot(f"{self.number}~")

    def open(self) -> Markup:
        """A slot for the attribute of a fold."""
        return slot(f"{self.number}+")

    def place(self, item: str) -> Markup:
        """A slot for a place in an order."""
        return slot(f"{self.number}#{item}")


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields for the cells of one page: filled with `values`, or slotted when there are none."""

    values: Mapping[int, Sequence[str]] | None = None
    errors: Mapping[int, str] | None = None
    conflicts: Mapping[int, Conflict] | None = None

    def field(self, number: int) -> Field:
        """The field of the cell with this number."""
        if self.values is None:
            return Slotted(number)
        return Filled(
            number,
            self.values.get(number, ()),
            (self.errors or {}).get(number, ""),
            (self.conflicts or {}).get(number),
        )
