"""Whatever a study can hold, every measure gives a value or a reason: never an exception, NaN or infinity."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveyapp.statistics import (
    alpha,
    appropriateness,
    attrition,
    bootstrap,
    concordance,
    content_validity,
    groups,
    intraclass,
    location,
    outcome_set,
    polarisation,
    proportions,
    quantiles,
    reliability,
    stability,
    whole_rounds,
)
from surveyapp.statistics.counts import Counts, PairCounts, RatingScale
from surveyapp.statistics.measure import Interval, Measure, SignificanceTest
from tests.support.checkout import CHECKOUT

SCALES = (
    RatingScale((0, 1), (1,), (0,)),
    RatingScale((-1, 0, 1), (1,), (-1,)),
    RatingScale((1, 2, 3, 4, 5)),
    RatingScale((1, 2, 3, 4, 5), (4, 5), (1, 2)),
    RatingScale(tuple(range(1, 10)), (7, 8, 9), (1, 2, 3)),
)
SMALL = st.integers(0, 6)
KINDS: tuple[quantiles.QuantileType, ...] = (2, 6, 7)

OF_COUNTS: tuple[Callable[[Counts], object], ...] = (
    lambda counts: [proportions.agreement(counts, of=of) for of in ("valid", "answered", "invited")],
    proportions.disagreement_share,
    proportions.dont_know_share,
    proportions.mode_share,
    proportions.near_mode_share,
    lambda counts: proportions.wilson(counts.on(counts.scale.agreement), counts.n),
    lambda counts: proportions.clopper_pearson(counts.on(counts.scale.agreement), counts.n),
    lambda counts: proportions.apmo([counts, counts]),
    lambda counts: [quantiles.quantile(counts, Fraction(9, 10), kind) for kind in KINDS],
    lambda counts: [quantiles.median(counts, kind) for kind in KINDS],
    lambda counts: [quantiles.lower_quartile(counts, kind) for kind in KINDS],
    lambda counts: [quantiles.upper_quartile(counts, kind) for kind in KINDS],
    lambda counts: [quantiles.iqr(counts, kind) for kind in KINDS],
    lambda counts: [quantiles.interpercentile_range(counts, kind) for kind in KINDS],
    lambda counts: [quantiles.mad(counts, scaled=scaled) for scaled in (False, True)],
    quantiles.median_interval,
    location.mean,
    location.sd,
    location.cv,
    location.cqv,
    location.modes,
    appropriateness.disagreement,
    appropriateness.agreement_by_panel_size,
    appropriateness.ipr_adjusted_for_symmetry,
    appropriateness.disagreement_index,
    lambda counts: appropriateness.appropriateness(counts, by="index", between="neither"),
    appropriateness.appropriateness,
    outcome_set.core_outcome,
    lambda counts: outcome_set.core_outcome_in_each_group({"one": counts, "other": counts}),
    content_validity.cvr,
    lambda counts: content_validity.critical_cvr(counts.n),
    content_validity.item_cvi,
    content_validity.modified_kappa,
    lambda counts: content_validity.scale_cvi_average([counts]),
    lambda counts: content_validity.scale_cvi_universal([counts]),
    polarisation.agreement_a,
    polarisation.consensus_cns,
    polarisation.entropy,
    lambda counts: bootstrap.median_resampled(counts, seed=1, draws=20),
    lambda counts: bootstrap.iqr_resampled(counts, seed=1, draws=20),
)
OF_PAIRS: tuple[Callable[[PairCounts], object], ...] = (
    stability.share_changed,
    stability.mean_absolute_change,
    stability.mean_signed_change,
    lambda pairs: stability.moved_towards(pairs, Fraction(3, 2)),
    stability.distribution_shift,
    lambda pairs: [stability.variation_change(pairs, relative=relative) for relative in (False, True)],
    stability.wilcoxon_signed_rank,
    stability.sign_test,
    stability.mcnemar,
    stability.bowker,
    stability.spearman,
    lambda pairs: [reliability.weighted_kappa(pairs, weights) for weights in ("none", "linear", "quadratic")],
    lambda pairs: whole_rounds.shift_of_shares(pairs.before, pairs.now),
    lambda pairs: whole_rounds.chi_square_of_rounds(pairs.before, pairs.now),
)
OF_SEVERAL: tuple[Callable[[list[Counts]], object], ...] = (
    reliability.fleiss_kappa,
    lambda several: [reliability.gwet_ac(several, weights) for weights in ("none", "linear", "quadratic")],
    lambda several: [
        alpha.krippendorff_alpha(several, level) for level in ("nominal", "ordinal", "interval")
    ],
    lambda several: alpha.alpha_interval(several, seed=1, draws=20),
    groups.kruskal_wallis,
    lambda several: list(
        groups.pairwise_mann_whitney({str(place): each for place, each in enumerate(several)}).values()
    ),
    lambda several: attrition.leavers_over_items(
        [attrition.leavers_and_stayers(each, several[0], k=3) for each in several]
    ),
    proportions.apmo,
    content_validity.scale_cvi_average,
)
OF_TABLES: tuple[Callable[[list[list[float | None]]], object], ...] = (
    concordance.kendall_w,
    intraclass.intraclass_correlations,
)


def check(found: object) -> None:
    """Walk through what a measure gave."""
    if isinstance(found, Measure):
        assert (found.value is None) == (found.reason is not None)
        assert found.n >= 0
        assert found.missing >= 0
        check(found.value)
    elif isinstance(found, Interval | bootstrap.BootstrapInterval):
        assert (found.low is None) == (found.high is None) == (found.reason is not None)
        assert found.low is None or found.high is None or found.low <= found.high
    elif isinstance(found, SignificanceTest | stability.ChangeTest):
        assert found.p is not None or found.reason is not None
        assert found.p is None or 0 <= found.p <= 1
    elif is_dataclass(found) and not isinstance(found, type):
        for each in fields(found):
            check(getattr(found, each.name))
    elif isinstance(found, list | tuple):
        for each in found:
            check(each)
    elif isinstance(found, float):
        assert isfinite(found)


@st.composite
def counted(draw: st.DrawFn, scale: RatingScale | None = None) -> Counts:
    of_scale = scale or draw(st.sampled_from(SCALES))
    of = draw(st.lists(SMALL, min_size=len(of_scale.points), max_size=len(of_scale.points)))
    others = draw(st.tuples(SMALL, SMALL, SMALL))
    return Counts(of_scale, tuple(of), dont_know=others[0], blank=others[1], declined=others[2])


@st.composite
def matched(draw: st.DrawFn) -> PairCounts:
    scale = draw(st.sampled_from(SCALES))
    size = len(scale.points)
    cells = draw(st.lists(st.tuples(*[st.integers(0, size - 1)] * 2), max_size=25))
    of = tuple(tuple(cells.count((i, j)) for j in range(size)) for i in range(size))
    return PairCounts(scale, of, before_only=draw(SMALL), now_only=draw(SMALL))


@st.composite
def several(draw: st.DrawFn) -> list[Counts]:
    scale = draw(st.sampled_from(SCALES))
    return draw(st.lists(counted(scale), min_size=1, max_size=4))


@st.composite
def tables(draw: st.DrawFn) -> list[list[float | None]]:
    items = draw(st.integers(1, 8))
    value = st.one_of(st.integers(1, 3), st.integers(1, 3), st.none())
    return draw(st.lists(st.lists(value, min_size=items, max_size=items), max_size=4))


@settings(deadline=None, max_examples=60)
@given(counted())
def test_measures_of_one_item(counts: Counts) -> None:
    for measure in OF_COUNTS:
        check(measure(counts))


@pytest.mark.parametrize("scale", SCALES)
def test_everybody_may_say_dont_know_and_one_may_be_alone(scale: RatingScale) -> None:
    none = (0,) * len(scale.points)
    for counts in (Counts(scale, none), Counts(scale, none, dont_know=9), Counts(scale, (1, *none[1:]))):
        for measure in OF_COUNTS:
            check(measure(counts))
        for of_several in OF_SEVERAL:
            check(of_several([counts]))
            check(of_several([counts, counts]))


@settings(deadline=None, max_examples=60)
@given(matched())
def test_measures_of_change(pairs: PairCounts) -> None:
    for measure in OF_PAIRS:
        check(measure(pairs))


@settings(deadline=None, max_examples=60)
@given(several())
def test_measures_of_several_items_or_groups(several: list[Counts]) -> None:
    for measure in OF_SEVERAL:
        check(measure(several))


@settings(deadline=None, max_examples=8)
@given(tables())
def test_measures_of_tables(table: list[list[float | None]]) -> None:
    for measure in OF_TABLES:
        check(measure(table))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_not_finite_is_no_value(wrong: float) -> None:
    made: list[Callable[[], Any]] = [
        lambda: Measure(wrong, 3),
        lambda: Interval(0.0, wrong, 3),
        lambda: SignificanceTest(None, wrong, 3),
    ]
    for make in made:
        with pytest.raises(ValueError, match="no value"):
            make()


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    """NumPy and SciPy take seconds to load, which no page should wait for that only counts."""
    code = (
        "import importlib, pkgutil, sys, surveyapp.statistics as s\n"
        "for found in pkgutil.iter_modules(s.__path__):\n"
        "    importlib.import_module(f'surveyapp.statistics.{found.name}')\n"
        "print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"
