"""Groups side by side: how far they lie apart, with p-values that are described, never decisive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import erfc, sqrt

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.returning import of_people

FEWEST_FOR_A_TEST = 5
_PERMUTATION_UP_TO = 20
_SEED = 20_261_125


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more groups compared on one cell."""

    effect: Measure
    """Cliff's delta for two groups, epsilon squared for more; `n` counts everybody."""
    statistic: float | None
    p: float | None
    convention: str


def cliffs_delta(first: Counts, second: Counts) -> Measure:
    """How much more often a rating of the first group is higher than one of the second, less the reverse.

    2U / (n₁ n₂) − 1, from −1 to 1; 0 when neither group rates higher.
    """
    n = first.n + second.n
    if not first.n or not second.n:
        return of_people(n, Undefined.NO_VALID_RATINGS)
    return of_people(n, Fraction(2 * _twice_u(first, second), 2 * first.n * second.n) - 1)


def _twice_u(first: Counts, second: Counts) -> int:
    """Twice Mann and Whitney's U: pairs that the first group wins count two, ties one."""
    below, twice = 0, 0
    for mine, theirs in zip(first.of, second.of, strict=True):
        twice += mine * (2 * below + theirs)
        below += theirs
    return twice


def mann_whitney(first: Counts, second: Counts) -> Comparison:
    """Mann and Whitney's test with Cliff's delta; no p-value where a group has fewer than five ratings.

    Ratings are full of ties: up to 20 people the p-value comes from permutations (SciPy's method), beyond
    from the normal distribution, tie-corrected, with continuity correction. Everybody alike gives p = 1.
    """
    if first.scale != second.scale:
        raise ValueError("groups on different scales cannot be compared")
    effect = cliffs_delta(first, second)
    if min(first.n, second.n) < FEWEST_FOR_A_TEST:
        return Comparison(effect, None, None, "descriptive only: fewer than five in a group")
    u = _twice_u(first, second) / 2
    together = first + second
    if sum(bool(times) for times in together.of) == 1:
        return Comparison(effect, u, 1.0, "all alike")
    n = together.n
    if n <= _PERMUTATION_UP_TO:
        import numpy as np  # noqa: PLC0415 - loaded only where permuting is asked for
        from scipy.stats import PermutationMethod, mannwhitneyu  # noqa: PLC0415 - takes two seconds to load

        method = PermutationMethod(n_resamples=9_999, rng=np.random.default_rng(_SEED))
        found = mannwhitneyu(first.ratings, second.ratings, method=method)
        return Comparison(effect, u, float(found.pvalue), "two-sided, 9,999 permutations")
    ties = sum(times**3 - times for times in together.of)
    variance = first.n * second.n / 12 * (n + 1 - ties / (n * (n - 1)))
    z = max(0.0, abs(u - first.n * second.n / 2) - 0.5) / sqrt(variance)
    return Comparison(effect, u, erfc(z / sqrt(2)), "two-sided, normal, tie-corrected, continuity")


def kruskal_wallis(groups: Sequence[Counts]) -> Comparison:
    """Kruskal and Wallis's test over three or more groups, tie-corrected, with epsilon squared.

    Groups without ratings are left out; no p-value where one of the others has fewer than five.
    """
    known = [counts for counts in groups if counts.n]
    n = sum(counts.n for counts in known)
    if len(known) < 2:
        return Comparison(of_people(n, Undefined.NO_VALID_RATINGS), None, None, "")
    together = known[0]
    for counts in known[1:]:
        together = together + counts
    ties = sum(times**3 - times for times in together.of)
    if ties == n**3 - n:
        return Comparison(of_people(n, Undefined.ALL_TIED), None, None, "all alike")
    ranks, below = [], 0
    for times in together.of:
        ranks.append(Fraction(2 * below + times + 1, 2))
        below += times
    sums = [
        sum((rank * times for rank, times in zip(ranks, counts.of, strict=True)), Fraction())
        for counts in known
    ]
    h = (
        Fraction(12, n * (n + 1))
        * sum((total**2 / counts.n for total, counts in zip(sums, known, strict=True)), Fraction())
        - 3 * (n + 1)
    ) / (1 - Fraction(ties, n**3 - n))
    effect = of_people(n, h / (n - 1), "epsilon squared")
    if min(counts.n for counts in known) < FEWEST_FOR_A_TEST:
        return Comparison(effect, float(h), None, "descriptive only: fewer than five in a group")
    from scipy.stats import chi2  # noqa: PLC0415 - takes two seconds to load

    return Comparison(effect, float(h), float(chi2.sf(float(h), len(known) - 1)), "chi-square, tie-corrected")


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values adjusted by Holm's step-down (1979); those that are None are no tests and stay None."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[place] = highest
    return tuple(found)


def benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P-values adjusted for the false discovery rate (Benjamini and Hochberg 1995); None stays None."""
    known = sorted(((p, place) for place, p in enumerate(p_values) if p is not None), reverse=True)
    found: list[float | None] = [None] * len(p_values)
    lowest = 1.0
    for index, (p, place) in enumerate(known):
        lowest = min(lowest, p * len(known) / (len(known) - index))
        found[place] = lowest
    return tuple(found)
