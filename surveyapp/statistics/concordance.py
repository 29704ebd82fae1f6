"""Kendall's W: how far raters agree on the order of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from surveyapp.statistics.measure import Measure, SignificanceTest, Undefined
from surveyapp.statistics.ranks import mid_ranks, tie_sum
from surveyapp.statistics.rating_table import RatingTable, complete_raters, why_too_few
from surveyapp.statistics.returning import of_people

PERMUTATIONS: Final = 10_000
_FEW_ITEMS: Final = 7
_SAID: Final = "mid-ranks, tie-corrected, complete raters"


@dataclass(frozen=True, slots=True)
class Concordance:
    """Kendall's W with the test that goes with it."""

    w: Measure
    """n counts the raters; missing, those who were left out because they did not rate every item."""
    items: int
    test: SignificanceTest
    """Of no agreement on any order; its statistic is χ² = m(n − 1)W."""


def kendall_w(ratings: RatingTable, *, seed: int = 0) -> Concordance:
    """W = 12 S / (m²(n³ − n) − m Σ T), exact, corrected for ties (Kendall and Babington Smith 1939).

    Raters who did not rate every item are left out and counted; where everybody is assigned only some items
    that leaves none. The p-value comes from χ² with n − 1 degrees, or below seven items, where that is poor,
    from 10,000 permutations of each rater's ranks. Raises ValueError for a table that is none.
    """
    whole = complete_raters(ratings)
    items = len(ratings[0]) if ratings else 0
    reason = why_too_few(ratings, whole)
    if reason is None and items < 2:
        reason = Undefined.TOO_FEW_POINTS
    m, n = len(whole), items
    ties = sum(tie_sum(row) for row in whole)
    if reason is None and ties == m * (n**3 - n):
        reason = Undefined.ALL_TIED
    missing = len(ratings) - m
    if reason is not None:
        nothing = SignificanceTest(None, None, m, reason=reason)
        return Concordance(of_people(m, reason, _SAID, missing=missing), items, nothing)
    ranks = [[int(2 * rank) for rank in mid_ranks(row)] for row in whole]
    w = Fraction(3 * _spread(ranks), m * m * (n**3 - n) - m * ties)
    chi2 = m * (n - 1) * w
    if n < _FEW_ITEMS:
        p, how = _by_permutation(ranks, seed), f"{PERMUTATIONS} permutations, seed {seed}"
    else:
        from scipy.special import chdtrc  # noqa: PLC0415 - SciPy is slow to import and seldom needed

        p, how = float(chdtrc(n - 1, float(chi2))), f"chi-square, df {n - 1}"
    return Concordance(of_people(m, w, _SAID, missing=missing), items, SignificanceTest(chi2, p, m, how))


def _spread(twice_ranks: Sequence[Sequence[int]]) -> int:
    """Four times S, how far the sums of ranks lie from their mean, squared."""
    sums = [sum(column) for column in zip(*twice_ranks, strict=True)]
    # Mid-ranks of n items sum to n(n + 1)/2 for each rater, so that the mean is a whole number here.
    centre = sum(sums) // len(sums)
    return sum((each - centre) ** 2 for each in sums)


def _by_permutation(twice_ranks: Sequence[Sequence[int]], seed: int) -> float:
    import numpy as np  # noqa: PLC0415 - loaded only where permuting is asked for

    table = np.array(twice_ranks)
    observed = _spread(twice_ranks)
    chance = np.random.default_rng(seed)
    reached = 0
    for _ in range(PERMUTATIONS):
        sums = chance.permuted(table, axis=1).sum(axis=0)
        reached += int(((sums - sums.mean()) ** 2).sum()) >= observed
    # The ratings themselves are one of the arrangements.
    return (reached + 1) / (PERMUTATIONS + 1)
