"""Ranks with ties, from counts: what all rank tests stand on."""

from __future__ import annotations

from collections.abc import Sequence


def twice_mid_ranks(of: Sequence[int]) -> list[int]:
    """Twice the mid-rank of each value, from how often each occurs, ascending; whole numbers.

    A value that does not occur gets the place where it would stand, which no sum over occurrences uses.
    """
    found, below = [], 0
    for times in of:
        found.append(2 * below + times + 1)
        below += times
    return found


def tie_sum(of: Sequence[int]) -> int:
    """Σ t³ - t over the tied values: what ties take away from the variance of ranks."""
    return sum(times**3 - times for times in of)
