"""The publication ledger: every figure that was ever shown of a cell, and whether one more tells too much.

A figure stands on answers: who gave them, and in which version, since whoever changes an answer gives a
new one. A new figure is refused when it, together with all figures before it, would let anybody work out
something about fewer than k people: by sums, shares, means or distributions, alone or as one of the
panellists. It is not about medians that stand without their distribution, which tell less, nor about a reader
who knows already what others answered (`colluders`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from surveyapp.delphi.privacy.solving import (
    Masks,
    TooManyFigures,
    find_atoms,
    independent,
    tells_of_fewer_than,
)
from surveyapp.delphi.privacy.suppression import CellShown, Hidden
from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import Refused, Sentence

Panellist: TypeAlias = int
Version: TypeAlias = int
CellName: TypeAlias = str
"""A cell in a round: answers of different rounds are different answers."""

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure about one cell: its name, and for each panellist in it the version of the answer that counts.

    `name` is free: ``total``, ``group:industry``, ``group:industry & tag:europe``.
    """

    cell: CellName
    name: str
    answers: Mapping[Panellist, Version]

    def __post_init__(self) -> None:
        if not self.answers:
            raise ValueError("a figure stands on somebody's answers")

    def members(self) -> str:
        """Whose answers, as the text that is stored: version → panellists, as canonical JSON."""
        by_version: dict[str, list[Panellist]] = defaultdict(list)
        for panellist in sorted(self.answers):
            by_version[str(self.answers[panellist])].append(panellist)
        return canonical_json(by_version)

    @classmethod
    def from_members(cls, cell: CellName, name: str, members: str) -> Self:
        """Read back what `members` wrote."""
        return cls(
            cell,
            name,
            {
                panellist: int(version)
                for version, panellists in json.loads(members).items()
                for panellist in panellists
            },
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a figure may be published; `why` says why not."""

    may: bool
    why: Sentence | None = None


_MAY = Verdict(True)
_TELLS_TOO_MUCH = Sentence(
    "Together with what was published before, this would let a reader work out the answers of fewer than {k} "
    "people. It can be shown once more answers have changed, or with a coarser grouping."
)
_TOO_MANY = Sentence(
    "So many figures of this cell were published already that it cannot be made sure what one more would "
    "give away. Show a figure that was published before."
)


class Ledger:
    """What was published, cell by cell. `figures` are those shown before; they are taken as they are."""

    def __init__(self, k: int, figures: Iterable[Figure] = ()) -> None:
        self.k = k
        self._published: dict[CellName, list[Figure]] = defaultdict(list)
        self.record(figures)

    def record(self, figures: Iterable[Figure]) -> None:
        """Write down what was shown by another rule, such as the first publication of a round's cell."""
        for figure in figures:
            self._published[figure.cell].append(figure)

    def published(self, cell: CellName) -> tuple[Figure, ...]:
        """What was published of `cell`, in that order."""
        return tuple(self._published.get(cell, ()))

    def may_publish(self, figures: Sequence[Figure]) -> Verdict:
        """Whether all of `figures` may be published together; the ledger stays as it is."""
        for cell in dict.fromkeys(figure.cell for figure in figures):
            before = self.published(cell)
            masks = _as_masks([*before, *(figure for figure in figures if figure.cell == cell)])
            verdict = self._judge(masks[: len(before)], masks[len(before) :])
            if not verdict.may:
                return verdict
        return _MAY

    def publish(self, figures: Sequence[Figure]) -> None:
        """Write `figures` down as shown, all or none. Raises Refused."""
        verdict = self.may_publish(figures)
        if not verdict.may:
            raise Refused(verdict.why or "")
        self.record(figures)

    def publish_what_may(self, figures: Sequence[Figure]) -> tuple[Verdict, ...]:
        """Go through `figures` in order and write down each that may be shown beside those before it."""
        places: dict[CellName, list[int]] = defaultdict(list)
        for place, figure in enumerate(figures):
            places[figure.cell].append(place)
        verdicts = dict.fromkeys(range(len(figures)), _MAY)
        for cell, mine in places.items():
            before = self.published(cell)
            masks = _as_masks([*before, *(figures[place] for place in mine)])
            shown, offered = masks[: len(before)], masks[len(before) :]
            for place, mask in zip(mine, offered, strict=True):
                verdicts[place] = self._judge(shown, [mask])
                if verdicts[place].may:
                    self.record([figures[place]])
                    shown.append(mask)
        return tuple(verdicts.values())

    def _judge(self, before: Sequence[Masks], new: Sequence[Masks]) -> Verdict:
        rows, atoms = find_atoms([*before, *new])
        known = independent(rows[: len(before)])
        if len(independent([*known, *rows[len(before) :]])) == len(known):
            return _MAY  # it follows from what everybody has seen
        try:
            tells = tells_of_fewer_than(self.k, rows, atoms)
        except TooManyFigures:
            return Verdict(False, _TOO_MANY)
        return Verdict(False, Sentence(_TELLS_TOO_MUCH.template, k=self.k)) if tells else _MAY


def figures_shown(
    cell: CellName,
    shown: CellShown,
    answers: Mapping[Panellist, Version],
    group_of: Mapping[Panellist, str],
) -> Iterator[Figure]:
    """The figures of a cell's first publication, for the ledger; `answers` are those that it stood on.

    What was only told roughly is written down as if it had been told exactly.
    """
    if isinstance(shown.total, Hidden):
        return
    yield Figure(cell, TOTAL, dict(answers))
    by_group: dict[str, dict[Panellist, Version]] = defaultdict(dict)
    for panellist, version in answers.items():
        if panellist in group_of:
            by_group[group_of[panellist]][panellist] = version
    for group, part in shown.groups.items():
        if not isinstance(part, Hidden):
            yield Figure(cell, f"group:{group}", by_group[group])


def _as_masks(figures: Sequence[Figure]) -> list[Masks]:
    """Each figure as one bit mask of people for each layer of answers (`find_atoms`)."""
    place: dict[Panellist, int] = {}
    versions: dict[Panellist, set[Version]] = {}
    for figure in figures:
        for panellist, version in figure.answers.items():
            place.setdefault(panellist, len(place))
            versions.setdefault(panellist, set()).add(version)
    layer_of = {
        panellist: {version: layer for layer, version in enumerate(sorted(found))}
        for panellist, found in versions.items()
    }
    layers = max((len(found) for found in versions.values()), default=0)
    width = (len(place) + 7) // 8
    masks: list[Masks] = []
    for figure in figures:
        bits = [bytearray(width) for _ in range(layers)]
        for panellist, version in figure.answers.items():
            where = place[panellist]
            bits[layer_of[panellist][version]][where >> 3] |= 1 << (where & 7)
        masks.append([int.from_bytes(layer, "little") for layer in bits])
    return masks
