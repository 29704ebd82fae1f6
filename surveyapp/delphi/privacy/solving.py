"""Who could be worked out from sums: the exact linear algebra behind the publication ledger.

A reader who knows every published sum knows every sum of multiples of them, and nothing else of this kind.
The question is whether one of these combinations stands on fewer than k people. Whoever is in exactly the
same sums as somebody else cannot be told apart from them; such people make one atom, and the search runs
over atoms. Numbers stay whole, so there is no rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import gcd
from typing import Final, TypeAlias

Row: TypeAlias = tuple[int, ...]

MOST_STEPS: Final = 20_000


class TooManyFigures(Exception):
    """The search would take too long; nothing was found out."""


@dataclass(frozen=True, slots=True)
class Atoms:
    """People in exactly the same sums: how many each atom has, and which columns of the rows are theirs."""

    sizes: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]


def find_atoms(sums: Sequence[Sequence[int]]) -> tuple[list[Row], Atoms]:
    """The rows of the linear system, one for each sum, and the atoms that its columns belong to.

    A sum is given as one bit mask of people for each layer: somebody's first answer is in layer 0, the
    one that took its place in layer 1, and so on; each person is in one layer of a sum at most. All sums
    have the same number of layers.
    """
    everybody = 0
    for masks in sums:
        for mask in masks:
            everybody |= mask
    atoms = [everybody] if everybody else []
    for mask in sorted({mask for masks in sums for mask in masks if mask}):
        atoms = [part for atom in atoms for part in (atom & mask, atom & ~mask) if part]
    layers = len(sums[0]) if sums else 0
    used: list[tuple[int, int]] = []
    columns: list[tuple[int, ...]] = []
    for atom in atoms:
        mine = [(atom, layer) for layer in range(layers) if any(masks[layer] & atom for masks in sums)]
        columns.append(tuple(range(len(used), len(used) + len(mine))))
        used.extend(mine)
    rows = [tuple(1 if masks[layer] & atom else 0 for atom, layer in used) for masks in sums]
    return rows, Atoms(tuple(atom.bit_count() for atom in atoms), tuple(columns))


def independent(rows: Sequence[Row]) -> list[Row]:
    """Rows without those that follow from the others: as many as the rank, with the same combinations."""
    basis: list[tuple[int, Row]] = []
    for row in rows:
        left = row
        for pivot, other in basis:
            left = _cancel(left, other, pivot)
        pivot = next((column for column, value in enumerate(left) if value), -1)
        if pivot >= 0:
            basis.append((pivot, left))
    return [row for _, row in basis]


def tells_of_fewer_than(k: int, rows: Sequence[Row], atoms: Atoms) -> bool:
    """Whether some combination of `rows`, other than nothing, stands on fewer than `k` people.

    Each reader knows their own answers, in every version. That needs no search of its own: what tells them of
    fewer than k − 1 others is a combination on fewer than k people, the reader included. Raises
    TooManyFigures.
    """
    return _Search(atoms).finds(independent(rows), _widest_first(atoms), k - 1)


def _widest_first(atoms: Atoms) -> tuple[int, ...]:
    return tuple(sorted(range(len(atoms.sizes)), key=lambda atom: -atoms.sizes[atom]))


@dataclass(slots=True)
class _Search:
    atoms: Atoms
    steps: int = field(default=0)

    def finds(self, basis: list[Row], undecided: tuple[int, ...], may_be_known: int) -> bool:
        """Whether the combinations of `basis` hold one on atoms that are decided and `may_be_known` others.

        Each step takes the largest atom that is undecided: either the combination is nothing on it, or its
        people are among the few.
        """
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooManyFigures
        if not basis:
            return False
        for position, atom in enumerate(undecided):
            if not any(row[column] for row in basis for column in self.atoms.columns[atom]):
                continue
            rest, size = undecided[position + 1 :], self.atoms.sizes[atom]
            if self.finds(self._without(basis, atom), rest, may_be_known):
                return True
            return size <= may_be_known and self.finds(basis, rest, may_be_known - size)
        return True

    def _without(self, basis: list[Row], atom: int) -> list[Row]:
        """The combinations that are nothing on `atom`."""
        for column in self.atoms.columns[atom]:
            pivots = list(_positions(basis, column))
            if not pivots:
                continue
            pivot = min(pivots, key=lambda position: abs(basis[position][column]))
            taken = basis[pivot]
            basis = [_cancel(row, taken, column) for position, row in enumerate(basis) if position != pivot]
        return basis


def _positions(basis: Sequence[Row], column: int) -> Iterator[int]:
    return (position for position, row in enumerate(basis) if row[column])


def _cancel(row: Row, other: Row, column: int) -> Row:
    """`row` and `other` combined so that nothing is left in `column`, in lowest terms."""
    mine, theirs = row[column], other[column]
    if not mine:
        return row
    combined = [theirs * a - mine * b for a, b in zip(row, other, strict=True)]
    shared = gcd(*combined)
    return tuple(value // shared for value in combined) if shared > 1 else tuple(combined)
