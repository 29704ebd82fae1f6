"""P-values of many comparisons: a published example, and statsmodels as second opinion."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.adjusting import benjamini_hochberg, holm

# Fifteen comparisons of a trial on myocardial infarction, from Benjamini and Hochberg 1995. Numbers and
# adjusted values are those that SciPy's reference prints under scipy.stats.false_discovery_control, Examples,
# where it works this example of the paper; the paper itself was not at hand.
TRIAL = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
)  # fmt: skip


ADJUSTED = (
    0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714, 0.06385714, 0.0645,
    0.0765, 0.486, 0.58118182, 0.714875, 0.75323077, 0.81321429, 1.0,
)  # fmt: skip


def test_the_trial_of_benjamini_and_hochberg() -> None:
    """At 5 % the false discovery rate leaves the first four, a familywise correction the first three.

    The reference says so of Bonferroni's correction; Holm's leaves the same three here.
    """
    assert benjamini_hochberg(TRIAL) == pytest.approx(ADJUSTED, abs=5e-9)
    assert sum(p is not None and p <= 0.05 for p in benjamini_hochberg(TRIAL)) == 4
    assert sum(p is not None and p <= 0.05 for p in holm(TRIAL)) == 3


@settings(max_examples=20)
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


@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_what_is_no_p_value_is_an_error(wrong: float) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjust([0.5, wrong])
