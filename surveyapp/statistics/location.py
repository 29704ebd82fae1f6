"""Mean, standard deviation and what is made of them, and the points chosen most often."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, isqrt, sqrt

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.quantiles import QuantileType, quantile_parts


def mean(counts: Counts) -> Measure:
    """The arithmetic mean, exact. It takes the steps between the scale's points as equal."""
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS)
    return counts.measured(Fraction(_sum(counts), counts.n))


def sd(counts: Counts) -> Measure:
    """The standard deviation with n - 1; exact where it is a fraction, a float where it is not.

    One rating has none.
    """
    return counts.measured(_sd(counts), "n - 1")


def cv(counts: Counts) -> Measure:
    """The coefficient of variation, SD / mean with n - 1.

    It depends on where the scale starts: the same ratings on 0–8 and 1–9 differ. A mean of 0 has none. 0.5
    and less is called good (English and Keran 1976), which is a rule of thumb.
    """
    found = _sd(counts)
    if isinstance(found, Undefined):
        return counts.measured(found, "n - 1")
    total = _sum(counts)
    if total == 0:
        return counts.measured(Undefined.MEAN_IS_ZERO, "n - 1")
    return counts.measured(found * Fraction(counts.n, total), "n - 1")


def cqv(counts: Counts, kind: QuantileType = 7) -> Measure:
    """The coefficient of quartile variation, (Q3 - Q1) / (Q3 + Q1), exact (Bonett 2006).

    It means something on scales with a true zero only. Quartiles whose mean is 0 have none.
    """
    convention = f"Hyndman-Fan type {kind}; for scales with a true zero"
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    low_top, low_bottom = quantile_parts(counts, 1, 4, kind)
    high_top, high_bottom = quantile_parts(counts, 3, 4, kind)
    low, high = low_top * high_bottom, high_top * low_bottom
    if low + high == 0:
        return counts.measured(Undefined.MEAN_IS_ZERO, convention)
    return counts.measured(Fraction(high - low, high + low), convention)


def modes(counts: Counts) -> Measure:
    """All the points that were chosen most often, ascending."""
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, "all of them")
    most = max(counts.of)
    found = tuple(point for point, times in zip(counts.scale.points, counts.of, strict=True) if times == most)
    return counts.measured(found, "all of them")


def _sum(counts: Counts) -> int:
    return sum(point * times for point, times in zip(counts.scale.points, counts.of, strict=True))


def _sd(counts: Counts) -> Fraction | float | Undefined:
    n = counts.n
    if n < 2:
        return Undefined.TOO_FEW_RATINGS if n else Undefined.NO_VALID_RATINGS
    squares = sum(point * point * times for point, times in zip(counts.scale.points, counts.of, strict=True))
    top, bottom = n * squares - _sum(counts) ** 2, n * (n - 1)
    common = gcd(top, bottom)
    top, bottom = top // common, bottom // common
    root, under = isqrt(top), isqrt(bottom)
    return Fraction(root, under) if root**2 == top and under**2 == bottom else sqrt(top / bottom)
