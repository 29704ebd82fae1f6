"""What every measure returns: a value with all that is needed to read it, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import isfinite
from typing import TypeAlias

Value: TypeAlias = int | float | Fraction | bool | str | tuple["Value", ...]
"""Exact where a measure is exact: shares and quantiles are fractions, so that rules compare them exactly."""


class Undefined(StrEnum):
    """Why a measure has no value."""

    NO_VALID_RATINGS = "no_valid_ratings"
    TOO_FEW_RATINGS = "too_few_ratings"
    NO_VARIATION = "no_variation"
    ALL_TIED = "all_tied"
    NO_PAIRABLE_VALUES = "no_pairable_values"
    MEAN_IS_ZERO = "mean_is_zero"
    TOO_FEW_POINTS = "too_few_points"
    UNEQUAL_COUNTS = "unequal_counts"
    NOT_ASKED = "not_asked"
    NOT_COMPARABLE = "not_comparable"
    NOT_DEFINED_FOR_SCALE = "not_defined_for_scale"
    PARTIAL_ASSIGNMENT = "partial_assignment"
    NO_CHANGES = "no_changes"
    FEWER_THAN_K = "fewer_than_k"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number about ratings, with what it stands on.

    `value` is None exactly when `reason` says why. `n` counts the valid ratings (for measures of change: the
    matched pairs); `missing` those who were asked and left it blank or declined; `dont_know` those who could
    not judge. `convention` names every choice that another program might make differently.
    """

    value: Value | None
    n: int
    missing: int = 0
    dont_know: int = 0
    convention: str = ""
    reason: Undefined | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError("a measure has a value, or a reason why it has none")
        _check_finite(self.value)

    @property
    def number(self) -> float | None:
        """The value as a float for showing; None when there is none or it is no number."""
        return float(self.value) if isinstance(self.value, int | float | Fraction) else None


def measured(
    found: Value | Undefined, n: int, missing: int = 0, dont_know: int = 0, convention: str = ""
) -> Measure:
    """A measure of what was found: a value, or the reason why there is none."""
    if isinstance(found, Undefined):
        return Measure(None, n, missing, dont_know, convention, found)
    return Measure(found, n, missing, dont_know, convention)


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds that hold what is estimated in a share `level` of panels drawn at random.

    Panels are chosen, not drawn: an interval describes how much a number of this size can say. Both bounds
    are None exactly when `reason` says why.
    """

    low: Fraction | float | None
    high: Fraction | float | None
    n: int
    level: float = 0.95
    convention: str = ""
    reason: Undefined | None = None

    def __post_init__(self) -> None:
        if not ((self.low is None) == (self.high is None) == (self.reason is not None)):
            raise ValueError("an interval has two bounds, or a reason why it has none")
        _check_finite(self.low, self.high)


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """How surprising a difference is if there were none: shown beside an effect size, never decisive.

    `p` is two-sided. Where there is nothing to test, as when nobody changed, `p` is 1 and `reason` says why;
    where the test does not exist, `p` is None and `reason` says why. `n` counts what the statistic stands on.
    """

    statistic: Fraction | float | None
    p: float | None
    n: int
    convention: str = ""
    reason: Undefined | None = None

    def __post_init__(self) -> None:
        if self.p is None and self.reason is None:
            raise ValueError("a test has a p, or a reason why it has none")
        _check_finite(self.statistic, self.p)


def _check_finite(*values: object) -> None:
    """NaN and infinity are no values: what they would stand for is a reason."""
    for value in values:
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{value} is no value: a measure without one has a reason")
