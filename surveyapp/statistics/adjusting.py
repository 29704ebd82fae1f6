"""P-values of many comparisons, adjusted for there being many: the family is all items of the round."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values adjusted by Holm's step-down (1979); those that are None are no tests and stay None.

    Raises ValueError for what is no p-value.
    """
    known = _known(p_values)
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[place] = highest
    return tuple(found)


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values adjusted for the false discovery rate (Benjamini and Hochberg 1995); None stays None.

    Raises ValueError for what is no p-value.
    """
    known = _known(p_values)
    found: list[float | None] = [None] * len(p_values)
    lowest = 1.0
    for rank, (p, place) in reversed(list(enumerate(known, start=1))):
        lowest = min(lowest, p * len(known) / rank)
        found[place] = lowest
    return tuple(found)


def _known(p_values: Sequence[float | None]) -> list[tuple[float, int]]:
    """Every p-value with its place, ascending."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    if not all(0 <= p <= 1 for p, _ in known):
        raise ValueError("a p-value lies between 0 and 1")
    return known
