"""Pages rendered once, with places left open for what depends on the person.

Rendering a page of 27 items from its templates takes some twenty milliseconds; putting one expert's answers
into the finished page takes a fraction of one. So each page is rendered once per study, questionnaire
version, language and set of visible questions, from the same partials as the plain page, with marks where
the answers go; then it is cut at the marks. A test compares both ways byte for byte.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, TypeVar

from markupsafe import escape

from surveyapp.delphi.showing import Cause, OwnAnswer
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.keeping import KEEP, may_keep
from surveyapp.web.expert.fields import (
    ANY,
    CHECKED,
    HIDDEN,
    OPEN,
    SLOT,
    earlier_texts,
    form_texts,
    slot,
)
from surveyapp.web.expert.pages import Person

SLOTTED_PERSON = Person(**{each.name: slot(each.name) for each in fields(Person)})
"""The person of a page that is being compiled."""
NOTHING: Final[Mapping[int, Any]] = MappingProxyType({})

_CHECKED = CHECKED.encode()
_OPEN = OPEN.encode()
_HIDDEN = HIDDEN.encode()
_MOST_KEPT = 256
_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class OfCell:
    """Where in a page stands what depends on one cell: positions by what is put in there."""

    checked: dict[str, int] = field(default_factory=dict)
    text: int | None = None
    open: int | None = None
    places: dict[str, int] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)
    """Of several lines the first, the second, and so on."""
    sections: dict[str, list[int]] = field(default_factory=dict)
    """Earlier answer (or ANY) → the pieces that stand on the page only for it."""
    earlier_rounds: list[tuple[str, int]] = field(default_factory=list)
    """(the section it stands in, position)."""
    earlier_texts: list[tuple[str, int]] = field(default_factory=list)
    requests: dict[str, list[int]] = field(default_factory=dict)
    """Cause (or ANY) → where the request for a reason is hidden."""


@dataclass(slots=True)
class Compiled:
    """A finished page, cut at its slots. `parts` holds the pieces, and b"" where a slot or a section is."""

    parts: list[bytes]
    person: dict[str, list[int]] = field(default_factory=dict)
    cells: dict[int, OfCell] = field(default_factory=dict)
    sections: dict[int, bytes] = field(default_factory=dict)
    """Position → the piece that stands there if its section does."""

    def fill(
        self,
        person: Person,
        answers: Mapping[int, Given],
        numbers: Sequence[int],
        earlier: Mapping[int, OwnAnswer] = NOTHING,
        causes: Mapping[int, Cause] = NOTHING,
    ) -> bytes:
        """The page for one person; `numbers` are the page's cells."""
        parts = self.parts.copy()
        for name, positions in self.person.items():
            piece = str(getattr(person, name)).encode()
            for position in positions:
                parts[position] = piece
        for number in numbers:
            given = answers.get(number)
            if given is not None and (texts := form_texts(given)):
                self._put(parts, number, texts)
        if earlier:
            for number in numbers:
                own = earlier.get(number)
                if own is not None and number in self.cells:
                    self._put_earlier(parts, self.cells[number], own)
        for number, cause in causes.items():
            if cause and number in self.cells:
                requests = self.cells[number].requests
                for position in (*requests.get(ANY, ()), *requests.get(cause, ())):
                    parts[position] = b""
        return b"".join(parts)

    def fill_person(self, pieces: Mapping[str, bytes]) -> bytes:
        """The page with `pieces` in the slots of their names: for parts of pages without cells."""
        parts = self.parts.copy()
        for name, positions in self.person.items():
            for position in positions:
                parts[position] = pieces[name]
        return b"".join(parts)

    def _put(self, parts: list[bytes], number: int, texts: Sequence[str]) -> None:
        cell = self.cells.get(number)
        if cell is None:
            return
        if cell.checked:
            for text in texts:
                if text in cell.checked:
                    parts[cell.checked[text]] = _CHECKED
        elif cell.text is not None:
            parts[cell.text] = escape(texts[0]).encode()
        if cell.open is not None:
            parts[cell.open] = _OPEN
        for position, text in zip(cell.lines, texts, strict=False):
            parts[position] = escape(text).encode()
        for place, item in enumerate(texts, start=1):
            if item in cell.places:
                parts[cell.places[item]] = str(place).encode()

    def _put_earlier(self, parts: list[bytes], cell: OfCell, own: OwnAnswer) -> None:
        texts = earlier_texts(own)
        shown = (ANY, KEEP, *texts) if may_keep(own.given) else (ANY, *texts)
        for section in shown:
            for position in cell.sections.get(section, ()):
                parts[position] = self.sections[position]
        for section, position in cell.earlier_rounds:
            if section in shown:
                parts[position] = str(own.round).encode()
        for section, position in cell.earlier_texts:
            if section in shown:
                parts[position] = escape(texts[0]).encode()


def cut(html: str) -> Compiled:
    """Cut a page that was rendered with slots."""
    pieces = html.split(SLOT)
    compiled = Compiled([b""] * len(pieces))
    inside: list[tuple[int, str]] = []
    for position, piece in enumerate(pieces):
        if position % 2 == 0:
            if not inside:
                compiled.parts[position] = piece.encode()
            elif piece:
                number, value = inside[-1]
                compiled.cells[number].sections.setdefault(value, []).append(position)
                compiled.sections[position] = piece.encode()
            continue
        digits = len(piece) - len(piece.lstrip("0123456789"))
        if digits == 0:
            compiled.person.setdefault(piece, []).append(position)
            continue
        number, sort, name = int(piece[:digits]), piece[digits], piece[digits + 1 :]
        cell = compiled.cells.setdefault(number, OfCell())
        if sort == "[":
            inside.append((number, name))
        elif sort == "]":
            inside.pop()
        elif sort == "?":
            cell.requests.setdefault(name, []).append(position)
            compiled.parts[position] = _HIDDEN
        else:
            _note(cell, sort, name, position, section=inside[-1][1] if inside else ANY)
    return compiled


def _note(cell: OfCell, sort: str, name: str, position: int, *, section: str) -> None:
    if sort == "=":
        cell.checked[name] = position
    elif sort == "#":
        cell.places[name] = position
    elif sort == "!":
        cell.lines.append(position)
    elif sort == "~":
        cell.text = position
    elif sort == "^":
        cell.earlier_rounds.append((section, position))
    elif sort == "_":
        cell.earlier_texts.append((section, position))
    else:
        cell.open = position


class Kept:
    """What was made once and is found again by its key; the least used goes when there is too much."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], _Kept]) -> _Kept:
        """What stands under `key`, made if need be."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]  # each key has one kind of thing
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return made
