"""Change between rounds: delphyR's paired changes, SciPy and statsmodels as second opinions, and edges."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import PairCounts, RatingScale, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.stability import (
    ChangeTest,
    bowker,
    distribution_shift,
    mcnemar,
    mean_absolute_change,
    mean_signed_change,
    moved_towards,
    share_changed,
    sign_test,
    spearman,
    variation_change,
    wilcoxon_signed_rank,
)

NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))
FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
NOTHING = count_pairs(NINE, [])


def test_the_paired_changes_of_the_delphyr_reference() -> None:
    # Changes of 1, 0, -1, 0: half have changed, by half a point on average, and the net is none.
    pairs = count_pairs(NINE, [(5, 6), (7, 7), (4, 3), (9, 9)])
    assert share_changed(pairs).value == Fraction(1, 2)
    assert mean_absolute_change(pairs).value == Fraction(1, 2)
    assert mean_signed_change(pairs).value == 0


def test_a_net_shift_of_nought_can_hide_opposite_moves() -> None:
    pairs = count_pairs(FIVE, [(1, 5)] * 5 + [(5, 1)] * 5)
    assert distribution_shift(pairs).value == 0
    assert share_changed(pairs).value == 1


def test_the_shift_is_half_the_difference_of_the_histograms() -> None:
    pairs = count_pairs(FIVE, [(1, 2), (2, 2), (3, 3), (4, 4)])
    assert distribution_shift(pairs).value == Fraction(1, 4)


def test_who_came_closer_to_the_median_that_was_shown() -> None:
    pairs = count_pairs(FIVE, [(1, 3), (5, 4), (4, 4), (4, 5)])
    assert moved_towards(pairs, Fraction(4)).value == Fraction(2, 4)


@pytest.mark.parametrize(
    "measure",
    [share_changed, mean_absolute_change, mean_signed_change, distribution_shift, variation_change, spearman],
)
def test_without_pairs_there_is_no_value(measure: object) -> None:
    assert measure(NOTHING).reason is Undefined.NO_PAIRABLE_VALUES  # type: ignore[operator]  # each is a measure


@pytest.mark.parametrize("test", [wilcoxon_signed_rank, sign_test, mcnemar, bowker])
def test_without_pairs_there_is_no_test_and_without_changes_nothing_to_test(
    test: Callable[[PairCounts], ChangeTest],
) -> None:
    nothing, nobody = test(NOTHING), test(count_pairs(FIVE, [(3, 3)] * 6))
    assert (nothing.p, nothing.reason) == (None, Undefined.NO_PAIRABLE_VALUES)
    assert (nobody.p, nobody.changes, nobody.n, nobody.reason) == (1.0, 0, 6, Undefined.NO_CHANGES)


def test_the_exact_signed_rank_test_agrees_with_scipy_without_ties() -> None:
    from scipy.stats import wilcoxon

    pairs = [(1, 9), (2, 8), (3, 8), (5, 9), (6, 8), (9, 6), (7, 8)]
    found = wilcoxon_signed_rank(count_pairs(NINE, pairs))
    theirs = wilcoxon([now - before for before, now in pairs], method="exact")
    assert found.p == pytest.approx(theirs.pvalue)


def test_the_exact_test_of_tied_ranks_counts_every_sign() -> None:
    from itertools import product

    pairs = [(1, 3), (2, 4), (5, 4), (3, 6), (6, 7), (2, 2)]
    found = wilcoxon_signed_rank(count_pairs(NINE, pairs))
    # |d| = 2, 2, 1, 3, 1 have the ranks 3.5, 3.5, 1.5, 5, 1.5; upwards: all but the third.
    ranks = (3.5, 3.5, 1.5, 5.0, 1.5)
    sums = [sum(r for r, up in zip(ranks, signs, strict=True) if up) for signs in product((0, 1), repeat=5)]
    far = abs(13.5 - 7.5)
    assert found.p == pytest.approx(sum(abs(each - 7.5) >= far for each in sums) / 32)
    assert found.effect == pytest.approx((2 * 13.5 - 15) / 15)


def test_beyond_twenty_changes_the_normal_one_agrees_with_scipy() -> None:
    from scipy.stats import wilcoxon

    pairs = [(3, 4)] * 12 + [(4, 2)] * 6 + [(2, 5)] * 5
    found = wilcoxon_signed_rank(count_pairs(FIVE, pairs))
    theirs = wilcoxon([now - before for before, now in pairs], method="approx", correction=False)
    assert found.p == pytest.approx(theirs.pvalue)


def test_mcnemar_is_exact_as_in_statsmodels() -> None:
    from statsmodels.stats.contingency_tables import mcnemar as theirs

    pairs = [(1, 4)] * 7 + [(5, 2)] * 2 + [(4, 5)] * 6 + [(2, 1)] * 3
    found = mcnemar(count_pairs(FIVE, pairs))
    assert found.p == pytest.approx(theirs([[6, 2], [7, 3]], exact=True).pvalue)
    assert found.changes == 9
    assert found.effect == pytest.approx(5 / 9)


def test_bowker_agrees_with_statsmodels_where_no_pair_is_empty() -> None:
    import numpy as np
    from statsmodels.stats.contingency_tables import SquareTable

    three = RatingScale((1, 2, 3))
    pairs = [(1, 2)] * 5 + [(2, 1)] * 2 + [(1, 3)] * 3 + [(3, 1)] * 6 + [(2, 3)] * 4 + [(3, 2)] + [(2, 2)] * 8
    table = count_pairs(three, pairs)
    found = bowker(table)
    theirs = SquareTable(np.array(table.of), shift_zeros=False).symmetry()
    assert found.p == pytest.approx(theirs.pvalue)
    assert float(found.statistic or 0) == pytest.approx(theirs.statistic)


def test_spearman_agrees_with_scipy_and_knows_its_limits() -> None:
    from scipy.stats import spearmanr

    pairs = [(1, 2), (2, 2), (3, 5), (4, 3), (5, 4), (3, 3), (2, 1)]
    theirs = spearmanr([before for before, _ in pairs], [now for _, now in pairs])
    assert spearman(count_pairs(FIVE, pairs)).number == pytest.approx(theirs.statistic)
    assert spearman(count_pairs(FIVE, pairs[:2])).reason is Undefined.TOO_FEW_RATINGS
    assert spearman(count_pairs(FIVE, [(3, 3), (3, 4), (3, 5)])).reason is Undefined.NO_VARIATION


def test_the_change_of_variation() -> None:
    pairs = count_pairs(FIVE, [(1, 3), (5, 3), (3, 3)])
    assert variation_change(pairs).number == pytest.approx(-2 / 3)
    assert variation_change(pairs, relative=True).number == pytest.approx(-1)
    assert variation_change(turned(pairs), relative=True).reason is Undefined.NO_VARIATION
    assert variation_change(count_pairs(FIVE, [(3, 3)])).reason is Undefined.TOO_FEW_RATINGS
    around_nought = count_pairs(RatingScale((-1, 0, 1)), [(-1, 1), (1, 0)])
    assert variation_change(around_nought).reason is Undefined.MEAN_IS_ZERO


PAIRED = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=30)


def turned(pairs: PairCounts) -> PairCounts:
    return PairCounts(pairs.scale, tuple(zip(*pairs.of, strict=True)))


@given(PAIRED)
def test_turning_the_rounds_round_turns_signs_and_nothing_else(given_pairs: list[tuple[int, int]]) -> None:
    pairs = count_pairs(FIVE, given_pairs)
    other = turned(pairs)
    assert share_changed(pairs).value == share_changed(other).value
    assert distribution_shift(pairs).value == distribution_shift(other).value
    signed = mean_signed_change(pairs).value
    assert isinstance(signed, Fraction)
    assert mean_signed_change(other).value == -signed
    first, second = wilcoxon_signed_rank(pairs), wilcoxon_signed_rank(other)
    assert first.p == second.p
    assert 0 < (first.p or 0) <= 1
