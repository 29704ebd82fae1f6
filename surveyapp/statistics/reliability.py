"""Agreement over a set of items, beyond chance: Fleiss' and Cohen's kappa, Gwet's coefficients.

These describe how raters agree over all items together. They say nothing of one item: alone, Fleiss'
kappa is −1/(n − 1), whatever the ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final, Literal, TypeAlias

from surveyapp.statistics.counts import Counts, PairCounts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.returning import of_people

_FLEISS: Final = "raters interchangeable"
Weights: TypeAlias = Literal["none", "linear", "quadratic"]


def fleiss_kappa(items: Sequence[Counts]) -> Measure:
    """Fleiss' kappa over items that all have the same number of ratings (Fleiss 1971).

    Undefined when the numbers differ: Krippendorff's alpha allows that. `n` counts the items, `missing` those
    without a rating. Raises ValueError for items on different scales.
    """
    check_one_scale(items)
    known = [counts for counts in items if counts.n]
    missing = len(items) - len(known)
    if not known:
        return of_people(0, Undefined.NO_VALID_RATINGS, _FLEISS, missing=missing)
    n = known[0].n
    if any(counts.n != n for counts in known):
        return of_people(len(known), Undefined.UNEQUAL_COUNTS, _FLEISS, missing=missing)
    if n < 2:
        return of_people(len(known), Undefined.TOO_FEW_RATINGS, _FLEISS, missing=missing)
    total = n * len(known)
    observed = sum(
        (Fraction(sum(k * (k - 1) for k in counts.of), n * (n - 1)) for counts in known), Fraction()
    ) / len(known)
    chance = sum((Fraction(sum(column), total) ** 2 for column in _columns(known)), Fraction())
    if chance == 1:
        return of_people(len(known), Undefined.NO_VARIATION, _FLEISS, missing=missing)
    return of_people(len(known), (observed - chance) / (1 - chance), _FLEISS, missing=missing)


def check_one_scale(items: Sequence[Counts]) -> None:
    """Raises ValueError unless all items are counted on the same scale."""
    if any(counts.scale.points != items[0].scale.points for counts in items):
        raise ValueError("items on different scales have no agreement to measure together")


def weighted_kappa(pairs: PairCounts, weights: Weights = "none") -> Measure:
    """Cohen's kappa of two raters, or of the same people in two rounds, over the whole declared scale.

    κ = 1 − Σ w·o / Σ w·e with weights of disagreement by the points' places: 1, |i − j| or (i − j)²
    (Cohen 1960, 1968). Between rounds, a rising kappa means that ratings settle (Holey et al. 2007).
    """
    said = f"weights: {weights}; whole scale"
    if not pairs.n:
        return of_people(0, Undefined.NO_PAIRABLE_VALUES, said)
    size = len(pairs.scale.points)
    weigh: Callable[[int, int], int] = {
        "none": lambda i, j: int(i != j),
        "linear": lambda i, j: abs(i - j),
        "quadratic": lambda i, j: (i - j) ** 2,
    }[weights]
    before, now = pairs.before.of, pairs.now.of
    observed = sum(weigh(i, j) * pairs.of[i][j] for i in range(size) for j in range(size))
    expected = sum(weigh(i, j) * before[i] * now[j] for i in range(size) for j in range(size))
    if expected == 0:
        return of_people(pairs.n, Undefined.NO_VARIATION, said)
    return of_people(pairs.n, 1 - Fraction(observed * pairs.n, expected), said)


def gwet_ac(items: Sequence[Counts], weights: Weights = "none") -> Measure:
    """Gwet's AC1, or with weights AC2: the chance term is one that skewed ratings do not inflate (2008).

    Items with fewer than two ratings say nothing about agreement; the chance term knows all ratings. `n`
    counts the items. Constant ratings have 1. Raises ValueError for items on different scales.
    """
    check_one_scale(items)
    said = f"weights: {weights}; whole scale"
    known = [counts for counts in items if counts.n]
    pairable = [counts for counts in known if counts.n >= 2]
    if not pairable:
        return of_people(0, Undefined.NO_PAIRABLE_VALUES, said, missing=len(items))
    size = len(known[0].of)
    weight = _agreement_weights(size, weights)
    observed = Fraction()
    for counts in pairable:
        agreeing = sum(
            counts.of[i] * (sum(weight[i][j] * counts.of[j] for j in range(size)) - 1) for i in range(size)
        )
        observed += Fraction(agreeing) / (counts.n * (counts.n - 1))
    observed /= len(pairable)
    shares = [
        sum((Fraction(counts.of[i], counts.n) for counts in known), Fraction()) / len(known)
        for i in range(size)
    ]
    spread = sum((share * (1 - share) for share in shares), Fraction())
    total = sum((sum(row, Fraction()) for row in weight), Fraction())
    chance = total / (size * (size - 1)) * spread
    return of_people(
        len(pairable), (observed - chance) / (1 - chance), said, missing=len(items) - len(pairable)
    )


def _agreement_weights(size: int, weights: Weights) -> list[list[Fraction]]:
    power = {"none": 0, "linear": 1, "quadratic": 2}[weights]
    if power == 0:
        return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    widest = (size - 1) ** power
    return [[1 - Fraction(abs(i - j) ** power, widest) for j in range(size)] for i in range(size)]


def _columns(items: Sequence[Counts]) -> list[tuple[int, ...]]:
    return list(zip(*(counts.of for counts in items), strict=True))
