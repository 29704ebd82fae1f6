"""Groups, adjusted p-values and leavers: SciPy and statsmodels as second opinions, and edges."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.attrition import fisher_exact, leavers_and_stayers, retention
from surveyapp.statistics.bootstrap import bootstrap_interval
from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.groups import (
    benjamini_hochberg,
    cliffs_delta,
    holm,
    kruskal_wallis,
    mann_whitney,
)
from surveyapp.statistics.measure import Undefined

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
LOW = [1, 2, 2, 3, 1, 2, 4, 2, 3, 1, 2]
HIGH = [4, 5, 3, 5, 4, 4, 2, 5, 5, 4, 3]
RATINGS = st.lists(st.integers(1, 5), min_size=5, max_size=25)


def test_the_normal_test_agrees_with_scipy() -> None:
    from scipy.stats import mannwhitneyu

    found = mann_whitney(count(FIVE, LOW), count(FIVE, HIGH))
    theirs = mannwhitneyu(LOW, HIGH, method="asymptotic")
    assert found.statistic == theirs.statistic
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.effect.number == pytest.approx(2 * theirs.statistic / (11 * 11) - 1)


def test_a_small_panel_is_permuted_and_repeatable() -> None:
    first = mann_whitney(count(FIVE, LOW[:6]), count(FIVE, HIGH[:6]))
    assert first == mann_whitney(count(FIVE, LOW[:6]), count(FIVE, HIGH[:6]))
    assert first.p is not None
    assert 0 < first.p < 0.05


def test_edges_of_two_groups() -> None:
    nobody, alike = count(FIVE, []), count(FIVE, [3] * 5)
    assert cliffs_delta(nobody, alike).reason is Undefined.NO_VALID_RATINGS
    assert mann_whitney(alike, alike).p == 1.0
    assert mann_whitney(count(FIVE, [1, 2]), alike).p is None
    with pytest.raises(ValueError, match="different scales"):
        mann_whitney(alike, count(RatingScale((1, 2, 3)), [1]))


@given(RATINGS, RATINGS)
def test_the_delta_turns_with_the_groups_and_keeps_its_bounds(first: list[int], second: list[int]) -> None:
    one, other = count(FIVE, first), count(FIVE, second)
    delta = cliffs_delta(one, other).value
    assert isinstance(delta, Fraction)
    assert -1 <= delta <= 1
    assert cliffs_delta(other, one).value == -delta
    wins = sum((a > b) - (a < b) for a in first for b in second)
    assert delta == Fraction(wins, len(first) * len(second))


def test_kruskal_wallis_agrees_with_scipy() -> None:
    from scipy.stats import kruskal

    groups = [LOW, HIGH, [3, 3, 4, 2, 3, 5, 1]]
    found = kruskal_wallis([count(FIVE, each) for each in groups])
    theirs = kruskal(*groups)
    assert found.statistic == pytest.approx(theirs.statistic)
    assert found.p == pytest.approx(theirs.pvalue)


def test_kruskal_wallis_says_when_there_is_nothing_to_compare() -> None:
    assert kruskal_wallis([count(FIVE, [])]).effect.reason is Undefined.NO_VALID_RATINGS
    assert kruskal_wallis([count(FIVE, [2] * 5)] * 3).effect.reason is Undefined.ALL_TIED
    assert kruskal_wallis([count(FIVE, [1, 2]), count(FIVE, [3] * 5)]).p is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=12))
def test_adjusted_p_values_agree_with_statsmodels(p_values: list[float | None]) -> None:
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if p is not None]
    for mine, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        found = mine(p_values)
        assert [p is None for p in found] == [p is None for p in p_values]
        if known:
            theirs = multipletests(known, method=method)[1]
            assert [p for p in found if p is not None] == pytest.approx(list(theirs))


def test_retention_names_its_denominators() -> None:
    found = retention(30, previous=40, first=50, invited=60)
    values = [found.of_previous.value, found.of_first.value, found.of_invited.value]
    assert values == [Fraction(3, 4), Fraction(3, 5), Fraction(1, 2)]
    assert retention(0, previous=0, first=0, invited=0).of_first.reason is Undefined.NO_VALID_RATINGS


def test_leavers_and_stayers_show_nothing_where_a_side_is_small() -> None:
    small = leavers_and_stayers(count(FIVE, [5] * 4), count(FIVE, LOW), k=5)
    assert (small.is_suppressed, small.leavers, small.stayers, small.comparison) == (True, 0, 0, None)
    shown = leavers_and_stayers(count(FIVE, HIGH[:5]), count(FIVE, LOW), k=5)
    assert shown.comparison is not None
    assert shown.comparison.effect.number is not None
    assert shown.comparison.effect.number > 0.5


def test_fishers_exact_test() -> None:
    # Fisher's lady tasting tea, all eight cups named rightly.
    assert fisher_exact((4, 0), (0, 4)) == pytest.approx(2 / 70)
    assert fisher_exact((0, 0), (1, 2)) is None


def test_the_bootstrap_repeats_itself_and_knows_when_it_cannot() -> None:
    first = bootstrap_interval([1, 2, 3, 4, 5, 5], lambda drawn: sum(drawn) / len(drawn), seed=3, draws=500)
    assert first is not None
    assert first.low < 20 / 6 < first.high
    assert first == bootstrap_interval(
        [1, 2, 3, 4, 5, 5], lambda drawn: sum(drawn) / len(drawn), seed=3, draws=500
    )
    assert bootstrap_interval([1], lambda _: 1.0, seed=3, draws=5) is None
    assert bootstrap_interval([1, 2], lambda _: None, seed=3, draws=5) is None
