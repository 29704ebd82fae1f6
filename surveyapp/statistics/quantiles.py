"""Where the middle of the ratings lies and how wide it is: quantiles, exact, from cumulative counts."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from typing import Final, Literal

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Interval, Measure, Undefined

QuantileType = Literal[2, 6, 7]
"""Hyndman and Fan's numbers. 7: NumPy, R, Excel INC; 6: SPSS, Minitab, Excel EXC; 2: SAS."""

NORMAL_MAD: Final = 1.482602218505602
"""What makes a MAD comparable with the standard deviation of a normal distribution: 1 / Φ⁻¹(3/4)."""


def exact_quantile(counts: Counts, share: Fraction, kind: QuantileType = 7) -> Fraction:
    """The value below which the `share` of ratings lies, by type `kind`.

    Type 2 averages at jumps, 6 divides n + 1 parts, 7 divides n - 1 parts (Hyndman and Fan 1996, Am Stat
    50, 361). Beyond either end it is the last rating there. Raises ValueError where there are no ratings, and
    for a share outside 0 to 1.
    """
    if counts.n == 0:
        raise ValueError("no ratings have no quantiles")
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
    top, bottom = quantile_parts(counts, share.numerator, share.denominator, kind)
    return Fraction(top, bottom)


def quantile_parts(counts: Counts, part: int, parts: int, kind: QuantileType) -> tuple[int, int]:
    """The quantile at `part` of `parts`, as numerator and denominator: asked often, and quick in integers."""
    lower, upper, rest, of = quantile_places(counts.n, part, parts, kind)
    below = _nth(counts, lower)
    if rest == 0:
        return below, 1
    return below * of + rest * (_nth(counts, upper) - below), of


def quantile_places(n: int, part: int, parts: int, kind: QuantileType) -> tuple[int, int, int, int]:
    """Between which two of `n` ratings the quantile lies, from 1, and how far: (lower, upper, rest, of).

    It is the lower one and `rest` of `of` parts of the way to the upper one.
    """
    if kind == 2:
        whole, rest = divmod(n * part, parts)
        lower, upper, rest, of = (whole + 1, whole + 1, 0, 1) if rest else (whole, whole + 1, 1, 2)
    else:
        lower, rest = divmod((n + 1) * part if kind == 6 else (n - 1) * part + parts, parts)
        upper, of = lower + 1, parts
    return min(max(lower, 1), n), min(max(upper, 1), n), rest, of


def _nth(counts: Counts, place: int) -> int:
    """The rating at `place` in ascending order, from 1."""
    return counts.scale.points[bisect_left(counts.cumulative, place)]


def quantile(counts: Counts, share: Fraction, kind: QuantileType = 7) -> Measure:
    """The quantile at `share`, exact. Raises ValueError for a share outside 0 to 1."""
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, _CONVENTION[kind])
    return counts.measured(exact_quantile(counts, share, kind), _CONVENTION[kind])


_CONVENTION: Final[dict[QuantileType, str]] = {
    2: "Hyndman-Fan type 2",
    6: "Hyndman-Fan type 6",
    7: "Hyndman-Fan type 7",
}


def median(counts: Counts, kind: QuantileType = 7) -> Measure:
    """The middle rating, or halfway between the two in the middle: the same by every type."""
    return _at(counts, 1, 2, kind)


def lower_quartile(counts: Counts, kind: QuantileType = 7) -> Measure:
    """Q1: a quarter of the ratings lies below."""
    return _at(counts, 1, 4, kind)


def upper_quartile(counts: Counts, kind: QuantileType = 7) -> Measure:
    """Q3: a quarter of the ratings lies above."""
    return _at(counts, 3, 4, kind)


def _at(counts: Counts, part: int, parts: int, kind: QuantileType) -> Measure:
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, _CONVENTION[kind])
    top, bottom = quantile_parts(counts, part, parts, kind)
    return counts.measured(Fraction(top, bottom), _CONVENTION[kind])


def iqr(counts: Counts, kind: QuantileType = 7) -> Measure:
    """The width of the middle half, Q3 - Q1. With 11 ratings types 6 and 7 can differ by a whole point.

    One rating has the width 0, which is no consensus: read it with `n`.
    """
    return _width(counts, (1, 4), (3, 4), kind, _CONVENTION[kind])


def interpercentile_range(counts: Counts, kind: QuantileType = 7) -> Measure:
    """The width between P30 and P70, as RAND/UCLA's disagreement index uses it (Fitch et al. 2001)."""
    return _width(counts, (3, 10), (7, 10), kind, f"P30 to P70; {_CONVENTION[kind]}")


def _width(
    counts: Counts, low: tuple[int, int], high: tuple[int, int], kind: QuantileType, convention: str
) -> Measure:
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    low_top, low_bottom = quantile_parts(counts, *low, kind)
    high_top, high_bottom = quantile_parts(counts, *high, kind)
    width = Fraction(high_top * low_bottom - low_top * high_bottom, high_bottom * low_bottom)
    return counts.measured(width, convention)


def mad(counts: Counts, *, scaled: bool = False) -> Measure:
    """The median distance of the ratings from their median; exact, or a float times 1.4826 if `scaled`."""
    convention = "times 1.4826" if scaled else "not scaled"
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    top, bottom = quantile_parts(counts, 1, 2, 7)
    distances: dict[int, int] = {}
    for point, times in zip(counts.scale.points, counts.of, strict=True):
        if times:
            far = abs(bottom * point - top)
            distances[far] = distances.get(far, 0) + times
    lower, upper = (counts.n + 1) // 2, counts.n // 2 + 1
    passed, found = 0, 0
    for far in sorted(distances):
        found += far * (
            (passed < lower <= passed + distances[far]) + (passed < upper <= passed + distances[far])
        )
        passed += distances[far]
    exact = Fraction(found, 2 * bottom)
    return counts.measured(float(exact) * NORMAL_MAD if scaled else exact, convention)


def median_interval(counts: Counts, *, level: float = 0.95) -> Interval:
    """The two ratings between which the median lies, exact and at least as sure as `level`.

    The l-th rating from below and from above, with the largest l whose binomial coverage is not less than the
    level (Hollander and Wolfe 1973). It does not exist for five ratings and fewer at 95 %.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")
    n = counts.n
    if n == 0:
        return Interval(None, None, 0, level, "order statistics", Undefined.NO_VALID_RATINGS)
    # Both tails together may hold this many of the 2^n equally likely patterns of below and above.
    allowed = (1 - Fraction(str(level))) * 2**n
    rank, patterns, tail = 0, 1, 1
    while 2 * tail <= allowed:
        rank += 1
        patterns = patterns * (n - rank + 1) // rank
        tail += patterns
    if rank == 0:
        return Interval(None, None, n, level, "order statistics", Undefined.TOO_FEW_RATINGS)
    low, high = _nth(counts, rank), _nth(counts, n + 1 - rank)
    return Interval(Fraction(low), Fraction(high), n, level, f"order statistics {rank} and {n + 1 - rank}")
