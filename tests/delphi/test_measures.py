"""The numbers that rules compare: one for every name, exact, on published and hand-made cases."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveyapp.delphi.measures import (
    OF_COUNTS,
    OF_PAIRS,
    Basis,
    Chosen,
    Conventions,
    CountedFigures,
    Tallied,
)
from surveyapp.delphi.rules.judging import WHOLE
from surveyapp.delphi.rules.names import NAMES, Level, Unit
from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics.counts import Counts, RatingScale, count, count_pairs, thirds
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.proportions import Denominator
from surveyapp.statistics.quantiles import QuantileType, exact_quantile

NINE = RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3))
FIVE = RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2))
CELL = CellKey("q", "i", "", "c")


def value(name: str, counts: Counts, conventions: Conventions | None = None) -> object:
    measure = OF_COUNTS[name](counts, Basis(conventions or Conventions(), None))
    return measure.value if measure.reason is None else measure.reason


def test_every_name_has_its_measure_and_no_measure_is_without_a_name() -> None:
    named = {name for name, each in NAMES.items() if each.level is not Level.STUDY}
    assert named == {*OF_COUNTS, *OF_PAIRS, "chosen", "apmo", "invited"}
    figures = CountedFigures(_everything, items=lambda cell: [cell])
    for name in named:
        found = figures.measure(name, CELL, "")
        assert found.value is not None, name
        assert isinstance(found.value, bool) is (NAMES[name].unit is Unit.TRUTH), name
        bounds = NAMES[name]
        if not isinstance(found.value, bool | str | tuple):
            assert bounds.least is None or found.value >= bounds.least, name
            assert bounds.most is None or found.value <= bounds.most, name
    with pytest.raises(KeyError):
        figures.measure("colour", CELL, "")


def _everything(cell: CellKey, group: str) -> Tallied:
    assert (cell, group) == (CELL, "")
    ratings = [1, 2, 5, 7, 7, 8, 9, 9]
    return Tallied(count(NINE, ratings), count_pairs(NINE, [(1, 2), (3, 3)]), Chosen(2, 5), 12)


@pytest.mark.parametrize(
    ("points", "low", "middle", "high"),
    [
        (2, (1,), (), (2,)),
        (3, (1,), (2,), (3,)),
        (4, (1,), (2, 3), (4,)),
        (5, (1, 2), (3,), (4, 5)),
        (7, (1, 2), (3, 4, 5), (6, 7)),
        (9, (1, 2, 3), (4, 5, 6), (7, 8, 9)),
        (10, (1, 2, 3), (4, 5, 6, 7), (8, 9, 10)),
        (11, (1, 2, 3, 4), (5, 6, 7), (8, 9, 10, 11)),
    ],
)
def test_thirds_of_a_scale(
    points: int, low: tuple[int, ...], middle: tuple[int, ...], high: tuple[int, ...]
) -> None:
    assert thirds(range(1, points + 1)) == (low, middle, high)


@pytest.mark.parametrize(
    ("kind", "ratings", "q1", "median", "q3"),
    [
        # 1 … 11: Excel INC and R give 3.5 and 8.5, SPSS and Excel EXC 3 and 9, SAS 3 and 9.
        (7, range(1, 12), Fraction(7, 2), 6, Fraction(17, 2)),
        (6, range(1, 12), 3, 6, 9),
        (2, range(1, 12), 3, 6, 9),
        (7, range(1, 5), Fraction(7, 4), Fraction(5, 2), Fraction(13, 4)),
        (6, range(1, 5), Fraction(5, 4), Fraction(5, 2), Fraction(15, 4)),
        (2, range(1, 5), Fraction(3, 2), Fraction(5, 2), Fraction(7, 2)),
        (7, [4], 4, 4, 4),
        (6, [4], 4, 4, 4),
        (2, [4], 4, 4, 4),
    ],
)
def test_quantiles_by_type(
    kind: QuantileType, ratings: Sequence[int], q1: Fraction, median: Fraction, q3: Fraction
) -> None:
    counts = count(RatingScale(tuple(range(1, 12))), ratings)
    conventions = Conventions(kind)
    assert [value(name, counts, conventions) for name in ("q1", "median", "q3")] == [q1, median, q3]
    assert value("iqr", counts, conventions) == q3 - q1


ratings_of_nine = st.lists(st.integers(1, 9), min_size=2, max_size=30)


@given(ratings_of_nine)
def test_quantiles_are_those_of_the_standard_library(ratings: list[int]) -> None:
    counts = count(NINE, ratings)
    exact = [Fraction(each) for each in ratings]
    theirs = {
        6: statistics.quantiles(exact, n=4, method="exclusive"),
        7: statistics.quantiles(exact, n=4, method="inclusive"),
    }
    # Beyond the ends theirs extrapolates; a quantile lies among the ratings.
    inside = {kind: [min(max(q, min(exact)), max(exact)) for q in found] for kind, found in theirs.items()}
    assert [exact_quantile(counts, Fraction(k, 4), 6) for k in (1, 2, 3)] == inside[6]
    assert [exact_quantile(counts, Fraction(k, 4), 7) for k in (1, 2, 3)] == inside[7]
    assert value("median", counts) == statistics.median(exact)
    assert value("mean", counts) == statistics.mean(exact)
    assert float(str_free(value("sd", counts))) == pytest.approx(statistics.stdev(ratings))
    middle = statistics.median(exact)
    assert value("mad", counts) == statistics.median(abs(each - middle) for each in exact)


def str_free(found: object) -> Fraction | float:
    assert isinstance(found, Fraction | float | int)
    return found


def test_denominators() -> None:
    counts = count(FIVE, [5, 5, 1, None], dont_know=2)
    found: dict[Denominator, Fraction] = {
        "valid": Fraction(2, 3),
        "answered": Fraction(2, 5),
        "invited": Fraction(2, 10),
    }
    for denominator, share in found.items():
        conventions = Conventions(denominator=denominator)
        measure = OF_COUNTS["agree"](counts, Basis(conventions, 10))
        assert (measure.value, measure.n, measure.dont_know, measure.missing) == (share, 3, 2, 1)
        assert measure.convention == f"points 4, 5; of {denominator}"
    assert OF_COUNTS["agree"](counts, Basis(Conventions(denominator="invited"), None)).value == Fraction(2, 6)
    assert value("dont_know", counts) == Fraction(2, 5)


def test_what_is_not_defined_says_why() -> None:
    empty, one = count(NINE, [None], dont_know=1), count(NINE, [5])
    for name in OF_COUNTS:
        if name not in {"n", "answered", "dont_know"}:
            assert value(name, empty) is Undefined.NO_VALID_RATINGS, name
    for name in ("sd", "cv", "di", "cvr_critical"):
        assert value(name, one) is Undefined.TOO_FEW_RATINGS, name
    plain = count(RatingScale((1, 2)), [1, 2])
    for name in ("agree", "disagree", "cvr", "icvi", "di", "disagreement"):
        assert value(name, plain) is Undefined.NOT_DEFINED_FOR_SCALE, name
    assert value("a", plain) is Undefined.TOO_FEW_POINTS
    assert value("cv", count(RatingScale((-1, 0, 1)), [-1, 1])) is Undefined.MEAN_IS_ZERO
    figures = CountedFigures(lambda _cell, _group: Tallied())
    for name in ("agree", "n", "invited", "chosen"):
        assert figures.measure(name, CELL, "").reason is Undefined.NOT_ASKED
    assert figures.measure("shift", CELL, "").reason is Undefined.NO_PAIRABLE_VALUES
    assert figures.measure("apmo", WHOLE, "").reason is Undefined.NO_VALID_RATINGS


@pytest.mark.parametrize(
    ("n", "least"), [(8, 3), (9, 3), (10, 3), (11, 4), (12, 4), (13, 4), (14, 5), (15, 5), (16, 5)]
)
def test_disagreement_by_the_rule_for_the_panels_size(n: int, least: int) -> None:
    """Fitch et al. 2001: 3 in each extreme for 8 to 10 panellists, 4 for 11 to 13, 5 for 14 to 16."""
    for extreme, expected in ((least, True), (least - 1, False)):
        ratings = [2] * extreme + [8] * (n - extreme)
        assert value("disagreement", count(NINE, ratings)) is expected


def test_disagreement_index() -> None:
    assert value("di", count(NINE, [7] * 9)) == 0
    # P30 = 3, P70 = 7, centre 5: 4 / 2.35.
    ratings = [3, 3, 3, 3, 7, 7, 7, 7]
    assert value("di", count(NINE, ratings)) == Fraction(400, 235)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 10, 0, 0), 1),
        ((5, 0, 0, 0, 5), -1),
        ((2, 2, 2, 2, 2), 0),
        # Van der Eijk 2001: two neighbours of seven agree by 5/6.
        ((0, 5, 5, 0, 0, 0, 0), Fraction(5, 6)),
    ],
)
def test_van_der_eijks_a(counts: tuple[int, ...], expected: Fraction) -> None:
    scale = RatingScale(tuple(range(1, len(counts) + 1)))
    assert value("a", Counts(scale, counts)) == expected


def test_consensus_of_tastle_and_wierman() -> None:
    assert value("cns", count(FIVE, [3, 3])) == 1
    assert value("cns", count(FIVE, [1, 5])) == pytest.approx(0)
    assert str_free(value("cns", count(FIVE, [1, 2, 3, 4, 5]))) > 0.3  # not 0: it is not A


@pytest.mark.parametrize(("n", "essential"), [(5, 5), (8, 7), (9, 8), (10, 9), (15, 12), (20, 15), (40, 26)])
def test_critical_content_validity_ratio(n: int, essential: int) -> None:
    """Ayre and Scally 2014, table 2: the least number of experts who call it essential."""
    ratings = [5] * essential + [1] * (n - essential)
    counts = count(FIVE, ratings)
    assert value("cvr", counts) == value("cvr_critical", counts) == Fraction(2 * essential - n, n)
    assert sum(comb(n, k) for k in range(essential, n + 1)) * 20 <= 2**n


def test_change_between_two_rounds() -> None:
    # A net shift of 0 can hide opposite moves.
    swapped = count_pairs(FIVE, [(1, 5), (5, 1), (3, 3), (3, 3)])
    assert (OF_PAIRS["shift"](swapped).value, OF_PAIRS["changed"](swapped).value) == (0, Fraction(1, 2))
    moved = count_pairs(FIVE, [(3, 4), (4, 4), (5, 4), (2, 2)])
    assert (OF_PAIRS["shift"](moved).value, OF_PAIRS["changed"](moved).value) == (
        Fraction(1, 2),
        Fraction(1, 2),
    )
    assert OF_PAIRS["shift"](count_pairs(FIVE, [])).reason is Undefined.NO_PAIRABLE_VALUES


def test_cut_off_of_majorities() -> None:
    """APMO: of 30 votes on three items, 8 + 6 agree and 9 disagree by majority; the last item has none."""
    items = [count(FIVE, r) for r in ([5] * 8 + [1, 3], [4] * 6 + [1] * 4, [1] * 9 + [4])]
    undecided = count(FIVE, [5] * 5 + [1] * 5)
    cells = [CellKey("q", str(number), "", "c") for number in range(4)]
    counted = dict(zip(cells, [*items, undecided], strict=True))
    figures = CountedFigures(lambda cell, _: Tallied(counted[cell]), items=lambda _: cells)
    found = figures.measure("apmo", WHOLE, "")
    assert (found.value, found.n) == (Fraction(23, 40), 40)
