"""Who left: rates with named denominators, leavers against stayers, and nothing told of fewer than k."""

from __future__ import annotations

from fractions import Fraction

import pytest

from surveyapp.statistics.attrition import (
    as_if_nobody_had_left,
    leavers_and_stayers,
    leavers_over_items,
    retention,
    trait_of_leavers,
)
from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.proportions import agreement

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
LOW, HIGH = count(FIVE, [1, 2, 2, 3, 1, 2, 4]), count(FIVE, [4, 5, 3, 5, 4])
FOUR = count(FIVE, [5] * 4)


def test_retention_names_its_denominators() -> None:
    found = retention(30, previous=40, first=50, invited=60)
    values = [found.of_previous.value, found.of_first.value, found.of_invited.value]
    assert values == [Fraction(3, 4), Fraction(3, 5), Fraction(1, 2)]
    assert [found.of_previous.n, found.of_first.n, found.of_invited.n] == [40, 50, 60]
    assert retention(0, previous=0, first=0, invited=0).of_first.reason is Undefined.NO_VALID_RATINGS


def test_people_can_come_back_and_nobody_answers_uninvited() -> None:
    assert retention(30, previous=20, first=40, invited=60).of_previous.value == Fraction(3, 2)
    with pytest.raises(ValueError, match="not invited"):
        retention(30, previous=20, first=20, invited=29)
    with pytest.raises(ValueError, match="negative"):
        retention(-1, previous=0, first=0, invited=3)


def test_leavers_and_stayers_show_nothing_where_a_side_is_small() -> None:
    for leavers, stayers in ((FOUR, LOW), (LOW, FOUR)):
        small = leavers_and_stayers(leavers, stayers, k=5)
        assert small.is_suppressed
        assert (small.leavers, small.stayers, small.comparison) == (0, 0, None)
        assert small.reason is Undefined.FEWER_THAN_K


def test_those_who_left_had_rated_higher() -> None:
    shown = leavers_and_stayers(HIGH, LOW, k=5)
    assert (shown.leavers, shown.stayers, shown.is_suppressed) == (5, 7, False)
    assert shown.comparison is not None
    assert shown.comparison.effect.value == Fraction(31 - 1, 35)


def test_items_on_which_leavers_lie_far_apart() -> None:
    items = [
        leavers_and_stayers(HIGH, LOW, k=5),
        leavers_and_stayers(LOW, LOW, k=5),
        leavers_and_stayers(FOUR, LOW, k=5),
        leavers_and_stayers(LOW, HIGH, k=5),
    ]
    found = leavers_over_items(items)
    assert (found.far_apart.value, found.far_apart.n, found.far_apart.missing) == (2, 3, 1)
    assert items[0].comparison is not None
    assert found.p_values[0] == pytest.approx(3 * (items[0].comparison.test.p or 0))
    assert found.p_values[2] is None
    assert leavers_over_items(items[2:3]).far_apart.reason is Undefined.FEWER_THAN_K
    assert leavers_over_items([]).p_values == ()


def test_a_delta_of_exactly_the_limit_is_not_beyond_it() -> None:
    stayers = Counts(FIVE, (5, 0, 3, 0, 2))
    just = leavers_and_stayers(Counts(FIVE, (0, 0, 9, 1, 0)), stayers, k=5)
    more = leavers_and_stayers(Counts(FIVE, (0, 0, 8, 2, 0)), stayers, k=5)
    assert just.comparison is not None
    assert just.comparison.effect.value == Fraction(33, 100)
    assert [leavers_over_items([each]).far_apart.value for each in (just, more)] == [0, 1]


def test_a_trait_of_leavers_is_not_told_of_few() -> None:
    assert trait_of_leavers((4, 0), (10, 10), k=5).reason is Undefined.FEWER_THAN_K
    found = trait_of_leavers((5, 1), (3, 9), k=5)
    assert (found.statistic, found.n) == (Fraction(5, 6) - Fraction(1, 4), 18)


def test_agreement_that_stands_on_who_left() -> None:
    """Six of seven agree now; with the five who left in dissent it was half."""
    now, left = count(FIVE, [4, 4, 5, 5, 4, 4, 2]), count(FIVE, [1, 1, 2, 2, 1, None], dont_know=2)
    together = as_if_nobody_had_left(now, left, k=5)
    assert isinstance(together, Counts)
    assert (agreement(now).value, agreement(together).value) == (Fraction(6, 7), Fraction(1, 2))
    assert (together.blank, together.dont_know) == (0, 0)
    assert as_if_nobody_had_left(now, FOUR, k=5) is Undefined.FEWER_THAN_K
