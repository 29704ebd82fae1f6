"""Change between rounds: who, how far, where to; exact and only over those who rated twice."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import PairCounts, RatingScale, count, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.stability import (
    changes,
    cv_change,
    mean_absolute_change,
    mean_signed_change,
    moved_toward,
    share_changed,
    shift,
    shift_of_shares,
)

FIVE = RatingScale((1, 2, 3, 4, 5))
OF_PAIRS = (share_changed, mean_absolute_change, mean_signed_change, shift)
pairs_of_five = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=30)


def test_reference_case_of_four_changes() -> None:
    """The reference case of delphyR: changes 1, 0, -1, 0."""
    pairs = count_pairs(FIVE, [(2, 3), (4, 4), (5, 4), (1, 1)])
    assert changes(pairs) == {1: 1, 0: 2, -1: 1}
    found = [measure(pairs).value for measure in (share_changed, mean_absolute_change, mean_signed_change)]
    assert found == [Fraction(1, 2), Fraction(1, 2), 0]
    assert share_changed(pairs).n == 4


def test_a_net_shift_of_nothing_can_hide_opposite_moves() -> None:
    swapped = count_pairs(FIVE, [(1, 5), (5, 1), (3, 3), (3, 3)])
    assert (shift(swapped).value, share_changed(swapped).value) == (0, Fraction(1, 2))


def test_stable_is_less_than_fifteen_percent() -> None:
    """Scheibe, Skutsch and Schofer 1975: 3 of 20 net moves are 15 %, which is not less."""
    pairs = count_pairs(FIVE, [(3, 4)] * 3 + [(3, 3)] * 17)
    assert shift(pairs).value == Fraction(15, 100)
    assert shift(count_pairs(FIVE, [(3, 4)] * 2 + [(3, 3)] * 18)).value == Fraction(10, 100)


def test_unequal_rounds_are_compared_by_shares() -> None:
    before, now = count(FIVE, [1, 1, 2, 2]), count(FIVE, [1, 2, 2, 2, 2, 2, 2, 2])
    found = shift_of_shares(before, now)
    assert (found.value, found.n) == (Fraction(3, 8), 8)
    assert shift_of_shares(before, count(FIVE, [1, 2] * 7)).value == 0
    with pytest.raises(ValueError, match="different scales"):
        shift_of_shares(before, count(RatingScale((1, 2)), [1]))


def test_moves_are_held_against_what_each_was_shown() -> None:
    # Shown 4: one comes nearer, one overshoots to the same distance, one goes away, two stay.
    first = count_pairs(FIVE, [(2, 3), (3, 5), (4, 2), (1, 1), (4, 4)])
    # Shown 2.5: from 1 to 4 is as far as before; from 5 to 3 is nearer.
    second = count_pairs(FIVE, [(1, 4), (5, 3)])
    assert moved_toward((first, Fraction(4))).value == Fraction(1, 5)
    assert moved_toward((first, Fraction(4)), of="changed").value == Fraction(1, 3)
    both = moved_toward((first, Fraction(4)), (second, Fraction(5, 2)))
    assert (both.value, both.n) == (Fraction(2, 7), 7)
    stayed = count_pairs(FIVE, [(1, 1)])
    assert moved_toward((stayed, Fraction(3)), of="changed").reason is Undefined.NO_CHANGES
    assert moved_toward((stayed, Fraction(3))).value == 0


def test_change_of_the_coefficient_of_variation() -> None:
    before, now = count(FIVE, [1, 2, 3]), count(FIVE, [2, 3, 4])
    assert cv_change(before, now).value == Fraction(1, 3) - Fraction(1, 2)
    assert cv_change(before, now, relative=True).value == Fraction(-1, 3)
    assert cv_change(count(FIVE, [3, 3]), now, relative=True).reason is Undefined.NO_VARIATION
    assert cv_change(count(FIVE, [3]), now).reason is Undefined.TOO_FEW_RATINGS
    assert cv_change(before, count(FIVE, [])).reason is Undefined.NO_VALID_RATINGS
    around_zero = count(RatingScale((-1, 0, 1)), [-1, 1])
    assert cv_change(around_zero, around_zero).reason is Undefined.MEAN_IS_ZERO


def test_without_matched_panellists_nothing_can_be_said() -> None:
    nobody = PairCounts(FIVE, ((0,) * 5,) * 5, before_only=3, now_only=2)
    for measure in OF_PAIRS:
        found = measure(nobody)
        assert (found.reason, found.n, found.missing) == (Undefined.NO_PAIRABLE_VALUES, 0, 5)
    assert moved_toward((nobody, Fraction(3))).reason is Undefined.NO_PAIRABLE_VALUES
    assert moved_toward().reason is Undefined.NO_PAIRABLE_VALUES
    assert shift_of_shares(count(FIVE, []), count(FIVE, [1])).reason is Undefined.NO_PAIRABLE_VALUES


@given(pairs_of_five)
def test_back_again_is_the_same_way(moves: list[tuple[int, int]]) -> None:
    there, back = count_pairs(FIVE, moves), count_pairs(FIVE, [(now, before) for before, now in moves])
    for measure in (share_changed, mean_absolute_change, shift):
        found = measure(there)
        assert found == measure(back)
        assert isinstance(found.value, Fraction)
        assert found.value >= 0
    signed, returned = mean_signed_change(there).value, mean_signed_change(back).value
    assert isinstance(signed, Fraction)
    assert isinstance(returned, Fraction)
    assert signed == -returned == Fraction(sum(now - before for before, now in moves), len(moves))
    net, share = shift(there).value, share_changed(there).value
    assert isinstance(net, Fraction)
    assert isinstance(share, Fraction)
    assert net <= share
    assert shift(there).value == shift_of_shares(there.before, there.now).value
