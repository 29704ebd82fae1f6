"""Kendall's W: how far raters agree on the order of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.ranks import mid_ranks, tie_sum
from surveyapp.statistics.returning import of_people

Ratings = Sequence[Sequence[float | None]]
"""One row per rater, one column per item; None where there is no rating."""
_FEW_ITEMS = 7
_MOST_PERMUTATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Concordance:
    """Kendall's W with the test that goes with it."""

    w: Measure
    """n counts the raters; missing, those who were left out because they did not rate every item."""
    items: int
    chi2: float | None
    p: float | None
    p_convention: str


def kendall_w(ratings: Ratings, *, seed: int = 0) -> Concordance:
    """W = 12 S / (m²(n³ − n) − m Σ T), ties shared and corrected for (Kendall and Babington Smith 1939).

    Raters who did not rate every item are left out, and counted as missing. The p-value comes from χ² with
    n − 1 degrees, or below seven items, where that is poor, from 10,000 permutations of each rater's ranks.
    """
    whole = [[value for value in row if value is not None] for row in ratings if None not in row]
    missing = len(ratings) - len(whole)
    items = len(ratings[0]) if ratings else 0
    said = "mid-ranks, tie-corrected, complete raters"

    def undefined(reason: Undefined) -> Concordance:
        return Concordance(of_people(len(whole), reason, said, missing=missing), items, None, None, "")

    if len(whole) < 2:
        return undefined(Undefined.TOO_FEW_RATINGS)
    if items < 2:
        return undefined(Undefined.TOO_FEW_POINTS)
    m, n = len(whole), items
    ranks = [mid_ranks(row) for row in whole]
    below = m * m * (n**3 - n) - m * sum(tie_sum(row) for row in whole)
    if below == 0:
        return undefined(Undefined.ALL_TIED)
    w = Fraction(12) * _spread(ranks) / below
    chi2 = float(m * (n - 1) * w)
    if n < _FEW_ITEMS:
        p, how = _by_permutation(ranks, seed), f"{_MOST_PERMUTATIONS} permutations, seed {seed}"
    else:
        from scipy.stats import chi2 as distribution  # noqa: PLC0415 - takes two seconds to load

        p, how = float(distribution.sf(chi2, n - 1)), "chi-square, n - 1 degrees"
    return Concordance(of_people(m, w, said, missing=missing), items, chi2, p, how)


def _spread(ranks: Sequence[Sequence[Fraction]]) -> Fraction:
    """S: how far the sums of ranks lie from their mean, squared."""
    sums = [sum(column, Fraction()) for column in zip(*ranks, strict=True)]
    centre = sum(sums, Fraction()) / len(sums)
    return sum(((each - centre) ** 2 for each in sums), Fraction())


def _by_permutation(ranks: Sequence[Sequence[Fraction]], seed: int) -> float:
    import numpy as np  # noqa: PLC0415 - loaded only where permuting is asked for

    table = np.array([[float(rank) for rank in row] for row in ranks])
    observed = float(_spread(ranks))
    chance = np.random.default_rng(seed)
    reached = 0
    for _ in range(_MOST_PERMUTATIONS):
        sums = chance.permuted(table, axis=1).sum(axis=0)
        reached += float(((sums - sums.mean()) ** 2).sum()) >= observed - 1e-9
    # The ratings themselves are one of the arrangements.
    return (reached + 1) / (_MOST_PERMUTATIONS + 1)
