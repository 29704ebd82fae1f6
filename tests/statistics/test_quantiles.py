"""Quantiles and what follows from them: exact by three types, and as other programs give them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.quantiles import (
    QuantileType,
    exact_quantile,
    interpercentile_range,
    iqr,
    lower_quartile,
    mad,
    median,
    median_interval,
    quantile,
    upper_quartile,
)

NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))
KINDS: tuple[QuantileType, ...] = (2, 6, 7)
ratings_of_nine = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def test_reference_case_of_ten_ratings() -> None:
    """The reference case of delphyR: median 7.5, IQR 2.5 by type 7."""
    counts = count(NINE, [1, 4, 6, 7, 7, 8, 8, 9, 9, 9])
    assert (median(counts).value, iqr(counts).value) == (Fraction(15, 2), Fraction(5, 2))
    assert iqr(counts).convention == "Hyndman-Fan type 7"


@pytest.mark.parametrize(
    ("kind", "ratings", "q1", "middle", "q3"),
    [
        # 1 … 11: Excel INC and R give 3.5 and 8.5, SPSS and Excel EXC 3 and 9, SAS 3 and 9.
        (7, range(1, 12), "7/2", "6", "17/2"),
        (6, range(1, 12), "3", "6", "9"),
        (2, range(1, 12), "3", "6", "9"),
        (7, range(1, 5), "7/4", "5/2", "13/4"),
        (6, range(1, 5), "5/4", "5/2", "15/4"),
        (2, range(1, 5), "3/2", "5/2", "7/2"),
        (7, [4], "4", "4", "4"),
        (6, [4], "4", "4", "4"),
        (2, [4], "4", "4", "4"),
    ],
)
def test_quartiles_by_type(kind: QuantileType, ratings: Sequence[int], q1: str, middle: str, q3: str) -> None:
    counts = count(RatingScale(tuple(range(1, 12))), ratings)
    found = [measure(counts, kind).value for measure in (lower_quartile, median, upper_quartile)]
    assert found == [Fraction(q1), Fraction(middle), Fraction(q3)]
    assert iqr(counts, kind).value == Fraction(q3) - Fraction(q1)


def test_with_eleven_experts_the_type_can_turn_a_verdict() -> None:
    counts = count(NINE, [3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5])
    assert (iqr(counts, 7).value, iqr(counts, 6).value) == (1, 2)


@given(ratings_of_nine, st.sampled_from(KINDS))
def test_quantiles_are_those_of_numpy(ratings: list[int], kind: QuantileType) -> None:
    import numpy as np

    method = {2: "averaged_inverted_cdf", 6: "weibull", 7: "linear"}[kind]
    counts = count(NINE, ratings)
    for share in (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1)):
        theirs = np.quantile(ratings, float(share), method=method)  # type: ignore[call-overload]  # by name
        assert float(exact_quantile(counts, share, kind)) == pytest.approx(theirs)


@given(ratings_of_nine, st.sampled_from(KINDS))
def test_quantiles_ascend_between_the_ends_and_mirror_the_scale(
    ratings: list[int], kind: QuantileType
) -> None:
    counts, mirrored = count(NINE, ratings), count(NINE, [10 - each for each in ratings])
    shares = [Fraction(k, 20) for k in range(21)]
    found = [exact_quantile(counts, share, kind) for share in shares]
    assert found == sorted(found)
    assert found[0] == min(ratings)
    assert found[-1] == max(ratings)
    assert found == [10 - exact_quantile(mirrored, 1 - share, kind) for share in shares]
    assert quantile(counts, Fraction(3, 10), kind).value == found[6]
    assert interpercentile_range(counts, kind).value == found[14] - found[6]
    assert iqr(counts, kind) == iqr(mirrored, kind)


@given(ratings_of_nine)
def test_median_and_mad_are_those_of_the_standard_library_and_scipy(ratings: list[int]) -> None:
    from scipy.stats import median_abs_deviation

    counts = count(NINE, ratings)
    middle = statistics.median(Fraction(each) for each in ratings)
    assert median(counts).value == middle
    assert mad(counts).value == statistics.median(abs(each - middle) for each in ratings)
    assert mad(counts).number == median_abs_deviation(ratings)
    assert mad(counts, scaled=True).number == pytest.approx(median_abs_deviation(ratings, scale="normal"))


@pytest.mark.parametrize(
    ("n", "rank"), [(6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (15, 4), (20, 6), (25, 8), (40, 14)]
)
def test_ranks_between_which_the_median_lies(n: int, rank: int) -> None:
    """Conover 1999, Practical Nonparametric Statistics: ranks from the binomial with one half."""
    scale = RatingScale(tuple(range(1, n + 1)))
    found = median_interval(count(scale, range(1, n + 1)))
    assert (found.low, found.high) == (rank, n + 1 - rank)
    assert 1 - 2 * sum(comb(n, k) for k in range(rank)) / 2**n >= 0.95


@given(st.lists(st.integers(1, 9), min_size=6, max_size=60), st.sampled_from([0.8, 0.9, 0.95]))
def test_interval_of_the_median_is_that_of_scipy(ratings: list[int], level: float) -> None:
    from scipy.stats import quantile_test

    found = median_interval(count(NINE, ratings), level=level)
    theirs = quantile_test(ratings, p=0.5).confidence_interval(level)
    assert (found.low, found.high) == (theirs.low, theirs.high)


def test_what_has_no_quantile_says_why() -> None:
    nobody = count(NINE, [None], dont_know=3)
    for measure in (median, lower_quartile, upper_quartile, iqr, interpercentile_range, mad):
        found = measure(nobody)
        assert (found.reason, found.missing, found.dont_know) == (Undefined.NO_VALID_RATINGS, 1, 3)
    assert quantile(nobody, Fraction(1, 3)).reason is Undefined.NO_VALID_RATINGS
    assert median_interval(nobody).reason is Undefined.NO_VALID_RATINGS
    assert median_interval(count(NINE, [5] * 5)).reason is Undefined.TOO_FEW_RATINGS
    with pytest.raises(ValueError, match="no ratings"):
        exact_quantile(nobody, Fraction(1, 2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile(count(NINE, [5]), Fraction(75))


def test_one_rating_and_constant_ratings_have_no_width() -> None:
    for ratings in ([5], [5] * 12):
        counts = count(NINE, ratings)
        assert [measure(counts).value for measure in (iqr, interpercentile_range, mad)] == [0, 0, 0]
    constant = median_interval(count(NINE, [5] * 12))
    assert constant.low == constant.high == 5
