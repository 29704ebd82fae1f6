"""Mean, spread and modes: exact, and as other programs give them."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.location import cqv, cv, mean, modes, sd
from surveyapp.statistics.measure import Undefined

NINE = RatingScale(tuple(range(1, 10)))
FIVE = RatingScale((1, 2, 3, 4, 5))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=40))
def test_mean_sd_and_modes_are_those_of_the_standard_library(ratings: list[int]) -> None:
    from scipy.stats import variation

    counts = count(NINE, ratings)
    assert mean(counts).value == statistics.mean(Fraction(each) for each in ratings)
    assert sd(counts).number == pytest.approx(statistics.stdev(ratings), abs=1e-12)
    assert cv(counts).number == pytest.approx(variation(ratings, ddof=1), abs=1e-12)
    assert modes(counts).value == tuple(sorted(statistics.multimode(ratings)))
    assert [measure(counts) for measure in (mean, sd, cv, modes, cqv)] == [
        measure(count(NINE, reversed(ratings))) for measure in (mean, sd, cv, modes, cqv)
    ]


def test_sd_is_exact_where_it_can_be() -> None:
    assert sd(count(FIVE, [1, 2, 3])).value == 1
    assert sd(count(FIVE, [2, 2, 2])).value == 0
    found = cv(count(FIVE, [1, 2, 3])).value
    assert isinstance(found, Fraction)
    assert found == Fraction(1, 2)
    assert isinstance(sd(count(FIVE, [1, 2])).value, float)


def test_spread_of_sixteen_ratings_by_hand() -> None:
    """8 × 2 and 8 × 4: the mean is 3, the squares sum to 16, 16 / 15 under the root."""
    counts = count(FIVE, [2] * 8 + [4] * 8)
    assert sd(counts).number == pytest.approx((16 / 15) ** 0.5)
    assert modes(counts).value == (2, 4)
    assert cqv(counts).value == Fraction(1, 3)


def test_coefficient_of_variation_depends_on_where_the_scale_starts() -> None:
    from_zero = count(RatingScale(tuple(range(9))), [3, 5])
    from_one = count(NINE, [4, 6])
    assert sd(from_zero) == sd(from_one)
    assert cv(from_zero).number != cv(from_one).number


def test_what_is_not_defined_says_why() -> None:
    nobody = count(FIVE, [None], dont_know=2)
    for measure in (mean, sd, cv, cqv, modes):
        found = measure(nobody)
        assert (found.reason, found.missing, found.dont_know) == (Undefined.NO_VALID_RATINGS, 1, 2)
    for measure in (sd, cv):
        assert measure(count(FIVE, [3])).reason is Undefined.TOO_FEW_RATINGS
    around_zero = RatingScale((-2, -1, 0, 1, 2))
    assert cv(count(around_zero, [-1, 1])).reason is Undefined.MEAN_IS_ZERO
    assert cqv(count(around_zero, [0, 0])).reason is Undefined.MEAN_IS_ZERO
    assert mean(count(around_zero, [-1, 1])).value == 0
