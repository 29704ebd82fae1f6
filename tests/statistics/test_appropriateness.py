"""RAND/UCLA: the manual's numbers, both definitions of disagreement, and the bands of the median."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.appropriateness import (
    BetweenBands,
    Definition,
    agreement_by_panel_size,
    appropriateness,
    disagreement,
    disagreement_index,
    ipr_adjusted_for_symmetry,
    least_in_each_extreme,
)
from surveyapp.statistics.counts import RatingScale, count
from surveyapp.statistics.measure import Undefined

NINE = RatingScale(tuple(range(1, 10)))
MEASURES = (
    disagreement,
    agreement_by_panel_size,
    ipr_adjusted_for_symmetry,
    disagreement_index,
    appropriateness,
)
ratings_of_nine = st.lists(st.integers(1, 9), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("n", "least"), [(8, 3), (9, 3), (10, 3), (11, 4), (12, 4), (13, 4), (14, 5), (15, 5), (16, 5)]
)
def test_disagreement_by_the_rule_for_the_panels_size(n: int, least: int) -> None:
    """Fitch et al. 2001: 3 in each extreme for 8 to 10 panellists, 4 for 11 to 13, 5 for 14 to 16."""
    assert least_in_each_extreme(n) == least
    for extreme, expected in ((least, True), (least - 1, False)):
        assert disagreement(count(NINE, [2] * extreme + [8] * (n - extreme))).value is expected
        assert disagreement(count(NINE, [8] * extreme + [2] * (n - extreme))).value is expected


@pytest.mark.parametrize("n", range(8, 17))
def test_agreement_by_the_rule_for_the_panels_size(n: int) -> None:
    """Fitch et al. 2001: at most 2, 3 or 4 ratings outside the band that holds the median."""
    most = least_in_each_extreme(n) - 1
    for outside, expected in ((most, True), (most + 1, False)):
        assert agreement_by_panel_size(count(NINE, [5] * outside + [8] * (n - outside))).value is expected


def test_below_eight_the_rule_is_outside_the_manual() -> None:
    assert "outside the manual" in disagreement(count(NINE, [2, 2, 8, 8, 8])).convention
    assert disagreement(count(NINE, [2, 2, 8, 8, 8])).value is True
    assert "outside the manual" not in disagreement(count(NINE, [2] * 8)).convention
    assert disagreement(count(NINE, [5])).value is False


def test_disagreement_index_by_hand() -> None:
    # P30 = 3, P70 = 7, centre 5: 4 / 2.35, where the misprinted 2.5 would give 1.6.
    polar = count(NINE, [3, 3, 3, 3, 7, 7, 7, 7])
    assert ipr_adjusted_for_symmetry(polar).value == Fraction("2.35")
    assert disagreement_index(polar).value == 4 / Fraction("2.35")
    # P30 = 7, P70 = 8, centre 7.5: 1 / (2.35 + 1.5 × 2.5).
    high = count(NINE, [6, 7, 7, 7, 7, 8, 8, 8, 8, 9, 9])
    assert disagreement_index(high).value == 1 / Fraction("6.1")
    assert disagreement_index(count(NINE, [7] * 9)).value == 0
    # P30 lies at 3.7 of ten ratings, in 2.7 by type 7, at 3.3 in 2.3 by type 6, halfway in 2.5 by type 2.
    ten = count(NINE, [1, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert ipr_adjusted_for_symmetry(ten, 7).convention.endswith("type 7")
    assert [disagreement_index(ten, kind).value for kind in (7, 6, 2)] == [
        (Fraction("6.3") - Fraction("2.7")) / (Fraction("2.35") + Fraction("1.5") * Fraction("0.5")),
        (Fraction("6.7") - Fraction("2.3")) / (Fraction("2.35") + Fraction("1.5") * Fraction("0.5")),
        (Fraction("6.5") - Fraction("2.5")) / (Fraction("2.35") + Fraction("1.5") * Fraction("0.5")),
    ]


@pytest.mark.parametrize(
    ("ratings", "higher", "neither"),
    [
        ([7] * 9, "appropriate", "appropriate"),
        ([6, 7] * 4, "appropriate", "uncertain"),
        ([6] * 9, "uncertain", "uncertain"),
        ([4] * 9, "uncertain", "uncertain"),
        ([3, 4] * 4, "uncertain", "uncertain"),
        ([3] * 9, "inappropriate", "inappropriate"),
        ([1, 1, 1, 8, 8, 8, 9, 9, 9], "uncertain", "uncertain"),
    ],
)
def test_bands_of_the_median(ratings: list[int], higher: str, neither: str) -> None:
    found = [appropriateness(count(NINE, ratings), between=each).value for each in get_args(BetweenBands)]
    assert found == [higher, neither]


def test_the_two_definitions_of_disagreement_can_differ() -> None:
    # Three of ten in each extreme, but P30 = 5.2 and P70 = 7.3: 2.1 / (2.35 + 1.5 × 1.25).
    counts = count(NINE, [1, 1, 1, 7, 7, 7, 7, 8, 8, 8])
    assert disagreement(counts).value is True
    assert disagreement_index(counts).value == Fraction("2.1") / Fraction("4.225")
    found = [appropriateness(counts, by=by).value for by in get_args(Definition)]
    assert found == ["uncertain", "appropriate"]


def test_what_is_not_defined_says_why() -> None:
    for measure in MEASURES:
        nobody = measure(count(NINE, [], dont_know=3))
        assert (nobody.reason, nobody.dont_know) == (Undefined.NO_VALID_RATINGS, 3)
        other = measure(count(RatingScale((1, 2, 3, 4, 5)), [5, 5]))
        assert other.reason is Undefined.NOT_DEFINED_FOR_SCALE
    assert disagreement_index(count(NINE, [5])).reason is Undefined.TOO_FEW_RATINGS
    assert appropriateness(count(NINE, [5]), by="index").reason is Undefined.TOO_FEW_RATINGS
    assert appropriateness(count(NINE, [8])).value == "appropriate"


@given(ratings_of_nine)
def test_the_mirrored_panel_is_judged_the_other_way_round(ratings: list[int]) -> None:
    counts, mirrored = count(NINE, ratings), count(NINE, [10 - each for each in ratings])
    assert disagreement(counts) == disagreement(mirrored)
    assert disagreement_index(counts) == disagreement_index(mirrored)
    other = {"appropriate": "inappropriate", "inappropriate": "appropriate", "uncertain": "uncertain"}
    found = appropriateness(counts, between="neither").value
    assert isinstance(found, str)
    assert appropriateness(mirrored, between="neither").value == other[found]
    if agreement_by_panel_size(counts, between="neither").value:
        assert disagreement(counts).value is False
