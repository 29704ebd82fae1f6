"""Somebody who has read every published figure and can solve equations; written without the product's code.

A figure is known as the set of answers, (person, version), that it sums. The attacker wins when some
combination of the figures depends on fewer than k people, or, being one of the panellists and knowing all
of their own answers, on fewer than k − 1 others. Calculates modulo a large prime.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

Answer: TypeAlias = tuple[int, int]
Sum: TypeAlias = frozenset[Answer]
Pattern: TypeAlias = tuple[tuple[tuple[int, ...], int], ...]
"""The sums that each of somebody's answers stands in, and how many answers stand in the same."""

PRIME = 2**61 - 1


def rank(matrix: Iterable[Sequence[int]]) -> int:
    """The rank by Gaussian elimination modulo PRIME."""
    rows = [list(row) for row in matrix]
    found = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        inverse = pow(rows[found][column], -1, PRIME)
        for i in range(found + 1, len(rows)):
            if rows[i][column]:
                factor = rows[i][column] * inverse % PRIME
                rows[i] = [(a - factor * b) % PRIME for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def find_leak(sums: Sequence[Sum], k: int, *, as_panellist: int | None = None) -> frozenset[int] | None:
    """A set of people, too few, about whom the sums tell something; None when there is none."""
    threshold = k if as_panellist is None else k - 1
    in_sums: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, each in enumerate(sums):
        for person, version in each:
            if person != as_panellist:
                in_sums[person][version].add(number)
    # Who stands in the same sums with each of their answers cannot be told apart.
    alike: dict[Pattern, set[int]] = defaultdict(set)
    for person, versions in in_sums.items():
        pattern = Counter(tuple(sorted(numbers)) for numbers in versions.values())
        alike[tuple(sorted(pattern.items()))].add(person)
    columns = {
        pattern: [[int(number in numbers) for number in range(len(sums))] for numbers, _ in pattern]
        for pattern in alike
    }
    whole = rank(column for pattern in alike for column in columns[pattern])
    for few in _largest_unions({pattern: len(people) for pattern, people in alike.items()}, threshold - 1):
        outside = [column for pattern in alike if pattern not in few for column in columns[pattern]]
        if rank(outside) < whole:
            return frozenset().union(*(alike[pattern] for pattern in few))
    return None


def _largest_unions(sizes: dict[Pattern, int], most: int) -> Iterator[set[Pattern]]:
    """Sets of patterns with at most `most` people together that no other pattern could be added to."""
    small = [pattern for pattern, size in sizes.items() if size <= most]
    for count in range(1, most + 1):
        for chosen in combinations(small, count):
            total = sum(sizes[pattern] for pattern in chosen)
            if total <= most and all(
                total + sizes[pattern] > most for pattern in small if pattern not in chosen
            ):
                yield set(chosen)


def find_any_leak(sums: Sequence[Sum], k: int) -> frozenset[int] | None:
    """A leak to anybody: a reader from outside, or any one of the people in the sums."""
    people = {person for each in sums for person, _ in each}
    for viewer in (None, *sorted(people)):
        leak = find_leak(sums, k, as_panellist=viewer)
        if leak is not None:
            return leak
    return None
