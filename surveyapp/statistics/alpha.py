"""Krippendorff's alpha: agreement over a set of items, whoever rated which, from counts.

It describes how raters agree over all items together and says nothing of one item, on which it is 0 or
undefined whatever the ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from surveyapp.statistics.bootstrap import DRAWS, BootstrapInterval, of_draws
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.reliability import check_one_scale
from surveyapp.statistics.returning import of_people

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.float64]

Level: TypeAlias = Literal["nominal", "ordinal", "interval"]
_CELLS_AT_ONCE: Final = 2_000_000


def krippendorff_alpha(items: Sequence[Counts], level: Level = "ordinal") -> Measure:
    """Krippendorff's alpha, 1 − Do/De, exact (Krippendorff 2011).

    Any number of raters per item, missing ones allowed; items with fewer than two ratings have no pairs. `n`
    counts the pairable ratings, `missing` the items without any. Raises ValueError for different scales.
    """
    check_one_scale(items)
    said = f"level: {level}"
    pairable = [counts for counts in items if counts.n >= 2]
    missing = len(items) - len(pairable)
    if not pairable:
        return of_people(0, Undefined.NO_PAIRABLE_VALUES, said, missing=missing)
    totals = [sum(column) for column in zip(*(counts.of for counts in pairable), strict=True)]
    n = sum(totals)
    places = _places(pairable[0].scale.points, totals, level)
    expected = _differences(totals, places)
    if expected == 0:
        return of_people(n, Undefined.NO_VARIATION, said, missing=missing)
    observed = sum(
        (Fraction(_differences(counts.of, places), counts.n - 1) for counts in pairable), Fraction()
    )
    return of_people(n, 1 - (n - 1) * observed / expected, said, missing=missing)


def _places(points: Sequence[int], totals: Sequence[int], level: Level) -> Sequence[int] | None:
    """Numbers whose squared distances are the differences between the points; None for names.

    Ordinal differences are the ratings that lie between two points and half of those on them, which is the
    distance of their mid-ranks. Everything is doubled there to stay whole; ratios do not mind.
    """
    if level == "nominal":
        return None
    if level == "interval":
        return points
    return [2 * up_to - here for up_to, here in zip(accumulate(totals), totals, strict=True)]


def _differences(of: Sequence[int], places: Sequence[int] | None) -> int:
    """The differences summed over all ordered pairs of ratings.

    Σ fᵢ fⱼ (xᵢ − xⱼ)² is 2 (n Σ f x² − (Σ f x)²): one walk over the scale instead of one over its square.
    """
    n = sum(of)
    if places is None:
        return n * n - sum(times * times for times in of)
    first = sum(times * place for times, place in zip(of, places, strict=True))
    second = sum(times * place * place for times, place in zip(of, places, strict=True))
    return 2 * (n * second - first * first)


def alpha_interval(
    items: Sequence[Counts],
    level: Level = "ordinal",
    *,
    seed: int,
    draws: int = DRAWS,
    confidence: float = 0.95,
) -> BootstrapInterval:
    """A percentile interval of alpha by drawing its items anew (after Hayes and Krippendorff 2007).

    Items with fewer than two ratings are not drawn. Fewer than two others: none. `failed` counts draws that
    hit on items without variation. Raises ValueError for different scales.
    """
    check_one_scale(items)
    pairable = [counts for counts in items if counts.n >= 2]
    if len(pairable) < 2:
        return of_draws([], len(pairable), seed=seed, draws=draws, level=confidence)
    import numpy as np  # noqa: PLC0415 - loaded only where resampling is asked for

    of = np.array([counts.of for counts in pairable], dtype=np.float64)
    points = np.array(pairable[0].scale.points, dtype=np.float64)
    chance = np.random.default_rng(seed)
    shares = np.full(len(pairable), 1 / len(pairable))
    at_once = max(1, _CELLS_AT_ONCE // of.shape[1] ** 2)
    found: list[float] = []
    for start in range(0, draws, at_once):
        times = chance.multinomial(len(pairable), shares, size=min(at_once, draws - start))
        found.extend(_alphas(times.astype(np.float64), of, points, level))
    return of_draws(found, len(pairable), seed=seed, draws=draws, level=confidence)


def _alphas(times: Numbers, of: Numbers, points: Numbers, level: Level) -> list[float]:
    """Alpha of each draw, `times` saying how often it has each item; those without variation are left out."""
    import numpy as np  # noqa: PLC0415 - loaded only where resampling is asked for

    ratings = of.sum(axis=1)
    size = of.shape[1]
    # Coincidences of each item, put end to end: a draw's are their sum. Pairs of a rating with itself are
    # among them, which have no distance.
    pairs = of[:, :, None] * of[:, None, :]
    together = (times @ (pairs / (ratings - 1)[:, None, None]).reshape(len(of), -1)).reshape(-1, size, size)
    totals = times @ of
    if level == "nominal":
        apart = np.broadcast_to(1 - np.eye(size), together.shape)
    else:
        places = (
            np.broadcast_to(points, totals.shape)
            if level == "interval"
            else 2 * np.cumsum(totals, axis=1) - totals
        )
        apart = (places[:, :, None] - places[:, None, :]) ** 2
    observed = (together * apart).sum(axis=(1, 2))
    expected = (totals[:, :, None] * totals[:, None, :] * apart).sum(axis=(1, 2))
    varied = expected > 0
    n = totals.sum(axis=1)
    alphas = 1 - (n[varied] - 1) * observed[varied] / expected[varied]
    return [float(alpha) for alpha in alphas]
