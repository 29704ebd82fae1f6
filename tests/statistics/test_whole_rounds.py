"""Two rounds as wholes: shares where they are not equally many, and a test that takes them for strangers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import RatingScale, count, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.stability import distribution_shift
from surveyapp.statistics.whole_rounds import chi_square_of_rounds, shift_of_shares

FIVE = RatingScale((1, 2, 3, 4, 5))


def test_unequal_rounds_are_compared_by_shares() -> None:
    before, now = count(FIVE, [1, 1, 2, 2]), count(FIVE, [1, 2, 2, 2, 2, 2, 2, 2])
    found = shift_of_shares(before, now)
    assert (found.value, found.n) == (Fraction(3, 8), 8)
    assert shift_of_shares(before, count(FIVE, [1, 2] * 7)).value == 0


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=30))
def test_for_the_same_people_it_is_the_shift_of_matched_panellists(moves: list[tuple[int, int]]) -> None:
    pairs = count_pairs(FIVE, moves)
    assert shift_of_shares(pairs.before, pairs.now).value == distribution_shift(pairs).value


def test_chi_square_is_that_of_scipy_without_unused_points() -> None:
    from scipy.stats import chi2_contingency

    found = chi_square_of_rounds(count(FIVE, [1, 1, 2, 4, 4, 5]), count(FIVE, [2, 4, 4, 4, 5, 5, 5]))
    theirs = chi2_contingency([[2, 1, 2, 1], [0, 1, 3, 3]], correction=False)
    assert (float(found.statistic or 0), found.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert "df 3" in found.convention


def test_what_is_not_defined_says_why() -> None:
    some, nobody = count(FIVE, [3, 3]), count(FIVE, [None], dont_know=1)
    assert shift_of_shares(some, nobody).reason is Undefined.NO_PAIRABLE_VALUES
    assert shift_of_shares(nobody, some).reason is Undefined.NO_PAIRABLE_VALUES
    unknown, alike = chi_square_of_rounds(some, nobody), chi_square_of_rounds(some, some)
    assert (unknown.p, unknown.reason) == (None, Undefined.NO_PAIRABLE_VALUES)
    assert (alike.p, alike.reason) == (1, Undefined.NO_VARIATION)
    for measure in (shift_of_shares, chi_square_of_rounds):
        with pytest.raises(ValueError, match="different scales"):
            measure(some, count(RatingScale((1, 2)), [1]))
