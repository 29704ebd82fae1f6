"""Kendall's W against published examples, SciPy and its own edges."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.concordance import kendall_w
from surveyapp.statistics.measure import Undefined

# Siegel and Castellan, Nonparametric Statistics (1988): three executives rank six applicants; W = .16.
EXECUTIVES = ((1, 6, 3, 2, 5, 4), (1, 5, 6, 4, 2, 3), (6, 3, 2, 5, 4, 1))


def test_the_worked_example_of_siegel_and_castellan() -> None:
    found = kendall_w(EXECUTIVES)
    assert found.w.number == pytest.approx(0.162, abs=0.001)
    assert (found.w.n, found.items) == (3, 6)
    assert "permutations" in found.test.convention
    assert found.test.p is not None
    assert found.test.p > 0.5


def test_ties_are_corrected_as_friedmans_test_does() -> None:
    from scipy.stats import friedmanchisquare

    ratings = (
        (5, 3, 3, 1, 2, 4, 4, 5),
        (4, 4, 2, 1, 3, 5, 3, 5),
        (5, 2, 3, 2, 2, 4, 4, 4),
        (3, 3, 3, 1, 1, 5, 5, 4),
    )
    found = kendall_w(ratings)
    chi2, p = friedmanchisquare(*zip(*ratings, strict=True))
    assert float(found.test.statistic or 0) == pytest.approx(chi2)
    assert found.w.number == pytest.approx(chi2 / (4 * 7))
    assert found.test.p == pytest.approx(p)


def test_who_did_not_rate_everything_is_left_out_and_counted() -> None:
    found = kendall_w((*EXECUTIVES, (1, None, 2, 3, 4, 5)))
    assert (found.w.value, found.w.n, found.w.missing) == (kendall_w(EXECUTIVES).w.value, 3, 1)


@pytest.mark.parametrize(
    ("ratings", "reason"),
    [
        ((), Undefined.TOO_FEW_RATINGS),
        (((1, 2, 3),), Undefined.TOO_FEW_RATINGS),
        (((1, None, 3), (None, 2, 3), (3, 2, None)), Undefined.PARTIAL_ASSIGNMENT),
        (((1,), (2,)), Undefined.TOO_FEW_POINTS),
        (((4, 4, 4), (2, 2, 2)), Undefined.ALL_TIED),
    ],
)
def test_where_there_is_no_w_it_says_why(
    ratings: tuple[tuple[float | None, ...], ...], reason: Undefined
) -> None:
    found = kendall_w(ratings)
    assert found.w.reason is found.test.reason is reason


@pytest.mark.parametrize("table", [((1, 2, 3), (1, 2)), ((1, float("nan")), (2, 1))])
def test_what_is_no_table_is_an_error(table: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"place for each item|a number"):
        kendall_w(table)


def test_the_permutations_come_close_to_all_arrangements() -> None:
    """Three raters of three items: of their 216 arrangements, looked at one by one, so many reach this W."""
    ranks = ((1, 2, 3), (1, 3, 2), (2, 1, 3))
    every = list(permutations((1, 2, 3)))
    found = kendall_w(ranks)
    reached = sum(kendall_w_of(rows) >= kendall_w_of(ranks) for rows in product(every, repeat=3))
    assert found.test.p == pytest.approx(reached / 216, abs=0.02)


def kendall_w_of(rows: tuple[tuple[int, ...], ...]) -> float:
    """12 S / (m²(n³ − n)), without ties."""
    sums = [sum(column) for column in zip(*rows, strict=True)]
    spread: int = sum((each - 6) * (each - 6) for each in sums)
    return 12 * spread / (9 * 24)


def test_one_mind_gives_one_and_two_items_are_legal() -> None:
    assert kendall_w(((1, 2, 3, 4, 5, 6, 7),) * 3).w.value == 1
    assert kendall_w(((1, 2), (2, 1))).w.value == 0


@given(st.lists(st.lists(st.integers(1, 5), min_size=8, max_size=8), min_size=2, max_size=6), st.randoms())
def test_it_lies_between_nought_and_one_whatever_the_order_of_raters(
    ratings: list[list[int]], chance: object
) -> None:
    found = kendall_w(ratings).w
    shuffled = list(ratings)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assert kendall_w(shuffled).w == found
    assert found.value is None or 0 <= Fraction(found.value) <= 1  # type: ignore[arg-type]  # it is exact
