"""Whether a change between rounds is more than chance: tests over matched panellists, shown, never decisive.

A test that finds no change in a small panel shows nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, erfc, sqrt
from typing import Final

from surveyapp.statistics.counts import Counts, PairCounts
from surveyapp.statistics.measure import Measure, SignificanceTest, Undefined
from surveyapp.statistics.ranks import tie_sum, twice_mid_ranks
from surveyapp.statistics.stability import changes

EXACT_UP_TO: Final = 20
"""With more changes than this the normal approximation is good, and the exact distribution long."""


def wilcoxon_signed_rank(pairs: PairCounts) -> SignificanceTest:
    """Wilcoxon's signed-rank test of the changes; the statistic is the sum of the ranks of those who went up.

    Who did not change is left out, mid-ranks are used; up to 20 changes all signs of the ranks that occur are
    counted exactly, beyond that the normal approximation, corrected for ties, without continuity correction
    (Hollander and Wolfe 1973). Nobody changed: p is 1. `n` counts those who changed.
    """
    ups, downs, ranks = _signed(pairs)
    n = sum(ups) + sum(downs)
    if n == 0:
        return _nothing_to_test(pairs)
    up = sum(times * rank for times, rank in zip(ups, ranks, strict=True))
    sizes = [above + below for above, below in zip(ups, downs, strict=True)]
    statistic = Fraction(up, 2)
    if n <= EXACT_UP_TO:
        convention = "no changes left out, mid-ranks, exact over all signs"
        whole = n * (n + 1)
        reached = _share_at_least(max(up, whole - up), sizes, ranks)
        return SignificanceTest(statistic, float(min(2 * reached, Fraction(1))), n, convention)
    convention = "no changes left out, mid-ranks, normal, corrected for ties, no continuity correction"
    variance = n * (n + 1) * (2 * n + 1) / 24 - tie_sum(sizes) / 48
    z = float(statistic - Fraction(n * (n + 1), 4)) / sqrt(variance)
    return SignificanceTest(statistic, normal_p(z), n, convention)


def rank_biserial(pairs: PairCounts) -> Measure:
    """The effect size beside Wilcoxon's test: ranks of those who went up minus down, over both; exact.

    1 everybody who changed went up, -1 down (Kerby 2014). `n` counts the matched panellists.
    """
    ups, downs, ranks = _signed(pairs)
    up = sum(times * rank for times, rank in zip(ups, ranks, strict=True))
    down = sum(times * rank for times, rank in zip(downs, ranks, strict=True))
    if pairs.n == 0:
        return pairs.measured(Undefined.NO_PAIRABLE_VALUES)
    if up + down == 0:
        return pairs.measured(Undefined.NO_CHANGES)
    return pairs.measured(Fraction(up - down, up + down), "no changes left out, mid-ranks")


def _signed(pairs: PairCounts) -> tuple[list[int], list[int], list[int]]:
    """By size of change, ascending: how many went up, how many down, and twice the rank of the size."""
    found = changes(pairs)
    sizes = sorted({abs(change) for change in found if change})
    ups = [found.get(size, 0) for size in sizes]
    downs = [found.get(-size, 0) for size in sizes]
    return ups, downs, twice_mid_ranks([up + down for up, down in zip(ups, downs, strict=True)])


def _share_at_least(least: int, sizes: Sequence[int], ranks: Sequence[int]) -> Fraction:
    """The share of all sign patterns whose positive ranks sum to `least` or more (all doubled)."""
    patterns = {0: 1}
    for times, rank in zip(sizes, ranks, strict=True):
        grown: dict[int, int] = {}
        for total, ways in patterns.items():
            for positive in range(times + 1):
                reached = total + positive * rank
                grown[reached] = grown.get(reached, 0) + ways * comb(times, positive)
        patterns = grown
    return Fraction(sum(ways for total, ways in patterns.items() if total >= least), 2 ** sum(sizes))


def normal_p(z: float) -> float:
    """The two-sided p of a standard normal `z`."""
    return erfc(abs(z) / sqrt(2))


def sign_test(pairs: PairCounts) -> SignificanceTest:
    """The sign test: as many went up as down? Exact binomial; who did not change is left out.

    The statistic counts those who went up. Nobody changed: p is 1.
    """
    found = changes(pairs)
    up = sum(times for change, times in found.items() if change > 0)
    down = sum(times for change, times in found.items() if change < 0)
    if up + down == 0:
        return _nothing_to_test(pairs)
    return SignificanceTest(
        Fraction(up), binomial_p(up, down), up + down, "exact binomial, no changes left out"
    )


def binomial_p(one: int, other: int) -> float:
    """The two-sided p that of `one` + `other` even chances so few or fewer fall on one side; exact."""
    n, few = one + other, min(one, other)
    return float(min(Fraction(2 * sum(comb(n, k) for k in range(few + 1)), 2**n), Fraction(1)))


def mcnemar(pairs: PairCounts, points: Sequence[int] | None = None) -> SignificanceTest:
    """McNemar's test of a share: did as many come to `points` as left them? Exact binomial.

    Without `points`, those that count as agreement. The statistic counts those who came, `n` those who came
    or left. Nobody did: p is 1 (McNemar 1947, Psychometrika 12, 153). Raises ValueError for points off the
    scale.
    """
    convention = "exact binomial over those who came or left"
    inside = set(pairs.scale.agreement if points is None else points)
    if not inside <= set(pairs.scale.points):
        raise ValueError("the points lie outside the scale")
    if not inside:
        return SignificanceTest(None, None, pairs.n, convention, Undefined.NOT_DEFINED_FOR_SCALE)
    came = left = 0
    for before, row in zip(pairs.scale.points, pairs.of, strict=True):
        for now, times in zip(pairs.scale.points, row, strict=True):
            came += times if now in inside and before not in inside else 0
            left += times if before in inside and now not in inside else 0
    if came + left == 0:
        return _nothing_to_test(pairs)
    return SignificanceTest(Fraction(came), binomial_p(came, left), came + left, convention)


def bowker(pairs: PairCounts) -> SignificanceTest:
    """Bowker's test of symmetry: did as many go from each point to each other as came back?

    Σ (a - b)² / (a + b) over pairs of points, chi-square with one degree of freedom for each pair between
    which somebody moved (Bowker 1948, J Am Stat Assoc 43, 572). Nobody changed: p is 1. `n` counts those
    who changed.
    """
    statistic, free, moved = Fraction(), 0, 0
    for here, row in enumerate(pairs.of):
        for there in range(here):
            one, other = row[there], pairs.of[there][here]
            if one + other:
                statistic += Fraction((one - other) ** 2, one + other)
                free += 1
                moved += one + other
    if free == 0:
        return _nothing_to_test(pairs)
    return SignificanceTest(statistic, chi_square_p(statistic, free), moved, f"chi-square, df {free}")


def chi_square_p(statistic: Fraction | float, free: int) -> float:
    """How seldom chi-square with `free` degrees of freedom is as large."""
    from scipy.special import chdtrc  # noqa: PLC0415 - SciPy is slow to import and seldom needed

    return float(chdtrc(free, float(statistic)))


def chi_square_of_rounds(before: Counts, now: Counts) -> SignificanceTest:
    """The chi-square of two rounds as if they were asked of different people: wrong for the same panel.

    Only for those who ask for it (Chaffin and Talley 1980). Points that nobody chose in either round are left
    out. All on one point in both: p is 1. Raises ValueError for different scales.
    """
    if before.scale != now.scale:
        raise ValueError("counts on different scales cannot be compared")
    n = before.n + now.n
    used = [(first, second) for first, second in zip(before.of, now.of, strict=True) if first + second]
    convention = f"df {max(len(used) - 1, 0)}, as if the rounds had asked different people"
    if before.n == 0 or now.n == 0:
        return SignificanceTest(None, None, n, convention, Undefined.NO_PAIRABLE_VALUES)
    if len(used) == 1:
        return SignificanceTest(Fraction(0), 1.0, n, convention, Undefined.NO_VARIATION)
    statistic = sum(
        (
            Fraction((first * now.n - second * before.n) ** 2, (first + second) * before.n * now.n)
            for first, second in used
        ),
        Fraction(),
    )
    return SignificanceTest(statistic, chi_square_p(statistic, len(used) - 1), n, convention)


def _nothing_to_test(pairs: PairCounts) -> SignificanceTest:
    if pairs.n == 0:
        return SignificanceTest(None, None, 0, "", Undefined.NO_PAIRABLE_VALUES)
    return SignificanceTest(None, 1.0, 0, "nobody changed", Undefined.NO_CHANGES)
