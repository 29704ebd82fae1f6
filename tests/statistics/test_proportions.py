"""Shares, their intervals and the cut-off over all items: exact, and as published."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.proportions import (
    Denominator,
    agreement,
    apmo,
    clopper_pearson,
    disagreement_share,
    dont_know_share,
    mode_share,
    near_mode_share,
    share_on,
    wilson,
)

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))


def test_reference_case_of_ten_ratings() -> None:
    """The reference case of delphyR: seven of ten ratings lie in 7–9."""
    assert agreement(count(NINE, [1, 4, 6, 7, 7, 8, 8, 9, 9, 9])).value == Fraction(7, 10)


def test_thresholds_are_met_exactly() -> None:
    """29 of 50 meets 58 %, which floats deny; 139 of 200 does not meet 70 %, though it prints so."""
    met = agreement(count(FIVE, [5] * 29 + [1] * 21)).value
    assert isinstance(met, Fraction)
    assert met >= Fraction(58, 100)
    missed = agreement(count(FIVE, [5] * 139 + [1] * 61))
    assert missed.value == Fraction(695, 1000)
    assert not Fraction(139, 200) >= Fraction(70, 100)
    assert f"{missed.number:.0%}" == "70%"


@pytest.mark.parametrize(("of", "share"), [("valid", "2/3"), ("answered", "2/5"), ("invited", "2/10")])
def test_denominators(of: Denominator, share: str) -> None:
    counts = count(FIVE, [5, 5, 1, None], dont_know=2)
    found = agreement(counts, of=of, invited=10)
    assert (found.value, found.n, found.missing, found.dont_know) == (Fraction(share), 3, 1, 2)
    assert found.convention == f"points 4, 5; of {of}"


def test_without_a_number_of_invited_they_are_all_that_are_known() -> None:
    counts = count(FIVE, [5, 5, 1, None], dont_know=2)
    assert agreement(counts, of="invited").value == Fraction(2, 6)
    with pytest.raises(ValueError, match="5 answered, but only 4 were invited"):
        agreement(counts, of="invited", invited=4)


def test_other_shares() -> None:
    counts = count(FIVE, [1, 2, 2, 3, 5, 5], dont_know=2)
    assert disagreement_share(counts).value == Fraction(1, 2)
    assert dont_know_share(counts).value == Fraction(1, 4)
    assert mode_share(counts).value == Fraction(1, 3)
    # Both 2 and 5 are modes: 1–3 hold four of six, 4–5 two.
    assert near_mode_share(counts).value == Fraction(4, 6)
    assert near_mode_share(counts, within=4).value == 1


def test_what_has_no_share_says_why() -> None:
    nobody = count(FIVE, [None])
    for measure in (agreement, disagreement_share, dont_know_share, mode_share, near_mode_share):
        assert measure(nobody).reason is Undefined.NO_VALID_RATINGS
    cannot_judge = count(FIVE, [], dont_know=4)
    assert agreement(cannot_judge).reason is Undefined.NO_VALID_RATINGS
    assert agreement(cannot_judge, of="answered").value == 0
    assert dont_know_share(cannot_judge).value == 1
    assert agreement(count(RatingScale((1, 2)), [1])).reason is Undefined.NOT_DEFINED_FOR_SCALE


def test_values_outside_the_scale_are_errors() -> None:
    with pytest.raises(ValueError, match="10 is not on the scale from 1 to 9"):
        count(NINE, [1, 10])
    with pytest.raises(ValueError, match="0 is not on the scale from 1 to 5"):
        share_on(count(FIVE, [1]), (0, 1))


@pytest.mark.parametrize(
    ("successes", "n", "score", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
        (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
    ],
)
def test_intervals_of_shares_as_published(
    successes: int, n: int, score: tuple[float, float], exact: tuple[float, float]
) -> None:
    """Newcombe 1998, Stat Med 17, 857, table I: methods 3 (score) and 5 (Clopper-Pearson)."""
    for interval, bounds in ((wilson(successes, n), score), (clopper_pearson(successes, n), exact)):
        assert (interval.low, interval.high) == pytest.approx(bounds, abs=5e-5)
        assert interval.n == n


def test_intervals_are_those_of_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for successes, n, level in ((0, 1, 0.95), (1, 1, 0.9), (7, 10, 0.95), (29, 50, 0.99), (200, 200, 0.95)):
        for ours, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
            interval = ours(successes, n, level=level)
            theirs = proportion_confint(successes, n, alpha=1 - level, method=method)
            assert (interval.low, interval.high) == pytest.approx(theirs, abs=1e-10)


@given(st.integers(0, 60), st.integers(0, 60))
def test_intervals_hold_the_share_and_mirror_each_other(successes: int, failures: int) -> None:
    n = successes + failures
    for method in (wilson, clopper_pearson):
        interval, mirrored = method(successes, n), method(failures, n)
        if n == 0:
            assert interval.reason is Undefined.NO_VALID_RATINGS
            continue
        assert interval.low is not None
        assert interval.high is not None
        assert mirrored.high is not None
        assert 0 <= interval.low <= successes / n <= interval.high <= 1
        assert interval.low == pytest.approx(1 - mirrored.high)


def test_no_share_is_an_error() -> None:
    for successes, n in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="is no share"):
            wilson(successes, n)
    with pytest.raises(ValueError, match="level"):
        clopper_pearson(1, 2, level=95)


def test_cut_off_of_majorities() -> None:
    """Of 40 votes on four items 8 + 6 agree by majority and 9 disagree; the last item has no majority."""
    ratings = ([5] * 8 + [1, 3], [4] * 6 + [1] * 4, [1] * 9 + [4], [5] * 5 + [1] * 5)
    found = apmo(count(FIVE, each, dont_know=1) for each in ratings)
    assert (found.value, found.n, found.dont_know) == (Fraction(23, 40), 40, 4)
    assert apmo([]).reason is Undefined.NO_VALID_RATINGS


@given(st.lists(st.integers(1, 5), min_size=1))
def test_order_does_not_matter(ratings: list[int]) -> None:
    shuffled = list(reversed(ratings))
    for measure in (agreement, mode_share, near_mode_share):
        found = measure(count(FIVE, ratings))
        assert found == measure(count(FIVE, shuffled))
        assert isinstance(found.value, Fraction)
        assert 0 <= found.value <= 1
