"""Agreement over a set of items, beyond chance: kappas, Krippendorff's alpha, Gwet's coefficients.

These describe how raters agree over all items together. They say nothing of one item: alone, alpha is 0 or
undefined and Fleiss' kappa is −1/(n − 1), whatever the ratings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from surveyapp.statistics.bootstrap import BootstrapInterval, bootstrap_interval
from surveyapp.statistics.counts import Counts, PairCounts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.returning import of_people

Weights: TypeAlias = Literal["none", "linear", "quadratic"]
Level: TypeAlias = Literal["nominal", "ordinal", "interval"]


def fleiss_kappa(items: Sequence[Counts]) -> Measure:
    """Fleiss' kappa over items that all have the same number of ratings (Fleiss 1971).

    Undefined when the numbers differ: Krippendorff's alpha allows that. `n` counts the items.
    """
    known = [counts for counts in items if counts.n]
    if not known:
        return of_people(0, Undefined.NO_VALID_RATINGS)
    n = known[0].n
    if any(counts.n != n for counts in known):
        return of_people(len(known), Undefined.UNEQUAL_COUNTS)
    if n < 2:
        return of_people(len(known), Undefined.TOO_FEW_RATINGS)
    total = n * len(known)
    observed = sum(
        (Fraction(sum(k * (k - 1) for k in counts.of), n * (n - 1)) for counts in known), Fraction()
    ) / len(known)
    chance = sum((Fraction(sum(column), total) ** 2 for column in _columns(known)), Fraction())
    if chance == 1:
        return of_people(len(known), Undefined.NO_VARIATION)
    return of_people(len(known), (observed - chance) / (1 - chance), missing=len(items) - len(known))


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


def krippendorff_alpha(items: Sequence[Counts], level: Level = "ordinal") -> Measure:
    """Krippendorff's alpha, 1 − Do/De, from the coincidences of ratings (Krippendorff 2011).

    Any number of raters per item, missing ones allowed; items with fewer than two ratings have no pairs. `n`
    counts the pairable ratings. Exact for every level of measurement.
    """
    said = f"level: {level}"
    pairable = [counts for counts in items if counts.n >= 2]
    n = sum(counts.n for counts in pairable)
    if not pairable:
        return of_people(0, Undefined.NO_PAIRABLE_VALUES, said, missing=len(items))
    totals = [sum(column) for column in _columns(pairable)]
    distance = _distances(pairable[0].scale.points, totals, level)
    size = len(totals)
    observed = sum(
        (
            Fraction(
                sum(counts.of[i] * counts.of[j] * distance[i][j] for i in range(size) for j in range(size)),
                counts.n - 1,
            )
            for counts in pairable
        ),
        Fraction(),
    )
    expected = sum(totals[i] * totals[j] * distance[i][j] for i in range(size) for j in range(size))
    if expected == 0:
        return of_people(n, Undefined.NO_VARIATION, said)
    return of_people(n, 1 - (n - 1) * observed / expected, said, missing=len(items) - len(pairable))


def alpha_interval(
    items: Sequence[Counts], level: Level = "ordinal", *, seed: int, draws: int = 1_000
) -> BootstrapInterval | None:
    """A percentile interval of alpha by resampling items (Hayes and Krippendorff 2007)."""
    return bootstrap_interval(
        items, lambda drawn: krippendorff_alpha(drawn, level).number, seed=seed, draws=draws
    )


def _distances(points: Sequence[int], totals: Sequence[int], level: Level) -> list[list[Fraction]]:
    """Squared differences between points, by level of measurement."""
    size = len(points)
    if level == "nominal":
        return [[Fraction(int(i != j)) for j in range(size)] for i in range(size)]
    if level == "interval":
        return [[Fraction((points[i] - points[j]) ** 2) for j in range(size)] for i in range(size)]
    table = [[Fraction(0)] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1, size):
            between = sum(totals[i : j + 1]) - Fraction(totals[i] + totals[j], 2)
            table[i][j] = table[j][i] = between**2
    return table


def gwet_ac(items: Sequence[Counts], weights: Weights = "none") -> Measure:
    """Gwet's AC1, or with weights AC2: the chance term is one that skewed ratings do not inflate (2008).

    Items with fewer than two ratings say nothing about agreement; the chance term knows all ratings. `n`
    counts the items. Undefined on a scale of which only one point could ever be chosen.
    """
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
    if chance == 1:
        return of_people(len(pairable), Undefined.NO_VARIATION, said)
    return of_people(len(pairable), (observed - chance) / (1 - chance), said)


def _agreement_weights(size: int, weights: Weights) -> list[list[Fraction]]:
    power = {"none": 0, "linear": 1, "quadratic": 2}[weights]
    if power == 0:
        return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    widest = (size - 1) ** power
    return [[1 - Fraction(abs(i - j) ** power, widest) for j in range(size)] for i in range(size)]


def _columns(items: Sequence[Counts]) -> list[tuple[int, ...]]:
    return list(zip(*(counts.of for counts in items), strict=True))


@dataclass(frozen=True, slots=True)
class IntraclassCorrelations:
    """The intraclass correlations of complete raters, in the names of McGraw and Wong (1996).

    `n` in each counts the items; `missing` the raters who were left out. ``a_1`` is Shrout and Fleiss's
    (2,1), ``c_1`` their (3,1); ``…_k`` are of the mean of all raters.
    """

    one_1: Measure
    one_k: Measure
    a_1: Measure
    a_k: Measure
    c_1: Measure
    c_k: Measure
    raters: int


def intraclass_correlations(ratings: Sequence[Sequence[float | None]]) -> IntraclassCorrelations:
    """ICC(1), ICC(A,1), ICC(C,1) and those of means, from the mean squares of a two-way table.

    `ratings` has one row per rater and one column per item. Raters who did not rate every item are left out.
    """
    whole = [[Fraction(value) for value in row if value is not None] for row in ratings if None not in row]
    missing, k = len(ratings) - len(whole), len(whole)
    n = len(ratings[0]) if ratings else 0

    def every(reason: Undefined) -> IntraclassCorrelations:
        one = of_people(n, reason, missing=missing)
        return IntraclassCorrelations(one, one, one, one, one, one, k)

    if k < 2 or n < 2:
        return every(Undefined.TOO_FEW_RATINGS)
    grand = sum((sum(row, Fraction()) for row in whole), Fraction()) / (n * k)
    item_means = [sum(column, Fraction()) / k for column in zip(*whole, strict=True)]
    rater_means = [sum(row, Fraction()) / n for row in whole]
    total = sum(((value - grand) ** 2 for row in whole for value in row), Fraction())
    if total == 0:
        return every(Undefined.NO_VARIATION)
    of_items = k * sum(((mean - grand) ** 2 for mean in item_means), Fraction())
    of_raters = n * sum(((mean - grand) ** 2 for mean in rater_means), Fraction())
    msr = of_items / (n - 1)
    msc = of_raters / (k - 1)
    mse = (total - of_items - of_raters) / ((n - 1) * (k - 1))
    msw = (total - of_items) / (n * (k - 1))

    def ratio(above: Fraction, below: Fraction, said: str) -> Measure:
        value: Fraction | Undefined = Undefined.NO_VARIATION if below == 0 else above / below
        return of_people(n, value, said, missing=missing)

    return IntraclassCorrelations(
        one_1=ratio(msr - msw, msr + (k - 1) * msw, "one-way, single"),
        one_k=ratio(msr - msw, msr, "one-way, mean"),
        a_1=ratio(
            msr - mse, msr + (k - 1) * mse + Fraction(k, n) * (msc - mse), "absolute agreement, single"
        ),
        a_k=ratio(msr - mse, msr + (msc - mse) / n, "absolute agreement, mean"),
        c_1=ratio(msr - mse, msr + (k - 1) * mse, "consistency, single"),
        c_k=ratio(msr - mse, msr, "consistency, mean"),
        raters=k,
    )
