"""Kappas and Gwet's coefficients against published examples and other programs."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import Counts, RatingScale, count, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.rating_table import count_items
from surveyapp.statistics.reliability import (
    fleiss_kappa,
    gwet_ac,
    weighted_kappa,
)

FIVE = RatingScale((1, 2, 3, 4, 5))
# Fleiss (1971) as it is worked on many pages: ten subjects, fourteen raters, five categories; kappa = .210.
FLEISS = (
    (0, 0, 0, 0, 14), (0, 2, 6, 4, 2), (0, 0, 3, 5, 6), (0, 3, 9, 2, 0), (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0), (3, 2, 6, 3, 0), (2, 5, 3, 2, 2), (6, 5, 2, 1, 0), (0, 2, 2, 3, 7),
)  # fmt: skip
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units.
OBSERVERS = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def units() -> list[Counts]:
    return count_items(FIVE, OBSERVERS)


def test_fleiss_kappa_of_the_published_table() -> None:
    found = fleiss_kappa([Counts(FIVE, of) for of in FLEISS])
    assert found.number == pytest.approx(0.2099, abs=0.0001)


def test_fleiss_kappa_agrees_with_statsmodels() -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa as theirs

    assert fleiss_kappa([Counts(FIVE, of) for of in FLEISS]).number == pytest.approx(
        theirs([list(of) for of in FLEISS])
    )


def test_fleiss_kappa_says_where_it_is_not_defined() -> None:
    assert fleiss_kappa([]).reason is Undefined.NO_VALID_RATINGS
    assert fleiss_kappa([Counts(FIVE, (1, 0, 0, 0, 0))]).reason is Undefined.TOO_FEW_RATINGS
    uneven = [Counts(FIVE, (2, 0, 0, 0, 0)), Counts(FIVE, (1, 2, 0, 0, 0))]
    assert fleiss_kappa(uneven).reason is Undefined.UNEQUAL_COUNTS
    assert fleiss_kappa([Counts(FIVE, (3, 0, 0, 0, 0))] * 2).reason is Undefined.NO_VARIATION
    # Alone an item gives -1/(n - 1), whatever its ratings: it is no consensus of one item.
    assert fleiss_kappa([Counts(FIVE, (2, 2, 0, 0, 0))]).number == pytest.approx(-1 / 3)


PAIRS = [(1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (4, 4), (4, 5), (5, 5), (5, 3), (2, 2), (3, 4), (1, 1)]


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_kappa_agrees_with_scikit_learn_on_the_whole_scale(weights: Any) -> None:
    from sklearn.metrics import cohen_kappa_score

    found = weighted_kappa(count_pairs(FIVE, PAIRS), weights)
    theirs = cohen_kappa_score(
        [before for before, _ in PAIRS],
        [now for _, now in PAIRS],
        labels=list(FIVE.points),
        weights=None if weights == "none" else weights,
    )
    assert found.number == pytest.approx(theirs)


def test_kappa_without_variation_or_pairs() -> None:
    assert weighted_kappa(count_pairs(FIVE, [])).reason is Undefined.NO_PAIRABLE_VALUES
    assert weighted_kappa(count_pairs(FIVE, [(2, 2), (2, 2)])).reason is Undefined.NO_VARIATION


def test_gwets_coefficient_of_the_same_example() -> None:
    # R package irrCAC 1.0, README, "Computing agreement coefficients from raw ratings": cac.raw4raters, which
    # is Krippendorff's table of observers, has AC1 = .77544.
    assert gwet_ac(units()).number == pytest.approx(0.77544, abs=0.00001)
    assert gwet_ac([count(FIVE, [3, 3]), count(FIVE, [3, 3])]).number == 1
    assert gwet_ac([count(FIVE, [3])]).reason is Undefined.NO_PAIRABLE_VALUES


def test_gwets_weighted_coefficient_of_the_same_example() -> None:
    """AC2 as the R package irrCAC 1.0 by K. L. Gwet prints it, and a Python package of the same name.

    Vignette "Weighted Chance-corrected Agreement Coefficients", "Weighting for a dataset of raw ratings":
    cac.raw4raters, which are the observers above, with quadratic weights .914. With linear weights .859
    stands in the tests of the Python package irrCAC by A. Fergadis (raw/test_gwet.py).
    """
    assert gwet_ac(units(), "quadratic").number == pytest.approx(0.914, abs=0.0005)
    assert gwet_ac(units(), "linear").number == pytest.approx(0.859, abs=0.0005)


def test_gwets_weighted_coefficient_of_two_abstractors() -> None:
    """The same vignette, "Weighting ratings from a contingency table": cont3x3abstractors, by two raters.

    With quadratic weights AC2 is .9402369 there, and Cohen's kappa .8921569.
    """
    scale = RatingScale((1, 2, 3))
    table = ((13, 0, 0), (0, 20, 7), (0, 4, 56))
    pairs = [
        (row + 1, column + 1) for row in range(3) for column in range(3) for _ in range(table[row][column])
    ]
    items = [count(scale, pair) for pair in pairs]
    assert gwet_ac(items, "quadratic").number == pytest.approx(0.9402369, abs=5e-8)
    assert weighted_kappa(count_pairs(scale, pairs), "quadratic").number == pytest.approx(0.8921569, abs=5e-8)
    # Without weights, from the package's README.
    assert gwet_ac(items).number == pytest.approx(0.8493305, abs=5e-8)
    assert weighted_kappa(count_pairs(scale, pairs)).number == pytest.approx(0.7964094, abs=5e-8)


def test_coefficients_of_six_psychiatrists() -> None:
    """R package irrCAC 1.0: distrib.6raters, fifteen patients and five diagnoses.

    README: Fleiss' kappa .4139265, AC1 .4448007; vignette on weights: AC2 with quadratic weights .4837438.
    """
    patients = (
        (0, 0, 0, 6, 0), (0, 3, 0, 0, 3), (0, 1, 4, 0, 1), (0, 0, 0, 0, 6), (0, 3, 0, 3, 0),
        (2, 0, 4, 0, 0), (0, 0, 4, 0, 2), (2, 0, 3, 1, 0), (2, 0, 0, 4, 0), (0, 0, 0, 0, 6),
        (1, 0, 0, 5, 0), (1, 1, 0, 4, 0), (0, 3, 3, 0, 0), (1, 0, 0, 5, 0), (0, 2, 0, 3, 1),
    )  # fmt: skip
    items = [Counts(FIVE, of) for of in patients]
    assert fleiss_kappa(items).number == pytest.approx(0.4139265, abs=5e-8)
    assert gwet_ac(items).number == pytest.approx(0.4448007, abs=5e-8)
    assert gwet_ac(items, "quadratic").number == pytest.approx(0.4837438, abs=5e-8)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_gwets_weighted_coefficient_by_its_definition(weights: Any) -> None:
    """Gwet 2008: pairs of raters one by one, weights by distance, chance from each item's shares."""
    power = {"linear": 1, "quadratic": 2}[weights]

    def alike(one: int, other: int) -> float:
        return float(1 - (abs(one - other) / 4) ** power)

    columns = [[value for value in column if value is not None] for column in zip(*OBSERVERS, strict=True)]
    several = [column for column in columns if len(column) > 1]
    observed = sum(
        sum(alike(a, b) for a, b in permutations(column, 2)) / (len(column) * (len(column) - 1))
        for column in several
    ) / len(several)
    shares = [
        sum(column.count(point) / len(column) for column in columns) / len(columns) for point in range(1, 6)
    ]
    all_weights = sum(alike(a, b) for a in range(1, 6) for b in range(1, 6))
    chance = all_weights / 20 * sum(share * (1 - share) for share in shares)
    assert gwet_ac(units(), weights).number == pytest.approx((observed - chance) / (1 - chance))


def test_items_on_different_scales_are_an_error() -> None:
    mixed = [count(FIVE, [1, 2]), count(RatingScale((2, 3, 4, 5, 6)), [2, 6])]
    for measure in (fleiss_kappa, gwet_ac):
        with pytest.raises(ValueError, match="different scales"):
            measure(mixed)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=20))
def test_kappa_is_the_same_whoever_comes_first(moves: list[tuple[int, int]]) -> None:
    turned = [(now, before) for before, now in moves]
    for weights in ("none", "linear", "quadratic"):
        found = weighted_kappa(count_pairs(FIVE, moves), weights)
        assert found == weighted_kappa(count_pairs(FIVE, turned), weights)
        assert found.number is None or -1 <= found.number <= 1
