"""The forecast of a round: against an outside distribution, and at its edges."""

from __future__ import annotations

import pytest
from scipy.stats import betabinom

from surveyapp.statistics.forecasting import Forecast, forecast_next


@pytest.mark.parametrize(("came", "of", "now"), [(18, 20, 18), (0, 5, 7), (5, 5, 5), (640, 1000, 640)])
def test_it_is_the_beta_binomial_of_scipy(came: int, of: int, now: int) -> None:
    expected = betabinom(now, came + 0.5, of - came + 0.5)
    found = forecast_next(came, of=of, now=now)
    assert found is not None
    assert (found.low, found.high) == (expected.ppf(0.025), expected.ppf(0.975))
    assert found.expected == round(expected.mean())


def test_more_people_to_learn_from_make_it_narrower() -> None:
    few, many = forecast_next(8, of=10, now=100), forecast_next(800, of=1000, now=100)
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low
    assert few.low <= few.expected <= few.high


def test_nothing_is_foreseen_from_nobody() -> None:
    assert forecast_next(0, of=0, now=5) is None
    assert forecast_next(5, of=5, now=0) is None
    assert forecast_next(1, of=1, now=1) == Forecast(1, 0, 1, 1, 1)
    with pytest.raises(ValueError, match="nobody comes back"):
        forecast_next(6, of=5, now=5)
