"""The one field behind each cell, in two forms: filled with an answer, or with slots to fill later.

Templates ask a field for what depends on the answers and for nothing else: `checked`, `text`, `open`,
`place`, `line`, and for what depends on the own earlier answer: `had`, `begin` and `end` around it,
`earlier_round`, `earlier_text`, `unless`. A filled field gives the piece of HTML; a slotted one gives a mark
that `compiled` finds again. So there is one template for both, and both write the same page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, Protocol

from markupsafe import Markup, escape

from surveyapp.delphi.showing import Cause, OwnAnswer
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.keeping import KEEP, may_keep

CHECKED = Markup(" checked")
OPEN = Markup(" open")
HIDDEN = Markup(" hidden")
EMPTY = Markup("")
ANY: Final = "*"
"""Any earlier answer at all; no option has such an id."""
REWORDED: Final = "=reworded"
"""An earlier answer to an earlier wording of the item."""
SLOT = "\x00"
"""Fences slots. It cannot stand in a text: NUL is refused in files and in answers."""
TALK: Final = "@"
"""Begins the slot of what goes with one reason."""

_WHOLE = {Decimal(number): (str(number),) for number in range(-100, 1001)}
_NOTHING: tuple[str, ...] = ()
_KEPT = (KEEP,)
_WITHOUT_TEXT = frozenset({Status.BLANK, Status.WITHDRAWN})


def slot(name: str) -> Markup:
    """A mark in a page that is being compiled, where something is put in later."""
    return Markup("{0}{1}{0}").format(SLOT, name)


def talk_slot(public_id: str) -> Markup:
    """A mark where the marks and replies of one reason are put in later."""
    return slot(f"{TALK}{public_id}")


def form_texts(given: Given | None) -> tuple[str, ...]:
    """What a form would send for `given`: the way back from parsing."""
    if given is None or given.status in _WITHOUT_TEXT:
        return _NOTHING
    if given.status is Status.KEPT:
        return _KEPT
    if given.number is not None:
        texts = _WHOLE.get(given.number)
        return texts if texts is not None else (f"{given.number:f}",)
    if given.text is not None:
        return (given.text,)
    return given.parts or _NOTHING


def earlier_texts(own: OwnAnswer) -> tuple[str, ...]:
    """What a form would have sent for an earlier answer; a kept one for the value that was kept."""
    given = own.given
    return form_texts(replace(given, status=Status.VALUE) if given.status is Status.KEPT else given)


def _shown(text: str) -> Markup:
    return escape(text.replace(SLOT, "\ufffd"))


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
    def line(self, position: int) -> Markup: ...
    def had(self, value: str) -> bool: ...
    def begin(self, value: str) -> Markup: ...
    def end(self) -> Markup: ...
    def earlier_round(self) -> Markup: ...
    def earlier_text(self) -> Markup: ...
    def unless(self, cause: str) -> Markup: ...


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
    earlier: OwnAnswer | None = None
    cause: Cause = ""

    def checked(self, value: str) -> Markup:
        """The attribute of the option that is chosen."""
        return CHECKED if value in self.values else EMPTY

    def text(self) -> Markup:
        """What was written, escaped; NUL, which no page may hold, is shown as a mark."""
        return self.line(1)

    def open(self) -> Markup:
        """The attribute of a fold that must not hide what was written, or what is wrong with it."""
        return OPEN if self.error or self.conflict or (self.values and self.values[0]) else EMPTY

    def place(self, item: str) -> Markup:
        """Which place an item has in an order; places count from 1."""
        return Markup("{}").format(list(self.values).index(item) + 1) if item in self.values else EMPTY

    def line(self, position: int) -> Markup:
        """What was written in one of several lines, escaped as `text` is; lines count from 1."""
        return _shown(self.values[position - 1]) if position <= len(self.values) else EMPTY

    def had(self, value: str) -> bool:
        """Whether `value` was earlier answered or part of it; ANY: was anything; KEEP: can it be kept."""
        if self.earlier is None:
            return False
        if value == KEEP:
            return may_keep(self.earlier.given)
        if value == REWORDED:
            return self.earlier.is_of_earlier_wording
        return value == ANY or value in earlier_texts(self.earlier)

    def begin(self, value: str) -> Markup:
        """Nothing: what follows stands on the page."""
        return EMPTY

    def end(self) -> Markup:
        """Nothing, as `begin`."""
        return EMPTY

    def earlier_round(self) -> Markup:
        """The round of the own earlier answer."""
        return Markup("{}").format(self.earlier.round if self.earlier else "")

    def earlier_text(self) -> Markup:
        """What was written before, escaped."""
        return escape(earlier_texts(self.earlier)[0]) if self.earlier else EMPTY

    def unless(self, cause: str) -> Markup:
        """The attribute that hides a request for a reason, unless it is due for this cause (ANY for any)."""
        return EMPTY if self.cause and cause in {ANY, self.cause} else HIDDEN


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

    def line(self, position: int) -> Markup:
        """A slot for one of several lines."""
        return slot(f"{self.number}!{position}")

    def had(self, value: str) -> bool:
        """Always: every earlier answer gets its section, and those that do not apply are left out later."""
        return True

    def begin(self, value: str) -> Markup:
        """Where the section for one earlier answer begins."""
        return slot(f"{self.number}[{value}")

    def end(self) -> Markup:
        """Where the latest section that began ends."""
        return slot(f"{self.number}]")

    def earlier_round(self) -> Markup:
        """A slot for the round of the own earlier answer."""
        return slot(f"{self.number}^")

    def earlier_text(self) -> Markup:
        """A slot for what was written before."""
        return slot(f"{self.number}_")

    def unless(self, cause: str) -> Markup:
        """A slot for the attribute that hides a request for a reason."""
        return slot(f"{self.number}?{cause}")


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields for the cells of one page: filled with `values`, or slotted when there are none."""

    values: Mapping[int, Sequence[str]] | None = None
    errors: Mapping[int, str] | None = None
    conflicts: Mapping[int, Conflict] | None = None
    earlier: Mapping[int, OwnAnswer] | None = None
    causes: Mapping[int, Cause] | None = None

    def field(self, number: int) -> Field:
        """The field of the cell with this number."""
        if self.values is None:
            return Slotted(number)
        return Filled(
            number,
            self.values.get(number, ()),
            (self.errors or {}).get(number, ""),
            (self.conflicts or {}).get(number),
            (self.earlier or {}).get(number),
            (self.causes or {}).get(number, ""),
        )
