"""Content validity: the published tables, and what lies outside them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.statistics.content_validity import (
    critical_cvr,
    cvr,
    item_cvi,
    modified_kappa,
    scale_cvi_average,
    scale_cvi_universal,
)
from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined

FOUR = RatingScale((1, 2, 3, 4), (3, 4), (1, 2))


def panel(n: int, relevant: int) -> Counts:
    return count(FOUR, [4] * relevant + [1] * (n - relevant))


@pytest.mark.parametrize(
    ("n", "essential", "printed"),
    [
        (5, 5, 1.000),
        (6, 6, 1.000),
        (7, 7, 1.000),
        (8, 7, 0.750),
        (9, 8, 0.778),
        (10, 9, 0.800),
        (11, 9, 0.636),
        (12, 10, 0.667),
        (13, 10, 0.538),
        (14, 11, 0.571),
        (15, 12, 0.600),
        (20, 15, 0.500),
        (25, 18, 0.440),
        (30, 20, 0.333),
        (40, 26, 0.300),
    ],
)
def test_critical_ratios_as_published(n: int, essential: int, printed: float) -> None:
    """Ayre and Scally 2014, Meas Eval Couns Dev 47, 79, table 2."""
    found = critical_cvr(n)
    assert found.value == cvr(panel(n, essential)).value
    assert found.number == pytest.approx(printed, abs=5e-4)


def test_critical_ratios_are_those_of_the_binomial() -> None:
    from scipy.stats import binom

    for n in (8, 17, 60, 400):
        for alpha in (Fraction(1, 20), Fraction(1, 100)):
            critical = critical_cvr(n, alpha=alpha).value
            assert isinstance(critical, Fraction)
            least = int((critical + 1) * n / 2)
            assert binom.sf(least - 1, n, 0.5) <= alpha < binom.sf(least - 2, n, 0.5)


@pytest.mark.parametrize(
    ("n", "relevant", "index", "kappa"),
    [
        (3, 3, 1.00, 1.00),
        (3, 2, 0.67, 0.47),
        (4, 3, 0.75, 0.67),
        (5, 4, 0.80, 0.76),
        (6, 5, 0.83, 0.81),
        (7, 6, 0.86, 0.85),
        (8, 7, 0.88, 0.88),
        (8, 6, 0.75, 0.72),
        (9, 8, 0.89, 0.89),
        (9, 7, 0.78, 0.76),
    ],
)
def test_item_index_and_its_kappa_as_published(n: int, relevant: int, index: float, kappa: float) -> None:
    """Polit, Beck and Owen 2007, Res Nurs Health 30, 459, table 4; printed from rounded numbers."""
    counts = panel(n, relevant)
    assert item_cvi(counts).number == pytest.approx(index, abs=0.0051)
    assert modified_kappa(counts).number == pytest.approx(kappa, abs=0.011)


def test_item_index_and_its_kappa_are_exact() -> None:
    assert item_cvi(panel(3, 2)).value == Fraction(2, 3)
    assert modified_kappa(panel(3, 2)).value == (Fraction(2, 3) - Fraction(3, 8)) / (1 - Fraction(3, 8))
    assert modified_kappa(panel(1, 1)).value == 1
    assert modified_kappa(panel(1, 0)).value == -1


def test_index_of_the_whole_instrument() -> None:
    items = [panel(5, 5), panel(5, 4), panel(4, 2), count(FOUR, [None], dont_know=2)]
    average, universal = scale_cvi_average(items), scale_cvi_universal(items)
    assert (average.value, average.n, average.missing) == (Fraction(23, 30), 3, 1)
    assert (universal.value, universal.n, universal.missing) == (Fraction(1, 3), 3, 1)


def test_what_is_not_defined_says_why() -> None:
    for measure in (cvr, item_cvi, modified_kappa):
        assert measure(count(FOUR, [], dont_know=1)).reason is Undefined.NO_VALID_RATINGS
        assert measure(count(RatingScale((1, 2)), [1])).reason is Undefined.NOT_DEFINED_FOR_SCALE
    assert critical_cvr(4).reason is Undefined.TOO_FEW_RATINGS
    assert critical_cvr(0).reason is Undefined.NO_VALID_RATINGS
    assert scale_cvi_average([]).reason is Undefined.NO_VALID_RATINGS
    assert scale_cvi_universal([panel(0, 0)]).reason is Undefined.NO_VALID_RATINGS
    with pytest.raises(ValueError, match="alpha"):
        critical_cvr(8, alpha=Fraction(5))


@given(st.integers(1, 60), st.data())
def test_bounds(n: int, data: st.DataObject) -> None:
    relevant = data.draw(st.integers(0, n))
    counts, mirrored = panel(n, relevant), panel(n, n - relevant)
    ratio, other = cvr(counts).value, cvr(mirrored).value
    assert isinstance(ratio, Fraction)
    assert isinstance(other, Fraction)
    assert ratio == -other
    index, kappa = item_cvi(counts).value, modified_kappa(counts).value
    assert isinstance(index, Fraction)
    assert isinstance(kappa, Fraction)
    assert -1 <= kappa <= index <= 1
