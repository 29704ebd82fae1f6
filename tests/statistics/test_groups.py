"""Groups side by side: published examples, all ways of dealing ratings out, other programs, and edges."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.groups import (
    cliffs_delta,
    fisher_exact,
    kruskal_wallis,
    mann_whitney,
    pairwise_mann_whitney,
)
from surveyapp.statistics.measure import Undefined

FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
LOW = [1, 2, 2, 3, 1, 2, 4, 2, 3, 1, 2]
HIGH = [4, 5, 3, 5, 4, 4, 2, 5, 5, 4, 3]
RATINGS = st.lists(st.integers(1, 5), min_size=5, max_size=25)


def on_their_own_scale(*groups: list[int]) -> list[Counts]:
    """Numbers of a published example, counted on a scale of just these numbers."""
    scale = RatingScale(tuple(sorted({value for group in groups for value in group})))
    return [count(scale, group) for group in groups]


def test_permeability_of_hollander_and_wolfe() -> None:
    """Hollander and Wolfe 1973, 69f., in hundredths; U = 35, one-sided p = 0.1272 without ties.

    Checked against R, package stats, help page of wilcox.test, "Two-sample test": its data, and what R prints
    for the example (W = 35, p-value = 0.1272). The book was not at hand.
    """
    term = [80, 83, 189, 104, 145, 138, 191, 164, 73, 146]
    early = [115, 88, 90, 74, 121]
    found = mann_whitney(*on_their_own_scale(term, early))
    assert found.test.statistic == 35
    assert found.test.p == pytest.approx(2 * 0.1272, abs=0.0001)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(1, 4), min_size=5, max_size=6), st.lists(st.integers(1, 4), min_size=5, max_size=7)
)
def test_small_groups_are_tested_over_all_ways_to_deal_the_ratings_out(
    first: list[int], second: list[int]
) -> None:
    found = mann_whitney(count(FIVE, first), count(FIVE, second)).test
    everybody = first + second
    if len(set(everybody)) == 1:
        assert (found.p, found.reason) == (1, Undefined.NO_VARIATION)
        return

    def twice_u(mine: list[int], theirs: list[int]) -> int:
        return sum((a > b) * 2 + (a == b) for a in mine for b in theirs)

    middle = len(first) * len(second)
    far = abs(twice_u(first, second) - middle)
    ways = [set(chosen) for chosen in combinations(range(len(everybody)), len(first))]
    reached = sum(
        abs(
            twice_u(
                [everybody[place] for place in chosen],
                [value for place, value in enumerate(everybody) if place not in chosen],
            )
            - middle
        )
        >= far
        for chosen in ways
    )
    assert found.p == pytest.approx(reached / len(ways))


def test_without_ties_the_exact_test_is_that_of_scipy() -> None:
    from scipy.stats import mannwhitneyu

    first, second = list(range(1, 50, 2)), list(range(20, 69, 2))
    found = mann_whitney(*on_their_own_scale(first, second))
    assert found.test.p == pytest.approx(mannwhitneyu(first, second, method="exact").pvalue)


def test_beyond_fifty_people_the_normal_test_agrees_with_scipy() -> None:
    from scipy.stats import mannwhitneyu

    first, second = LOW * 3, HIGH * 3
    found = mann_whitney(count(FIVE, first), count(FIVE, second))
    theirs = mannwhitneyu(first, second, method="asymptotic")
    assert found.test.statistic == theirs.statistic
    assert found.test.p == pytest.approx(theirs.pvalue)
    assert found.effect.number == pytest.approx(2 * theirs.statistic / (33 * 33) - 1)


def test_edges_of_two_groups() -> None:
    nobody, alike = count(FIVE, []), count(FIVE, [3] * 5)
    assert cliffs_delta(nobody, alike).reason is Undefined.NO_VALID_RATINGS
    assert mann_whitney(nobody, alike).test.reason is Undefined.NO_VALID_RATINGS
    same, few = mann_whitney(alike, alike).test, mann_whitney(count(FIVE, [1, 2]), alike)
    assert (same.p, same.reason) == (1, Undefined.NO_VARIATION)
    assert (few.test.p, few.test.reason) == (None, Undefined.TOO_FEW_RATINGS)
    assert few.effect.value == -1
    for measure in (cliffs_delta, mann_whitney):
        with pytest.raises(ValueError, match="different scales"):
            measure(alike, count(RatingScale((2, 3, 4, 5, 6)), [2]))


@given(RATINGS, RATINGS)
def test_the_delta_turns_with_the_groups_and_keeps_its_bounds(first: list[int], second: list[int]) -> None:
    one, other = count(FIVE, first), count(FIVE, second)
    delta = cliffs_delta(one, other).value
    assert isinstance(delta, Fraction)
    assert -1 <= delta <= 1
    assert cliffs_delta(other, one).value == -delta
    assert mann_whitney(one, other).test.p == mann_whitney(other, one).test.p
    wins = sum((a > b) - (a < b) for a in first for b in second)
    assert delta == Fraction(wins, len(first) * len(second))


def test_airways_of_hollander_and_wolfe() -> None:
    """Hollander and Wolfe 1973, 116, in tenths: three kinds of subjects; H = 0.771.

    Checked against R, package stats, help page of kruskal.test, "Mucociliary efficiency": its data, and what
    R prints for the example (chi-squared = 0.77143, df = 2). The book was not at hand.
    """
    healthy, obstructed, asbestosis = [29, 30, 25, 26, 32], [38, 27, 40, 24], [28, 34, 37, 22, 20]
    found = kruskal_wallis(on_their_own_scale(healthy, obstructed, asbestosis))
    assert float(found.test.statistic or 0) == pytest.approx(0.77143, abs=5e-6)
    assert (found.test.p, found.test.reason) == (None, Undefined.TOO_FEW_RATINGS)


def test_kruskal_wallis_agrees_with_scipy() -> None:
    from scipy.stats import kruskal

    groups = [LOW, HIGH, [3, 3, 4, 2, 3, 5, 1]]
    found = kruskal_wallis([count(FIVE, []), *(count(FIVE, each) for each in groups)])
    theirs = kruskal(*groups)
    assert float(found.test.statistic or 0) == pytest.approx(theirs.statistic)
    assert found.test.p == pytest.approx(theirs.pvalue)
    assert found.effect.number == pytest.approx(theirs.statistic / (29 - 1))


def test_kruskal_wallis_says_when_there_is_nothing_to_compare() -> None:
    assert kruskal_wallis([]).effect.reason is Undefined.NO_VALID_RATINGS
    assert kruskal_wallis([count(FIVE, [])]).test.reason is Undefined.NO_VALID_RATINGS
    alike = kruskal_wallis([count(FIVE, [2] * 5)] * 3)
    assert (alike.effect.reason, alike.test.p) == (Undefined.ALL_TIED, 1)
    with pytest.raises(ValueError, match="different scales"):
        kruskal_wallis([count(FIVE, LOW), count(RatingScale((2, 3, 4, 5, 6)), [2])])


def test_pairs_of_groups_are_adjusted_over_those_that_could_be_tested() -> None:
    groups = {"a": count(FIVE, LOW), "b": count(FIVE, HIGH), "c": count(FIVE, [3] * 6), "d": count(FIVE, [5])}
    found = pairwise_mann_whitney(groups)
    assert list(found) == [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    plain = {pair: mann_whitney(groups[pair[0]], groups[pair[1]]).test.p for pair in found}
    smallest = min((p, pair) for pair, p in plain.items() if p is not None)[1]
    assert found[smallest].test.p == pytest.approx(3 * (plain[smallest] or 0))
    assert found["a", "b"].test.convention.endswith("Holm")
    assert found["a", "d"].test.reason is Undefined.TOO_FEW_RATINGS


def test_fishers_lady_tasting_tea() -> None:
    """Eight cups, four of each kind: of 70 ways to name them one is all right, and 16 have three of four.

    Checked against R, package stats, help page of fisher.test, "Fisher's Tea Drinker" (after Agresti 1990,
    p. 61f): three of four right is p = 0.2429 one-sided there, and 0.4857 as R prints it two-sided.
    """
    assert fisher_exact((4, 0), (0, 4)).p == pytest.approx(2 / 70)
    three = fisher_exact((3, 1), (1, 3)).p
    assert three == pytest.approx(2 * 0.2429, abs=0.0001)
    assert three == pytest.approx(0.4857, abs=5e-5)


def test_fishers_convictions_of_twins() -> None:
    """Checked against R, package stats, help page of fisher.test, "Criminal convictions of like-sex twins".

    The data are there (after Fisher 1962, 1970); R prints p-value = 0.0005367 for the two-sided test.
    """
    assert fisher_exact((2, 10), (15, 3)).p == pytest.approx(0.0005367, abs=5e-8)


@given(*[st.integers(0, 12)] * 4)
def test_fishers_exact_test_is_that_of_scipy(a: int, b: int, c: int, d: int) -> None:
    from scipy.stats import fisher_exact as theirs

    found = fisher_exact((a, b), (c, d))
    if not a + b or not c + d:
        assert found.reason is Undefined.NO_VALID_RATINGS
    else:
        assert found.p == pytest.approx(theirs([[a, b], [c, d]]).pvalue)
        assert fisher_exact((b, a), (d, c)).p == found.p
        assert (found.reason is Undefined.NO_VARIATION) == (a + c == 0 or b + d == 0)


def test_no_group_has_fewer_than_nobody() -> None:
    with pytest.raises(ValueError, match="never negative"):
        fisher_exact((-1, 2), (3, 4))
