"""Tests of change: published examples, all arrangements of small panels, and where nothing is crossed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.counts import PairCounts, RatingScale, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.stability import bowker, mcnemar, sign_test, spearman, wilcoxon_signed_rank

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
PAIRED = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=10)


def test_signed_ranks_of_hollander_and_wolfe() -> None:
    """Hollander and Wolfe 1973, 29f.: depression of nine patients, in thousandths; V = 40, p = 0.0391.

    Checked against R: the data and V = 40 of the help page of wilcox.test (package stats, "One-sample test"),
    and p = 0.0391, which R's own regression tests (tests/reg-tests-1.R, PR 1150) hold against page 40 of the
    book's second edition. The book was not at hand.
    """
    before = [1830, 500, 1620, 2480, 1680, 1880, 1550, 3060, 1300]
    after = [878, 647, 598, 2050, 1060, 1290, 1060, 3140, 1290]
    scale = RatingScale(tuple(sorted({*before, *after})))
    found = wilcoxon_signed_rank(count_pairs(scale, zip(after, before, strict=True)))
    assert found.p == pytest.approx(0.0390625)
    assert found.statistic == 40
    assert found.effect == pytest.approx((40 - 5) / 45)


def test_rank_correlation_of_hollander_and_wolfe() -> None:
    """Hollander and Wolfe 1973, p. 187f.: colour and quality of tuna; rho = 0.6.

    Checked against R, package stats, help page of cor.test: its data, for which R's method "spearman" prints
    S = 48, rho = 0.6. The book has Kendall's coefficient of them, and was not at hand.
    """
    colour = [444, 459, 419, 533, 447, 441, 507, 452, 601]
    quality = [26, 31, 25, 50, 36, 40, 52, 28, 38]
    scale = RatingScale(tuple(sorted({*colour, *quality})))
    assert spearman(count_pairs(scale, zip(colour, quality, strict=True))).number == pytest.approx(0.6)


def test_symmetry_of_agresti() -> None:
    """Agresti 1990, Categorical Data Analysis, p. 350: 1600 asked twice; (150 − 86)² / 236 = 17.36.

    The data are those of R's help page of mcnemar.test (package stats), which cites that page of the book.
    No printed value was at hand: R's default corrects for continuity, and this test does not; the number is
    worked out here, and statsmodels gives the same without its correction.
    """
    asked = PairCounts(RatingScale((0, 1), (1,)), ((570, 86), (150, 794)))
    found = bowker(asked)
    assert (round(float(found.statistic or 0), 2), found.convention) == (17.36, "chi-square, df 1")
    assert found.changes == 236

    from statsmodels.stats.contingency_tables import mcnemar as theirs

    assert theirs([[570, 86], [150, 794]], exact=False, correction=False).statistic == pytest.approx(
        float(found.statistic or 0)
    )


@settings(max_examples=25, deadline=None)
@given(PAIRED)
def test_small_panels_are_tested_as_by_all_permutations(moves: list[tuple[int, int]]) -> None:
    from scipy.stats import PermutationMethod, binomtest, wilcoxon

    differences = [now - before for before, now in moves if now != before]
    ranks, signs = wilcoxon_signed_rank(count_pairs(FIVE, moves)), sign_test(count_pairs(FIVE, moves))
    if not differences:
        assert ranks.reason is signs.reason is Undefined.NO_CHANGES
        return
    up = sum(each > 0 for each in differences)
    assert signs.p == pytest.approx(binomtest(up, len(differences)).pvalue)
    if len(differences) > 1:  # a single change is no sample to SciPy
        theirs = wilcoxon(differences, method=PermutationMethod(n_resamples=2**10))
        assert ranks.p == pytest.approx(theirs.pvalue)


def test_without_points_of_agreement_nothing_can_be_crossed() -> None:
    plain = count_pairs(RatingScale((1, 2, 3)), [(1, 3), (3, 1), (2, 3)])
    assert (mcnemar(plain).p, mcnemar(plain).reason) == (None, Undefined.NOT_DEFINED_FOR_SCALE)
    assert bowker(plain).reason is None
