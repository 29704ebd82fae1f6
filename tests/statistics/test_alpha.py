"""Krippendorff's alpha: its author's example, the krippendorff package, properties, and its interval."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.alpha import alpha_interval, krippendorff_alpha
from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.rating_table import count_items

FIVE = RatingScale((1, 2, 3, 4, 5))
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
LEVELS = ("nominal", "ordinal", "interval")
TABLES = st.lists(
    st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=4, max_size=4), min_size=2, max_size=8
)


def units() -> list[Counts]:
    return count_items(FIVE, OBSERVERS)


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorffs_own_example(level: Any, alpha: float) -> None:
    found = krippendorff_alpha(units(), level)
    assert found.number == pytest.approx(alpha, abs=0.001)
    assert (found.n, found.missing) == (40, 1)


@given(TABLES, st.sampled_from(LEVELS))
def test_alpha_agrees_with_the_krippendorff_package(rows: list[list[int | None]], level: Any) -> None:
    import krippendorff
    import numpy as np

    found = krippendorff_alpha([count(FIVE, row) for row in rows], level)
    if found.reason is not None:
        return
    table = np.array([[np.nan if value is None else float(value) for value in row] for row in rows]).T
    theirs = krippendorff.alpha(
        reliability_data=table, level_of_measurement=level, value_domain=[1.0, 2.0, 3.0, 4.0, 5.0]
    )
    assert found.number == pytest.approx(float(theirs))


@given(TABLES, st.sampled_from(LEVELS))
def test_neither_order_nor_direction_matters(rows: list[list[int | None]], level: Any) -> None:
    found = krippendorff_alpha([count(FIVE, row) for row in rows], level)
    assert krippendorff_alpha([count(FIVE, row[::-1]) for row in rows[::-1]], level) == found
    mirrored = [[None if value is None else 6 - value for value in row] for row in rows]
    assert krippendorff_alpha([count(FIVE, row) for row in mirrored], level) == found
    assert found.number is None or found.number <= 1


def test_alpha_is_exact_and_one_where_all_agree() -> None:
    assert krippendorff_alpha([count(FIVE, [1, 1]), count(FIVE, [4, 4, 4])]).value == 1
    # Two units, each once 1 and once 2: Do = 1, De = 2 · 2 · 2 / (4 · 3) = 2/3.
    assert krippendorff_alpha([count(FIVE, [1, 2])] * 2, "nominal").value == Fraction(-1, 2)


def test_one_item_says_nothing() -> None:
    """On a single item alpha is 0 whatever the ratings, so that it is no consensus of one item."""
    for ratings in ([1, 5, 5], [2, 2, 2, 2, 3]):
        assert krippendorff_alpha([count(FIVE, ratings)]).value == 0


def test_alpha_is_undefined_without_pairs_or_variation() -> None:
    assert krippendorff_alpha([]).reason is Undefined.NO_PAIRABLE_VALUES
    assert krippendorff_alpha([count(FIVE, [1]), count(FIVE, [5])]).reason is Undefined.NO_PAIRABLE_VALUES
    assert krippendorff_alpha([count(FIVE, [2, 2]), count(FIVE, [2, 2])]).reason is Undefined.NO_VARIATION


def test_items_on_different_scales_are_an_error() -> None:
    mixed = [count(FIVE, [1, 2]), count(RatingScale((2, 3, 4, 5, 6)), [2, 6])]
    with pytest.raises(ValueError, match="different scales"):
        krippendorff_alpha(mixed)
    with pytest.raises(ValueError, match="different scales"):
        alpha_interval(mixed, seed=1)


@pytest.mark.parametrize("level", LEVELS)
def test_each_draw_has_the_alpha_of_its_items(level: Any) -> None:
    import numpy as np

    pairable = [unit for unit in units() if unit.n > 1]
    for seed in range(12):
        times = np.random.default_rng(seed).multinomial(11, [1 / 11] * 11)
        drawn = [unit for unit, many in zip(pairable, times, strict=True) for _ in range(many)]
        found = alpha_interval(units(), level, seed=seed, draws=1)
        assert found.low == found.high == pytest.approx(krippendorff_alpha(drawn, level).number)


def test_the_interval_holds_alpha_and_repeats_itself() -> None:
    found = alpha_interval(units(), seed=7)
    assert found == alpha_interval(units(), seed=7)
    assert (found.n, found.draws, found.seed, found.failed) == (11, 10_000, 7, 0)
    # Only a few items have any disagreement: draws without them have an alpha of 1.
    assert 0.3 < (found.low or 0) < 0.815 < (found.high or 0) <= 1


@settings(deadline=None, max_examples=30)
@given(TABLES, st.sampled_from(LEVELS))
def test_an_interval_has_bounds_or_a_reason(rows: list[list[int | None]], level: Any) -> None:
    found = alpha_interval([count(FIVE, row) for row in rows], level, seed=1, draws=50)
    if found.low is None or found.high is None:
        assert found.reason in {Undefined.TOO_FEW_RATINGS, Undefined.NO_VARIATION}
    else:
        assert found.low <= found.high <= 1


def test_too_few_items_have_no_interval() -> None:
    assert alpha_interval(units()[:1], seed=7).reason is Undefined.TOO_FEW_RATINGS
    constant = alpha_interval([count(FIVE, [2, 2])] * 3, seed=7, draws=20)
    assert (constant.reason, constant.failed) == (Undefined.NO_VARIATION, 20)
