"""How many will answer the next round, from how many came back to this one."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma


@dataclass(frozen=True, slots=True)
class Forecast:
    """So many are expected, and in 95 of 100 such rounds between `low` and `high`."""

    expected: int
    low: int
    high: int
    came_back: int
    of: int


def forecast_next(came_back: int, *, of: int, now: int, level: float = 0.95) -> Forecast | None:
    """How many of the `now` who answered this round will answer the next.

    Beta-binomial prediction: of `of` people who had answered the round before, `came_back` answered this one;
    the rate is taken with Jeffreys' prior, so that the interval holds both what the rate might be and the
    chance of the draw (Brown, Cai, DasGupta 2001, Stat Sci 16, 101). Newcomers and returners are not
    foreseen.
    None without anybody to learn from, or nobody to come. Raises ValueError for impossible numbers.
    """
    if not 0 <= came_back <= of or now < 0 or not 0 < level < 1:
        raise ValueError("nobody comes back who was not there, and a level lies between 0 and 1")
    if not of or not now:
        return None
    a, b = came_back + 0.5, of - came_back + 0.5
    below, tail = 0.0, (1 - level) / 2
    low = high = None
    for each in range(now + 1):
        below += exp(
            lgamma(now + 1)
            - lgamma(each + 1)
            - lgamma(now - each + 1)
            + _beta(each + a, now - each + b)
            - _beta(a, b)
        )
        if low is None and below > tail:
            low = each
        if high is None and below >= 1 - tail:
            high = each
    return Forecast(
        round(now * a / (a + b)),
        low if low is not None else now,
        high if high is not None else now,
        came_back,
        of,
    )


def _beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
