"""Tests of change: published examples, the second opinion of SciPy and statsmodels, nothing to test."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.change_tests import (
    bowker,
    chi_square_of_rounds,
    mcnemar,
    rank_biserial,
    sign_test,
    wilcoxon_signed_rank,
)
from surveyapp.statistics.counts import PairCounts, RatingScale, count, count_pairs
from surveyapp.statistics.measure import Undefined

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
TESTS = (wilcoxon_signed_rank, sign_test, mcnemar, bowker)
pairs_of_five = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=12)


def test_signed_ranks_as_published() -> None:
    """Hollander and Wolfe 1973, p. 29: depression of nine patients before and after; V = 40, p = 0.0391."""
    before = [1830, 500, 1620, 2480, 1680, 1880, 1550, 3060, 1300]
    after = [878, 647, 598, 2050, 1060, 1290, 1060, 3140, 1290]
    scale = RatingScale(tuple(sorted({*before, *after})))
    found = wilcoxon_signed_rank(count_pairs(scale, zip(after, before, strict=True)))
    assert (found.statistic, found.n) == (40, 9)
    assert found.p == pytest.approx(0.0390625)
    assert rank_biserial(count_pairs(scale, zip(after, before, strict=True))).value == Fraction(35, 45)


@settings(max_examples=25, deadline=None)
@given(pairs_of_five)
def test_exact_signed_ranks_are_those_of_all_permutations(moves: list[tuple[int, int]]) -> None:
    from scipy.stats import PermutationMethod, wilcoxon

    differences = [now - before for before, now in moves if now != before]
    found = wilcoxon_signed_rank(count_pairs(FIVE, moves))
    if not differences:
        assert (found.p, found.reason) == (1, Undefined.NO_CHANGES)
        return
    if len(differences) > 1:  # theirs takes one change for a normal case
        theirs = wilcoxon(differences, method=PermutationMethod(n_resamples=2**12))
        assert found.p == pytest.approx(theirs.pvalue)


def test_many_signed_ranks_are_those_of_scipy() -> None:
    from scipy.stats import wilcoxon

    moves = [(1 + k % 5, 1 + (k * k + 1) % 5) for k in range(40)] + [(2, 3)] * 7
    found = wilcoxon_signed_rank(count_pairs(FIVE, moves))
    differences = [now - before for before, now in moves if now != before]
    theirs = wilcoxon(differences, method="asymptotic", correction=False)
    assert found.n == len(differences) > 20
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.statistic is not None
    n = found.n
    assert min(found.statistic, n * (n + 1) / 2 - found.statistic) == theirs.statistic


def test_exact_and_normal_agree_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    twenty = count_pairs(FIVE, [(2, 3)] * 9 + [(3, 1)] * 8 + [(1, 4)] * 3)
    exact = wilcoxon_signed_rank(twenty)
    monkeypatch.setattr("surveyapp.statistics.change_tests.EXACT_UP_TO", 19)
    normal = wilcoxon_signed_rank(twenty)
    assert "exact" in exact.convention
    assert "normal" in normal.convention
    assert normal.p == pytest.approx(exact.p, abs=0.03)


@given(pairs_of_five)
def test_signs_are_those_of_scipys_binomial(moves: list[tuple[int, int]]) -> None:
    from scipy.stats import binomtest

    up, down = sum(now > before for before, now in moves), sum(now < before for before, now in moves)
    found = sign_test(count_pairs(FIVE, moves))
    if up + down == 0:
        assert (found.p, found.reason) == (1, Undefined.NO_CHANGES)
    else:
        assert found.p == pytest.approx(binomtest(up, up + down).pvalue)
        assert (found.statistic, found.n) == (up, up + down)


def test_symmetry_as_published() -> None:
    """Agresti 1990, Categorical Data Analysis, p. 350: approval of 1600 people asked twice; 17.36."""
    asked = PairCounts(RatingScale((0, 1), (1,)), ((570, 86), (150, 794)))
    found = bowker(asked)
    assert found.statistic == Fraction(64**2, 236)
    assert float(found.statistic) == pytest.approx(17.36, abs=0.005)
    assert found.convention == "chi-square, df 1"


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=60))
def test_symmetry_and_shares_are_those_of_statsmodels(moves: list[tuple[int, int]]) -> None:
    import numpy as np
    from scipy.stats import chi2
    from statsmodels.stats.contingency_tables import SquareTable
    from statsmodels.stats.contingency_tables import mcnemar as theirs_mcnemar

    pairs = count_pairs(FIVE, moves)
    table = np.array(pairs.of, dtype=float)
    share = np.array([[table[:3, :3].sum(), table[:3, 3:].sum()], [table[3:, :3].sum(), table[3:, 3:].sum()]])
    found = mcnemar(pairs)
    assert found.p == pytest.approx(theirs_mcnemar(share, exact=True).pvalue)
    if share[0, 1] + share[1, 0] == 0:
        assert found.reason is Undefined.NO_CHANGES
    symmetry = bowker(pairs)
    if symmetry.reason is None:
        # Theirs counts empty pairs of points as degrees of freedom; they can never differ.
        with np.errstate(invalid="ignore"):
            theirs = SquareTable(table, shift_zeros=False).symmetry()
        free = sum(1 for i in range(5) for j in range(i) if table[i, j] + table[j, i])
        assert symmetry.p == pytest.approx(chi2.sf(float(symmetry.statistic or 0), free))
        if free == 10:
            assert symmetry.p == pytest.approx(theirs.pvalue)


def test_chi_square_of_rounds_is_that_of_scipy() -> None:
    from scipy.stats import chi2_contingency

    before, now = count(FIVE, [1, 1, 2, 4, 4, 5]), count(FIVE, [2, 4, 4, 4, 5, 5, 5])
    found = chi_square_of_rounds(before, now)
    theirs = chi2_contingency([[2, 1, 2, 1], [0, 1, 3, 3]], correction=False)
    assert (float(found.statistic or 0), found.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    constant = chi_square_of_rounds(count(FIVE, [3]), count(FIVE, [3, 3]))
    assert (constant.p, constant.reason) == (1, Undefined.NO_VARIATION)
    assert chi_square_of_rounds(before, count(FIVE, [])).reason is Undefined.NO_PAIRABLE_VALUES
    with pytest.raises(ValueError, match="different scales"):
        chi_square_of_rounds(before, count(RatingScale((1, 2)), [1]))


def test_nothing_to_test_is_no_surprise() -> None:
    stayed, nobody = count_pairs(FIVE, [(2, 2), (5, 5)]), count_pairs(FIVE, [])
    for test in TESTS:
        unchanged = test(stayed)
        assert (unchanged.p, unchanged.reason, unchanged.statistic) == (1, Undefined.NO_CHANGES, None)
        assert (test(nobody).p, test(nobody).reason) == (None, Undefined.NO_PAIRABLE_VALUES)
    assert rank_biserial(stayed).reason is Undefined.NO_CHANGES
    assert rank_biserial(nobody).reason is Undefined.NO_PAIRABLE_VALUES
    plain = count_pairs(RatingScale((1, 2, 3)), [(1, 2)])
    assert mcnemar(plain).reason is Undefined.NOT_DEFINED_FOR_SCALE
    assert mcnemar(plain, (2, 3)).statistic == 1
    with pytest.raises(ValueError, match="outside the scale"):
        mcnemar(plain, (4,))


@given(pairs_of_five)
def test_back_again_is_as_surprising(moves: list[tuple[int, int]]) -> None:
    there, back = count_pairs(FIVE, moves), count_pairs(FIVE, [(now, before) for before, now in moves])
    for test in TESTS:
        found = test(there).p
        assert found == test(back).p
        assert found is not None
        assert 0 < found <= 1
    one, other = rank_biserial(there).value, rank_biserial(back).value
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        assert one == -other
        assert -1 <= one <= 1
