"""Intraclass correlations: the published table, pingouin as second opinion, and edges."""

from __future__ import annotations

import pytest

from surveyapp.statistics.intraclass import intraclass_correlations
from surveyapp.statistics.measure import Undefined

# Shrout and Fleiss (1979), table 2: six targets, four judges.
JUDGES = ((9, 6, 8, 7, 10, 6), (2, 1, 4, 1, 5, 2), (5, 3, 6, 2, 6, 4), (8, 2, 8, 6, 9, 7))


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
    assert intraclass_correlations(((3,), (2,))).c_1.reason is Undefined.TOO_FEW_POINTS
    assert intraclass_correlations(((3, None), (None, 2))).c_1.reason is Undefined.PARTIAL_ASSIGNMENT
    # Nothing between the items: the mean of all raters has no reliability, and no infinite one either.
    assert intraclass_correlations(((1, 2, 3), (3, 2, 1))).c_k.reason is Undefined.NO_VARIATION


@pytest.mark.parametrize("table", [((1, 2), (3,)), ((1, float("nan")), (3, 2))])
def test_what_is_no_table_is_an_error(table: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"place for each item|a number"):
        intraclass_correlations(table)
