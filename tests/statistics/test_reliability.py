"""Kappas, alpha, Gwet and ICC against published examples and other programs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import Counts, RatingScale, count, count_pairs
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.reliability import (
    alpha_interval,
    fleiss_kappa,
    gwet_ac,
    intraclass_correlations,
    krippendorff_alpha,
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
# Shrout and Fleiss (1979), table 2: six targets, four judges.
JUDGES = ((9, 6, 8, 7, 10, 6), (2, 1, 4, 1, 5, 2), (5, 3, 6, 2, 6, 4), (8, 2, 8, 6, 9, 7))


def units() -> list[Counts]:
    return [
        count(FIVE, [value for value in column if value is not None])
        for column in zip(*OBSERVERS, strict=True)
    ]


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


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_krippendorffs_own_example(level: Any, alpha: float) -> None:
    found = krippendorff_alpha(units(), level)
    assert found.number == pytest.approx(alpha, abs=0.001)
    assert (found.n, found.missing) == (40, 1)


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=3, max_size=3), min_size=2, max_size=8
    )
)
def test_alpha_agrees_with_the_krippendorff_package(rows: list[list[int | None]]) -> None:
    import krippendorff
    import numpy as np

    items = [count(FIVE, [value for value in row if value is not None]) for row in rows]
    found = krippendorff_alpha(items, "ordinal")
    table = np.array([[np.nan if value is None else float(value) for value in row] for row in rows]).T
    if found.reason is not None:
        return
    theirs = krippendorff.alpha(
        reliability_data=table, level_of_measurement="ordinal", value_domain=[1.0, 2.0, 3.0, 4.0, 5.0]
    )
    assert found.number == pytest.approx(float(theirs))


def test_alpha_is_undefined_without_pairs_or_variation() -> None:
    assert krippendorff_alpha([]).reason is Undefined.NO_PAIRABLE_VALUES
    assert krippendorff_alpha([count(FIVE, [1]), count(FIVE, [5])]).reason is Undefined.NO_PAIRABLE_VALUES
    assert krippendorff_alpha([count(FIVE, [2, 2]), count(FIVE, [2, 2])]).reason is Undefined.NO_VARIATION


def test_the_interval_of_alpha_is_repeatable() -> None:
    first = alpha_interval(units(), seed=7, draws=200)
    assert first == alpha_interval(units(), seed=7, draws=200)
    assert first is not None
    assert first.low < 0.815 < first.high
    assert alpha_interval(units()[:1], seed=7, draws=10) is None


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
    # Gwet's handbook works Krippendorff's table of observers: AC1 = .77544.
    assert gwet_ac(units()).number == pytest.approx(0.77544, abs=0.00001)
    assert gwet_ac([count(FIVE, [3, 3]), count(FIVE, [3, 3])]).number == 1
    assert gwet_ac([count(FIVE, [3])]).reason is Undefined.NO_PAIRABLE_VALUES


def test_icc_of_shrout_and_fleiss() -> None:
    found = intraclass_correlations(JUDGES)
    values = [each.number for each in (found.one_1, found.a_1, found.c_1, found.one_k, found.a_k, found.c_k)]
    assert values == pytest.approx([0.17, 0.29, 0.71, 0.44, 0.62, 0.91], abs=0.006)
    assert (found.raters, found.a_1.n) == (4, 6)


@pytest.mark.filterwarnings("ignore")
def test_icc_agrees_with_pingouin() -> None:
    import pandas as pd
    import pingouin

    rows = [
        {"judge": judge, "target": target, "rating": float(value)}
        for judge, row in enumerate(JUDGES)
        for target, value in enumerate(row)
    ]
    table = pingouin.intraclass_corr(pd.DataFrame(rows), targets="target", raters="judge", ratings="rating")
    found = intraclass_correlations(JUDGES)
    mine = [each.number for each in (found.one_1, found.a_1, found.c_1, found.one_k, found.a_k, found.c_k)]
    assert mine == pytest.approx(list(table["ICC"]))


def test_icc_leaves_out_who_did_not_rate_everything_and_says_when_it_is_undefined() -> None:
    found = intraclass_correlations((*JUDGES, (1, None, 2, 3, 4, 5)))
    assert found.a_1.missing == 1
    assert found.a_1.value == intraclass_correlations(JUDGES).a_1.value
    assert intraclass_correlations(()).a_1.reason is Undefined.TOO_FEW_RATINGS
    assert intraclass_correlations(((3, 3), (3, 3))).c_1.reason is Undefined.NO_VARIATION
