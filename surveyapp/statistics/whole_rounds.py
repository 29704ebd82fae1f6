"""Two rounds side by side over all who rated in each, also where they are not the same people.

What matched panellists did says more, and stands in `stability`; these show the panel as a whole.
"""

from __future__ import annotations

from fractions import Fraction

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, SignificanceTest, Undefined


def shift_of_shares(before: Counts, now: Counts) -> Measure:
    """The shift between all who rated in each round, however many they were: half the summed differences.

    Of shares, not of people (Scheibe, Skutsch and Schofer 1975 for rounds of equal size); `n` counts the
    ratings now. Raises ValueError for different scales.
    """
    convention = "shares of all who rated in each round"
    _check(before, now)
    if before.n == 0 or now.n == 0:
        return now.measured(Undefined.NO_PAIRABLE_VALUES, convention)
    moved = sum(abs(b * before.n - a * now.n) for a, b in zip(before.of, now.of, strict=True))
    return now.measured(Fraction(moved, 2 * before.n * now.n), convention)


def chi_square_of_rounds(before: Counts, now: Counts) -> SignificanceTest:
    """The chi-square of two rounds as if they had asked different people: wrong for the same panel.

    Only for those who ask for it (Chaffin and Talley 1980). Points that nobody chose in either round are left
    out. All on one point in both: p is 1. Raises ValueError for different scales.
    """
    _check(before, now)
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
    from scipy.special import chdtrc  # noqa: PLC0415 - SciPy is slow to import and seldom needed

    return SignificanceTest(statistic, float(chdtrc(len(used) - 1, float(statistic))), n, convention)


def _check(before: Counts, now: Counts) -> None:
    if before.scale != now.scale:
        raise ValueError("counts on different scales cannot be compared")
