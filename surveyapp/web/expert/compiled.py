"""Pages rendered once, with places left open for what depends on the person.

Rendering a page of 27 items from its templates takes some twenty milliseconds; putting one expert's answers
into the finished page takes a fraction of one. So each page is rendered once per study, questionnaire
version, language and set of visible questions, from the same partials as the plain page, with marks where
the answers go; then it is cut at the marks. A test compares both ways byte for byte.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
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
    REWORDED,
    SLOT,
    TALK,
    earlier_texts,
    form_texts,
    slot,
)
from surveyapp.web.expert.pages import Person

SLOTTED_PERSON = Person(**{each.name: slot(each.name) for each in fields(Person)})
"""The person of a page that is being compiled."""
NOTHING: Final[Mapping[int, Any]] = MappingProxyType({})
NO_TALK: Final[Mapping[str, str]] = MappingProxyType({})

_CHECKED = CHECKED.encode()
_OPEN = OPEN.encode()
_HIDDEN = HIDDEN.encode()
_ROUND = SLOT.encode()
_MOST_KEPT = 256
_MOST_PIECES = 128
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
    earlier_texts: list[tuple[str, int]] = field(default_factory=list)
    """(the section it stands in, position)."""
    requests: dict[str, list[int]] = field(default_factory=dict)
    """Cause (or ANY) → where the request for a reason is hidden."""
    kept: dict[tuple[Given | None, OwnAnswer | None, Cause], tuple[tuple[int, bytes], ...]] = field(
        default_factory=dict
    )
    """What was put in before, by what it depends on."""

    @property
    def is_written(self) -> bool:
        """Whether it holds what people write: that is theirs alone, and never kept about."""
        return self.text is not None or bool(self.lines) or bool(self.earlier_texts)


@dataclass(slots=True)
class Compiled:
    """A finished page, cut at its slots. `parts` holds the pieces, and b"" where a slot or a section is."""

    parts: list[bytes]
    person: dict[str, list[int]] = field(default_factory=dict)
    cells: dict[int, OfCell] = field(default_factory=dict)
    sections: dict[int, bytes] = field(default_factory=dict)
    """Position → the piece that stands there if its section does, with a mark for the earlier round."""
    talks: dict[str, list[int]] = field(default_factory=dict)
    """Public name of a reason → where its marks and replies stand."""

    def fill(
        self,
        person: Person,
        answers: Mapping[int, Given],
        numbers: Sequence[int],
        earlier: Mapping[int, OwnAnswer] = NOTHING,
        causes: Mapping[int, Cause] = NOTHING,
        *,
        talks: Mapping[str, str] = NO_TALK,
    ) -> bytes:
        """The page for one person; `numbers` are the page's cells, `talks` what goes with its reasons."""
        parts = self.parts.copy()
        for public_id, told in talks.items():
            for position in self.talks[public_id]:
                parts[position] = told.encode()
        for name, positions in self.person.items():
            piece = str(getattr(person, name)).encode()
            for position in positions:
                parts[position] = piece
        for number in numbers:
            cell = self.cells.get(number)
            given, own = answers.get(number), earlier.get(number)
            if cell is None or (given is None and own is None):
                continue
            if cell.is_written:
                pieces = self._pieces(cell, given, own, causes.get(number, ""))
            else:
                pieces = self._kept_pieces(cell, given, own, causes.get(number, ""))
            for position, piece in pieces:
                parts[position] = piece
        return b"".join(parts)

    def fill_person(self, pieces: Mapping[str, bytes]) -> bytes:
        """The page with `pieces` in the slots of their names: for parts of pages without cells."""
        parts = self.parts.copy()
        for name, positions in self.person.items():
            for position in positions:
                parts[position] = pieces[name]
        return b"".join(parts)

    def _kept_pieces(
        self, cell: OfCell, given: Given | None, own: OwnAnswer | None, cause: Cause
    ) -> tuple[tuple[int, bytes], ...]:
        """What `_pieces` gives: ratings come again and again, so it is worked out once for each."""
        key = (given, own, cause)
        pieces = cell.kept.get(key)
        if pieces is None:
            pieces = self._pieces(cell, given, own, cause)
            if len(cell.kept) < _MOST_PIECES:
                cell.kept[key] = pieces
        return pieces

    def _pieces(
        self, cell: OfCell, given: Given | None, own: OwnAnswer | None, cause: Cause
    ) -> tuple[tuple[int, bytes], ...]:
        """What stands at which position for one cell of one person."""
        found: list[tuple[int, bytes]] = []
        texts = form_texts(given)
        if texts:
            found += _put(cell, texts)
        if own is not None:
            found += self._put_earlier(cell, own)
        if cause:
            hidden = (*cell.requests.get(ANY, ()), *cell.requests.get(cause, ()))
            found += [(position, b"") for position in hidden]
        return tuple(found)

    def _put_earlier(self, cell: OfCell, own: OwnAnswer) -> Iterator[tuple[int, bytes]]:
        texts = earlier_texts(own)
        shown = (ANY, KEEP, *texts) if may_keep(own.given) else (ANY, *texts)
        if own.is_of_earlier_wording:
            shown = (*shown, REWORDED)
        earlier_round = str(own.round).encode()
        for section in shown:
            for position in cell.sections.get(section, ()):
                yield position, self.sections[position].replace(_ROUND, earlier_round)
        for section, position in cell.earlier_texts:
            if section in shown:
                yield position, escape(texts[0]).encode()


def _put(cell: OfCell, texts: Sequence[str]) -> Iterator[tuple[int, bytes]]:
    if cell.checked:
        for text in texts:
            if text in cell.checked:
                yield cell.checked[text], _CHECKED
    elif cell.text is not None:
        yield cell.text, escape(texts[0]).encode()
    if cell.open is not None:
        yield cell.open, _OPEN
    for position, text in zip(cell.lines, texts, strict=False):
        yield position, escape(text).encode()
    for place, item in enumerate(texts, start=1):
        if item in cell.places:
            yield cell.places[item], str(place).encode()


def cut(html: str) -> Compiled:
    """Cut a page that was rendered with slots."""
    compiled = Compiled([])
    inside: list[tuple[int, str]] = []
    # The section's piece that is being written; the round of the earlier answer may stand within it.
    written = -1
    for place, piece in enumerate(html.split(SLOT)):
        position = len(compiled.parts)
        is_round = place % 2 == 1 and piece.endswith("^")
        if inside and (place % 2 == 0 or is_round):
            if not piece:
                continue
            if written < 0:
                number, value = inside[-1]
                compiled.cells[number].sections.setdefault(value, []).append(position)
                compiled.sections[position] = b""
                compiled.parts.append(b"")
                written = position
            compiled.sections[written] += _ROUND if is_round else piece.encode()
            continue
        written = -1
        if place % 2 == 0:
            if piece:
                compiled.parts.append(piece.encode())
            continue
        digits = len(piece) - len(piece.lstrip("0123456789"))
        if piece.startswith(TALK):
            compiled.talks.setdefault(piece.removeprefix(TALK), []).append(position)
            compiled.parts.append(b"")
            continue
        if digits == 0:
            compiled.person.setdefault(piece, []).append(position)
            compiled.parts.append(b"")
            continue
        number, sort, name = int(piece[:digits]), piece[digits], piece[digits + 1 :]
        cell = compiled.cells.setdefault(number, OfCell())
        if sort == "[":
            inside.append((number, name))
        elif sort == "]":
            inside.pop()
        else:
            compiled.parts.append(_HIDDEN if sort == "?" else b"")
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
    elif sort == "?":
        cell.requests.setdefault(name, []).append(position)
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
