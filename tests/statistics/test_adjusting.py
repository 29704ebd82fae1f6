"""P-values of many comparisons: a published example, and statsmodels as second opinion."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics.adjusting import benjamini_hochberg, holm

# Benjamini and Hochberg 1995, section 3.1: fifteen comparisons of a trial on myocardial infarction.
TRIAL = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
    0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
)  # fmt: skip


def test_the_trial_of_benjamini_and_hochberg() -> None:
    """At 5 % the false discovery rate leaves the first four, a familywise correction the first three."""
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
