"""Ranks with ties shared: what rank measures are made from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def mid_ranks(values: Sequence[float]) -> tuple[Fraction, ...]:
    """The rank of each value, 1 for the smallest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = [Fraction(0)] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            found[place] = Fraction(start + end + 2, 2)
        start = end + 1
    return tuple(found)


def tie_sum(values: Sequence[float]) -> int:
    """Σ (t³ − t) over groups of t equal values."""
    sizes: dict[float, int] = {}
    for value in values:
        sizes[value] = sizes.get(value, 0) + 1
    return sum(size**3 - size for size in sizes.values())
