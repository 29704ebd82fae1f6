"""Agreement, consensus and entropy over a scale: at their ends, as published, and by a second way."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.polarisation import agreement_a, consensus_cns, entropy


def panel(*of: int) -> Counts:
    return Counts(RatingScale(tuple(range(1, len(of) + 1))), of)


counted = st.lists(st.integers(0, 12), min_size=3, max_size=11).filter(any).map(lambda of: panel(*of))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (panel(0, 0, 10, 0, 0), "1"),
        (panel(5, 0, 0, 0, 5), "-1"),
        (panel(2, 2, 2, 2, 2), "0"),
        # Van der Eijk 2001, table 1: patterns of a layer over seven points.
        (panel(0, 5, 5, 0, 0, 0, 0), "5/6"),
        (panel(1, 1, 1, 0, 0, 0, 0), "2/3"),
        (panel(1, 0, 0, 0, 0, 0, 1), "-1"),
        (panel(1, 1, 1, 1, 1, 1, 1), "0"),
        # A layer of 10 on each of two neighbours of five, 3/4, and one of 20 on a single point.
        (panel(0, 0, 30, 10, 0), str(Fraction(20, 40) + Fraction(20, 40) * Fraction(3, 4))),
    ],
)
def test_agreement_at_its_ends_and_by_hand(counts: Counts, expected: str) -> None:
    assert agreement_a(counts).value == Fraction(expected)


@given(counted)
def test_agreement_by_counting_triples_of_peeled_layers(counts: Counts) -> None:
    """A second way, slow and plain: peel the smallest count, look at every three points."""
    left, size, total = list(counts.of), len(counts.of), Fraction()
    while any(left):
        depth = min(times for times in left if times)
        pattern = [times > 0 for times in left]
        triples = [tuple(pattern[place] for place in three) for three in combinations(range(size), 3)]
        one_side = triples.count((True, True, False)) + triples.count((False, True, True))
        two_sides = triples.count((True, False, True))
        unimodal = Fraction(1)
        if one_side + two_sides:
            unimodal = Fraction(
                (size - 2) * one_side - (size - 1) * two_sides, (size - 2) * (one_side + two_sides)
            )
        layer = unimodal * (1 - Fraction(sum(pattern) - 1, size - 1))
        total += Fraction(depth * sum(pattern), counts.n) * layer
        left = [times - depth if times else 0 for times in left]
    assert agreement_a(counts).value == total
    assert -1 <= total <= 1


@given(counted)
def test_indices_do_not_change_with_the_direction_of_the_scale(counts: Counts) -> None:
    mirrored = panel(*reversed(counts.of))
    assert agreement_a(counts) == agreement_a(mirrored)
    for measure in (consensus_cns, entropy):
        found = measure(counts).number
        assert found is not None
        assert 0 <= found <= 1
        assert found == pytest.approx(measure(mirrored).number)


def test_unused_points_are_part_of_the_scale() -> None:
    assert agreement_a(panel(5, 0, 5)).value == -1
    # One triple has the unused point between, four outside: (5·4 - 6·1) / (5·5), times 5/6.
    assert agreement_a(panel(5, 0, 5, 0, 0, 0, 0)).value == Fraction(14, 25) * Fraction(5, 6)
    assert consensus_cns(panel(5, 0, 5)).value == 0
    assert (consensus_cns(panel(5, 0, 5, 0, 0)).number or 0) > 0.5


def test_consensus_by_hand() -> None:
    """Half on 1 and half on 2 of five: the mean is 1.5, each half a point away of four."""
    assert consensus_cns(panel(4, 4, 0, 0, 0)).number == pytest.approx(1 + log2(1 - 0.5 / 4))
    assert consensus_cns(panel(0, 0, 7, 0, 0)).value == 1
    assert consensus_cns(panel(3, 0, 0, 0, 3)).value == 0
    assert (consensus_cns(panel(1, 1, 1, 1, 1)).number or 0) > 0.3  # not 0: it is not A


@given(counted)
def test_entropy_is_that_of_scipy(counts: Counts) -> None:
    import scipy.stats

    assert entropy(counts).number == pytest.approx(scipy.stats.entropy(counts.of, base=len(counts.of)))


def test_what_is_not_defined_says_why() -> None:
    nobody = count(RatingScale((1, 2, 3)), [None], dont_know=2)
    for measure in (agreement_a, consensus_cns, entropy):
        found = measure(nobody)
        assert (found.reason, found.missing, found.dont_know) == (Undefined.NO_VALID_RATINGS, 1, 2)
    assert agreement_a(panel(3, 4)).reason is Undefined.TOO_FEW_POINTS
    assert consensus_cns(panel(1, 1)).value == 0
    assert [measure(panel(0, 1, 0)).value for measure in (agreement_a, consensus_cns, entropy)] == [1, 1, 0]
