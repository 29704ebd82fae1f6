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
from typing import TypeVar

from markupsafe import escape

from surveyapp.questionnaire.cells import Given
from surveyapp.web.expert.fields import CHECKED, OPEN, SLOT, form_texts, slot
from surveyapp.web.expert.pages import Person

SLOTTED_PERSON = Person(**{each.name: slot(each.name) for each in fields(Person)})
"""The person of a page that is being compiled."""

_CHECKED = CHECKED.encode()
_OPEN = OPEN.encode()
_MOST_KEPT = 256
_Kept = TypeVar("_Kept")


@dataclass(slots=True)
class Compiled:
    """A finished page, cut at its slots. `parts` holds the pieces, and b"" where a slot is."""

    parts: list[bytes]
    person: dict[str, list[int]] = field(default_factory=dict)
    checked: dict[int, dict[str, int]] = field(default_factory=dict)
    texts: dict[int, int] = field(default_factory=dict)
    opens: dict[int, int] = field(default_factory=dict)
    places: dict[int, dict[str, int]] = field(default_factory=dict)

    def fill(self, person: Person, answers: Mapping[int, Given], numbers: Sequence[int]) -> bytes:
        """The page for one person; `numbers` are the page's cells."""
        parts = self.parts.copy()
        for name, positions in self.person.items():
            piece = str(getattr(person, name)).encode()
            for position in positions:
                parts[position] = piece
        for number in numbers:
            given = answers.get(number)
            if given is None:
                continue
            texts = form_texts(given)
            if texts:
                self._put(parts, number, texts)
        return b"".join(parts)

    def fill_person(self, pieces: Mapping[str, bytes]) -> bytes:
        """The page with `pieces` in the slots of their names: for parts of pages without cells."""
        parts = self.parts.copy()
        for name, positions in self.person.items():
            for position in positions:
                parts[position] = pieces[name]
        return b"".join(parts)

    def _put(self, parts: list[bytes], number: int, texts: Sequence[str]) -> None:
        choices = self.checked.get(number)
        if choices is not None:
            for text in texts:
                if text in choices:
                    parts[choices[text]] = _CHECKED
        elif number in self.texts:
            parts[self.texts[number]] = escape(texts[0]).encode()
        if number in self.opens:
            parts[self.opens[number]] = _OPEN
        if number in self.places:
            places = self.places[number]
            for place, item in enumerate(texts, start=1):
                if item in places:
                    parts[places[item]] = str(place).encode()


def cut(html: str) -> Compiled:
    """Cut a page that was rendered with slots."""
    pieces = html.split(SLOT)
    compiled = Compiled([b""] * len(pieces))
    for position, piece in enumerate(pieces):
        if position % 2 == 0:
            compiled.parts[position] = piece.encode()
            continue
        digits = len(piece) - len(piece.lstrip("0123456789"))
        if digits == 0:
            compiled.person.setdefault(piece, []).append(position)
            continue
        number, sort, name = int(piece[:digits]), piece[digits], piece[digits + 1 :]
        if sort == "=":
            compiled.checked.setdefault(number, {})[name] = position
        elif sort == "#":
            compiled.places.setdefault(number, {})[name] = position
        elif sort == "~":
            compiled.texts[number] = position
        else:
            compiled.opens[number] = position
    return compiled


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
