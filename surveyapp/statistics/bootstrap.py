"""Percentile intervals by resampling, from a seed that is kept with the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_Unit = TypeVar("_Unit")
DRAWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """From `low` to `high`: percentiles of `draws` resamples from `seed`; `failed` gave no value."""

    low: float
    high: float
    level: float
    draws: int
    seed: int
    failed: int


def bootstrap_interval(
    units: Sequence[_Unit],
    measure: Callable[[Sequence[_Unit]], float | None],
    *,
    seed: int,
    draws: int = DRAWS,
    level: float = 0.95,
) -> BootstrapInterval | None:
    """The percentile interval of `measure` over resampled `units` (Akins et al. 2005 for Delphi panels).

    None with fewer than two units, or when most resamples have no value. Not bias-corrected: on medians of
    ratings the correction is undefined.
    """
    if len(units) < 2:
        return None
    import numpy as np  # noqa: PLC0415 - loaded only where resampling is asked for

    chance = np.random.default_rng(seed)
    found: list[float] = []
    for _ in range(draws):
        value = measure([units[place] for place in chance.integers(0, len(units), len(units))])
        if value is not None:
            found.append(value)
    if 2 * len(found) < draws:
        return None
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return BootstrapInterval(float(low), float(high), level, draws, seed, draws - len(found))
