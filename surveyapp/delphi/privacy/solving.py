"""Who could be worked out from sums: the exact linear algebra behind the publication ledger.

A reader who knows every published sum knows every sum of multiples of them, and nothing else of this kind.
The question is whether one of these combinations stands on fewer than k people. Whoever is in exactly the
same sums as somebody else cannot be told apart from them; such people make one atom, and the search runs
over atoms. Numbers stay whole, so there is no rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final, TypeAlias

Row: TypeAlias = Mapping[int, int]
"""Column → number; what is not there is nothing."""
Masks: TypeAlias = Sequence[int]
"""One sum, as a bit mask of people for each layer of answers.

Somebody's first answer is in layer 0, the one that took its place in layer 1, and so on. Each person is in
one layer of a sum at most.
"""

MOST_STEPS: Final = 20_000


class TooManyFigures(Exception):
    """The search would take too long; nothing was found out."""


@dataclass(frozen=True, slots=True)
class Atoms:
    """People in exactly the same sums: how many each atom has, and which columns of the rows are theirs."""

    sizes: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]


def find_atoms(sums: Sequence[Masks]) -> tuple[list[Row], Atoms]:
    """The rows of the linear system, one for each sum, and the atoms that its columns belong to.

    All sums have the same number of layers.
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
    rows: list[Row] = [
        {column: 1 for column, (atom, layer) in enumerate(used) if masks[layer] & atom} for masks in sums
    ]
    return rows, Atoms(tuple(atom.bit_count() for atom in atoms), tuple(columns))


def independent(rows: Iterable[Row]) -> list[Row]:
    """Rows without those that follow from the others: as many as the rank, with the same combinations."""
    basis: list[tuple[int, Row]] = []
    for row in rows:
        left = row
        for pivot, other in basis:
            left = _cancel(left, other, pivot)
        if left:
            basis.append((min(left), left))
    return [row for _, row in basis]


def tells_of_fewer_than(k: int, rows: Sequence[Row], atoms: Atoms) -> bool:
    """Whether some combination of `rows`, other than nothing, stands on fewer than `k` people.

    Each reader knows their own answers, in every version. That needs no search of its own: what tells them of
    fewer than k − 1 others is a combination on fewer than k people, the reader included. Raises
    TooManyFigures.
    """
    basis = independent(rows)
    small = []
    for atom, size in enumerate(atoms.sizes):
        if size < k:
            small.append(atom)
        else:
            basis = _without(basis, atoms.columns[atom])
    search = _Search(atoms, _spanning_sets(basis, small, atoms))
    return search.finds(basis, tuple(search.in_order(small)), k - 1)


def _spanning_sets(basis: list[Row], small: Sequence[int], atoms: Atoms) -> list[list[int]]:
    """Sets of atoms, sharing none, so that every combination of `basis` tells of some atom in each set.

    Five such sets, and whatever is told is told of five people at least.
    """
    left = sorted(small, key=lambda atom: (-atoms.sizes[atom], -len(atoms.columns[atom])))
    found = []
    while basis:
        rest, chosen = basis, []
        for atom in left:
            smaller = _without(rest, atoms.columns[atom])
            if len(smaller) < len(rest):
                chosen.append(atom)
            rest = smaller
            if not rest:
                break
        if rest:
            break
        found.append(chosen)
        left = [atom for atom in left if atom not in chosen]
    return found


class _Search:
    """Goes through the atoms; `steps` counts how far it has gone."""

    def __init__(self, atoms: Atoms, spanning: Sequence[Sequence[int]]) -> None:
        self.atoms = atoms
        self.steps = 0
        self.spanning = spanning
        self.set_of = {atom: number for number, chosen in enumerate(spanning) for atom in chosen}
        self.least = [min(atoms.sizes[atom] for atom in chosen) for chosen in spanning]

    def in_order(self, small: Sequence[int]) -> Iterator[int]:
        """One spanning set after the other, then the atoms in none."""
        for chosen in self.spanning:
            yield from chosen
        yield from (atom for atom in small if atom not in self.set_of)

    def finds(
        self,
        basis: list[Row],
        undecided: tuple[int, ...],
        may_be_known: int,
        touched: frozenset[int] = frozenset(),
    ) -> bool:
        """Whether `basis` allows a combination on the atoms taken so far and `may_be_known` people more.

        Each step decides about one atom: either the combination is nothing on it, or its people are among
        the few. `touched` are the spanning sets of atoms taken so far; all others must still be paid for.
        """
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooManyFigures
        owed = sum(least for number, least in enumerate(self.least) if number not in touched)
        if not basis or owed > may_be_known:
            return False
        for position, atom in enumerate(undecided):
            columns = self.atoms.columns[atom]
            if not any(column in row for row in basis for column in columns):
                continue
            rest, size = undecided[position + 1 :], self.atoms.sizes[atom]
            if self.finds(_without(basis, columns), rest, may_be_known, touched):
                return True
            if size > may_be_known:
                return False
            if atom in self.set_of:
                touched = touched | {self.set_of[atom]}
            return self.finds(basis, rest, may_be_known - size, touched)
        return True


def _without(basis: list[Row], columns: Sequence[int]) -> list[Row]:
    """The combinations of `basis` that are nothing in `columns`."""
    for column in columns:
        pivots = [row for row in basis if column in row]
        if pivots:
            taken = min(pivots, key=lambda row: (abs(row[column]), len(row)))
            basis = [_cancel(row, taken, column) for row in basis if row is not taken]
    return basis


def _cancel(row: Row, other: Row, column: int) -> Row:
    """`row` and `other` combined so that nothing is left in `column`, in lowest terms."""
    mine = row.get(column)
    if mine is None:
        return row
    theirs = other[column]
    combined = dict(row) if theirs == 1 else {place: theirs * value for place, value in row.items()}
    for place, value in other.items():
        left = combined.get(place, 0) - mine * value
        if left:
            combined[place] = left
        else:
            del combined[place]
    shared = gcd(*combined.values())
    return {place: value // shared for place, value in combined.items()} if shared > 1 else combined
