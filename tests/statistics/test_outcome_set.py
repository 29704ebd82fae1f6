"""The 70/15 rule: inclusive above, strict below, and each group for itself."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.outcome_set import core_outcome, core_outcome_in_each_group

NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))


def test_reference_case_of_ten_ratings() -> None:
    """The reference case of delphyR: 70 % in 7–9, 10 % in 1–3."""
    found = core_outcome(count(NINE, [1, 4, 6, 7, 7, 8, 8, 9, 9, 9]))
    assert (found.value, found.n) == ("in", 10)
    assert "70 %" in found.convention
    assert "15 %" in found.convention


@pytest.mark.parametrize(
    ("low", "middle", "high", "verdict"),
    [
        (0, 61, 139, "none"),  # 69.5 % prints as 70 % and is less
        (0, 60, 140, "in"),
        (29, 31, 140, "in"),  # 14.5 %
        (30, 30, 140, "none"),  # 15 % is not less than 15 %
        (140, 31, 29, "out"),
        (140, 30, 30, "none"),
        (100, 0, 100, "none"),
    ],
)
def test_thresholds_are_met_exactly(low: int, middle: int, high: int, verdict: str) -> None:
    counts = count(NINE, [2] * low + [5] * middle + [8] * high)
    assert core_outcome(counts).value == verdict


def test_who_cannot_score_is_out_of_the_denominator() -> None:
    found = core_outcome(count(NINE, [8] * 7 + [5] * 3, dont_know=90))
    assert (found.value, found.n, found.dont_know) == ("in", 10, 90)


def test_other_thresholds() -> None:
    counts = count(NINE, [8] * 6 + [5] * 4)
    assert core_outcome(counts, least=Fraction(51, 100)).value == "in"
    with pytest.raises(ValueError, match="above one half"):
        core_outcome(counts, least=Fraction(1, 2))


def test_groups_are_never_pooled() -> None:
    """Pooled, 16 of 20 would be in; the smaller group alone says otherwise."""
    clinicians, patients = count(NINE, [8] * 15), count(NINE, [8] + [5] * 4)
    assert core_outcome(clinicians + patients).value == "in"
    assert core_outcome_in_each_group({"clinicians": clinicians, "patients": patients}).value == "none"
    agreed = core_outcome_in_each_group({"clinicians": clinicians, "patients": count(NINE, [9] * 5)})
    assert (agreed.value, agreed.n) == ("in", 20)
    silent = core_outcome_in_each_group({"clinicians": clinicians, "patients": count(NINE, [None])})
    assert (silent.reason, silent.missing) == (Undefined.NO_VALID_RATINGS, 1)


def test_what_is_not_defined_says_why() -> None:
    assert core_outcome(count(NINE, [], dont_know=5)).reason is Undefined.NO_VALID_RATINGS
    assert core_outcome(count(RatingScale((1, 2)), [2])).reason is Undefined.NOT_DEFINED_FOR_SCALE
    assert core_outcome_in_each_group({}).reason is Undefined.NO_VALID_RATINGS


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_the_mirrored_panel_is_judged_the_other_way_round(ratings: list[int]) -> None:
    found, mirrored = (
        core_outcome(count(NINE, each)).value for each in (ratings, [10 - rating for rating in ratings])
    )
    assert {"in": "out", "out": "in", "none": "none"}[str(found)] == mirrored
