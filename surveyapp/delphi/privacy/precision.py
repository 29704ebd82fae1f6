"""How exactly numbers are told: no finer than they mean, so that no single answer can be read off."""

from __future__ import annotations

from fractions import Fraction


def told_mean(mean: Fraction) -> Fraction:
    """A mean for showing: to one decimal, halves away from zero."""
    tenths = abs(mean) * 10
    rounded = Fraction(int(tenths + Fraction(1, 2)), 10)
    return rounded if mean >= 0 else -rounded


def told_n(n: int, *, k: int, is_live: bool) -> int:
    """How many people a mean is said to stand on; while answers come in, "at least" so many in steps of k.

    A mean with its exact n gives the sum, and two sums give the answer between them.
    """
    return n - n % k if is_live else n
