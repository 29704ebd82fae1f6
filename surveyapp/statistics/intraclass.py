"""Intraclass correlation: how much of the spread of ratings lies between the items, not between raters."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.rating_table import RatingTable, complete_raters, why_too_few
from surveyapp.statistics.returning import of_people


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


def intraclass_correlations(ratings: RatingTable) -> IntraclassCorrelations:
    """ICC(1), ICC(A,1), ICC(C,1) and those of means, from the mean squares of a two-way table.

    Raters who did not rate every item are left out and counted; where everybody is assigned only some items
    that leaves none. Exact (Shrout and Fleiss 1979; McGraw and Wong 1996). Raises ValueError for a table that
    is none.
    """
    complete = complete_raters(ratings)
    whole = [[Fraction(value) for value in row] for row in complete]
    missing, k = len(ratings) - len(whole), len(whole)
    n = len(ratings[0]) if ratings else 0

    def every(reason: Undefined) -> IntraclassCorrelations:
        one = of_people(n, reason, missing=missing)
        return IntraclassCorrelations(one, one, one, one, one, one, k)

    reason = why_too_few(ratings, complete)
    if reason is not None:
        return every(reason)
    if n < 2:
        return every(Undefined.TOO_FEW_POINTS)
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
