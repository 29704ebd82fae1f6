"""Intervals by drawing anew: every draw of small panels, NumPy and SciPy for larger ones, and edges."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveyapp.statistics.bootstrap import bootstrap_interval, iqr_resampled, median_resampled
from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.quantiles import QuantileType, iqr, median

FIVE = RatingScale((1, 2, 3, 4, 5))
NINE = RatingScale((1, 2, 3, 4, 5, 6, 7, 8, 9))
PANEL = [2, 3, 3, 5, 5, 5, 6, 6, 6, 7, 8, 8, 8, 9, 9]
KINDS: tuple[QuantileType, ...] = (2, 6, 7)


@settings(deadline=None, max_examples=15)
@example([1, 2, 3, 4, 5], 6)
@example([1, 2, 3, 3, 5], 7)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.sampled_from(KINDS))
def test_in_small_panels_every_draw_is_weighed(ratings: list[int], kind: QuantileType) -> None:
    found = iqr_resampled(count(FIVE, ratings), kind, seed=1)
    ways = Counter(iqr(count(FIVE, drawn), kind).value for drawn in product(ratings, repeat=len(ratings)))
    tail = len(ratings) ** len(ratings) / 40
    for bound, descending in ((found.low, False), (found.high, True)):
        passed = 0
        for value in sorted(ways, reverse=descending):  # type: ignore[type-var]  # all are fractions
            passed += ways[value]
            if passed >= tail:
                assert bound == value
                break
    assert (found.draws, found.failed) == (0, 0)
    assert found == iqr_resampled(count(FIVE, ratings[::-1]), kind, seed=1)


@pytest.mark.parametrize("kind", KINDS)
def test_each_draw_has_the_iqr_and_the_median_of_its_ratings(kind: QuantileType) -> None:
    import numpy as np

    panel = count(NINE, PANEL)
    for seed in range(12):
        of = np.random.default_rng(seed).multinomial(15, [times / 15 for times in panel.of])
        drawn = Counts(NINE, tuple(map(int, of)))
        assert iqr_resampled(panel, kind, seed=seed, draws=1).low == iqr(drawn, kind).value
        assert median_resampled(panel, seed=seed, draws=1).high == median(drawn).value


def test_the_interval_of_the_median_is_that_of_scipy() -> None:
    """The bounds are no matter of luck: the chance of a median of 4 and less is 0.4 %, of 5 and less 21 %."""
    import numpy as np
    from scipy.stats import bootstrap

    found = median_resampled(count(NINE, PANEL), seed=3)
    theirs = bootstrap(
        (PANEL,), np.median, method="percentile", n_resamples=10_000, rng=np.random.default_rng(5)
    ).confidence_interval
    assert (found.low, found.high) == (theirs.low, theirs.high)


def test_the_same_seed_gives_the_same_interval() -> None:
    panel = count(NINE, PANEL)
    assert median_resampled(panel, seed=3, draws=300) == median_resampled(panel, seed=3, draws=300)
    measured = [bootstrap_interval(PANEL, lambda drawn: sum(drawn) / 15, seed=3, draws=300) for _ in range(2)]
    assert measured[0] == measured[1]
    assert measured[0].low is not None
    assert measured[0].low < sum(PANEL) / 15


@given(st.lists(st.integers(1, 9), min_size=2, max_size=30))
def test_the_interval_holds_the_median(ratings: list[int]) -> None:
    panel = count(NINE, ratings)
    found, middle = median_resampled(panel, seed=1, draws=400), median(panel).value
    assert isinstance(found.low, Fraction)
    assert isinstance(found.high, Fraction)
    assert isinstance(middle, Fraction)
    assert found.low <= middle <= found.high


def test_what_has_no_interval_says_why() -> None:
    assert median_resampled(count(NINE, []), seed=1).reason is Undefined.NO_VALID_RATINGS
    assert iqr_resampled(count(NINE, [4]), seed=1).reason is Undefined.TOO_FEW_RATINGS
    assert bootstrap_interval([1], lambda _: 1.0, seed=3, draws=5).reason is Undefined.TOO_FEW_RATINGS
    failing = bootstrap_interval([1, 2], lambda _: None, seed=3, draws=5)
    assert (failing.reason, failing.failed) == (Undefined.NO_VARIATION, 5)
    alike = median_resampled(count(NINE, [4] * 9), seed=1)
    assert (alike.low, alike.high) == (4, 4)
    with pytest.raises(ValueError, match="level"):
        median_resampled(count(NINE, PANEL), seed=1, level=95)
