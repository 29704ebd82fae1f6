"""Percentile intervals by drawing anew, from a seed that is kept with the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, comb
from typing import Final, NamedTuple, TypeAlias, TypeVar

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Undefined
from surveyapp.statistics.quantiles import QuantileType, exact_quantile, quantile_places

_Unit = TypeVar("_Unit")
DRAWS: Final = 10_000
ENUMERATED_UP_TO: Final = 7
"""Up to so many ratings every possible draw is looked at, so that nothing depends on a seed."""


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """From `low` to `high`: percentiles of `draws` draws from `seed`, of which `failed` had no value.

    Not bias-corrected: on medians of ratings that correction is undefined. `n` counts what was drawn from.
    Both bounds are None exactly when `reason` says why.
    """

    low: Fraction | float | None
    high: Fraction | float | None
    n: int
    level: float
    draws: int
    seed: int
    failed: int = 0
    convention: str = "percentile"
    reason: Undefined | None = None

    def __post_init__(self) -> None:
        if not ((self.low is None) == (self.high is None) == (self.reason is not None)):
            raise ValueError("an interval has two bounds, or a reason why it has none")


def bootstrap_interval(
    units: Sequence[_Unit],
    measure: Callable[[Sequence[_Unit]], float | None],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = 0.95,
) -> BootstrapInterval:
    """The percentile interval of any `measure` over people or items (Akins et al. 2005 for Delphi panels).

    None with fewer than two units, or when most draws have no value. Raises ValueError for a level outside 0
    to 1.
    """
    found: list[float] = []
    if len(units) >= 2:
        import numpy as np  # noqa: PLC0415 - loaded only where resampling is asked for

        chance = np.random.default_rng(seed)
        for _ in range(draws):
            value = measure([units[place] for place in chance.integers(0, len(units), len(units))])
            if value is not None:
                found.append(value)
    return of_draws(found, len(units), seed=seed, draws=draws, level=level)


def of_draws(found: Sequence[float], n: int, *, seed: int, draws: int, level: float) -> BootstrapInterval:
    """The interval of what the draws gave; no value where there were fewer than two to draw from.

    Nor where most draws failed. Bounds are values that were drawn, not points between them.
    """
    _check_level(level)
    failed = draws - len(found)
    if n < 2 or 2 * len(found) < draws:
        reason = Undefined.TOO_FEW_RATINGS if n < 2 else Undefined.NO_VARIATION
        return BootstrapInterval(None, None, n, level, draws, seed, failed if n >= 2 else 0, reason=reason)
    ordered = sorted(found)
    low, high = _ranks(len(ordered), level)
    return BootstrapInterval(ordered[low], ordered[high], n, level, draws, seed, failed)


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")


def _ranks(many: int, level: float) -> tuple[int, int]:
    """The places, from 0, that leave the same tail below and above."""
    tail = (1 - Fraction(str(level))) / 2
    low = max(ceil(many * tail), 1) - 1
    return low, many - 1 - low


def median_resampled(
    counts: Counts, *, seed: int, draws: int = DRAWS, level: float = 0.95
) -> BootstrapInterval:
    """The percentile interval of the median of one item's ratings."""
    return _of_quantiles(counts, ((1, 2),), 7, _Drawing(seed, draws, level))


def iqr_resampled(
    counts: Counts, kind: QuantileType = 7, *, seed: int, draws: int = DRAWS, level: float = 0.95
) -> BootstrapInterval:
    """The percentile interval of the IQR of one item's ratings, quantiles of type `kind`."""
    return _of_quantiles(counts, ((1, 4), (3, 4)), kind, _Drawing(seed, draws, level))


class _Drawing(NamedTuple):
    """How it is drawn."""

    seed: int
    draws: int
    level: float


_Parts: TypeAlias = tuple[tuple[int, int], ...]
"""One quantile, or two between which the distance is asked for: each as part and parts."""


def _of_quantiles(counts: Counts, parts: _Parts, kind: QuantileType, drawing: _Drawing) -> BootstrapInterval:
    """The interval of a quantile, or of the distance between two.

    Seven ratings and fewer have so few possible draws that all are weighed; `draws` is 0 then.
    """
    seed, draws, level = drawing
    _check_level(level)
    n = counts.n
    said = f"percentile; Hyndman-Fan type {kind}"
    if n < 2:
        reason = Undefined.TOO_FEW_RATINGS if n else Undefined.NO_VALID_RATINGS
        return BootstrapInterval(None, None, n, level, 0, seed, 0, said, reason)
    if n <= ENUMERATED_UP_TO:
        low, high = _weighed(counts, parts, kind, level)
        return BootstrapInterval(low, high, n, level, 0, seed, 0, f"{said}; every draw, exact")
    import numpy as np  # noqa: PLC0415 - loaded only where resampling is asked for

    chance = np.random.default_rng(seed)
    reached = np.cumsum(chance.multinomial(n, [times / n for times in counts.of], size=draws), axis=1)
    points = np.array(counts.scale.points)
    width, whole = np.zeros(draws, dtype=np.int64), 1
    # Both quartiles lie the same number of parts between two ratings, whatever the type.
    for part in parts:
        lower, upper, rest, of = quantile_places(n, *part, kind)
        first, second = (points[(reached < place).sum(axis=1)] for place in (lower, upper))
        width = (first * of + rest * (second - first)) - width
        whole = of
    ordered = np.sort(width)
    low_place, high_place = _ranks(draws, level)
    return BootstrapInterval(
        Fraction(int(ordered[low_place]), whole),
        Fraction(int(ordered[high_place]), whole),
        n,
        level,
        draws,
        seed,
        0,
        said,
    )


def _weighed(counts: Counts, parts: _Parts, kind: QuantileType, level: float) -> tuple[Fraction, Fraction]:
    """The percentiles over all draws, each as likely as it is."""
    n = counts.n
    ways: dict[Fraction, int] = {}
    for of, many in _every_draw(counts.of, n):
        drawn = Counts(counts.scale, of)
        values = [exact_quantile(drawn, Fraction(*part), kind) for part in parts]
        value = values[-1] - values[0] if len(values) > 1 else values[0]
        ways[value] = ways.get(value, 0) + many
    tail = (1 - Fraction(str(level))) / 2 * n**n
    ordered = sorted(ways)
    return _first_beyond(ordered, ways, tail), _first_beyond(ordered[::-1], ways, tail)


def _every_draw(of: Sequence[int], left: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every way to draw `left` ratings with replacement, as counts, and in how many orders it comes."""
    if len(of) == 1:
        yield (left,), of[0] ** left
        return
    for times in range(left + 1 if of[0] else 1):
        orders = comb(left, times) * of[0] ** times
        for rest, many in _every_draw(of[1:], left - times):
            if many:
                yield (times, *rest), orders * many


def _first_beyond(ordered: Sequence[Fraction], ways: dict[Fraction, int], tail: Fraction) -> Fraction:
    passed = 0
    for value in ordered:
        passed += ways[value]
        if passed >= tail:
            return value
    return ordered[-1]
