"""Who rated what how: the few measures that counts are not enough for take this table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TypeAlias

from surveyapp.statistics.counts import Counts, RatingScale, count
from surveyapp.statistics.measure import Undefined

RatingTable: TypeAlias = Sequence[Sequence[float | None]]
"""One row per rater, one column per item; None where there is no rating ("don't know" among it)."""


def complete_raters(ratings: RatingTable) -> list[list[float]]:
    """The rows of those who rated every item.

    Raises ValueError for rows of unequal length and for values that are no numbers.
    """
    if any(len(row) != len(ratings[0]) for row in ratings):
        raise ValueError("every rater has one place for each item")
    rows = [[value for value in row if value is not None] for row in ratings]
    if not all(isfinite(value) for row in rows for value in row):
        raise ValueError("a rating is a number, or None where there is none")
    return [row for row, given in zip(rows, ratings, strict=True) if len(row) == len(given)]


def count_items(scale: RatingScale, ratings: Iterable[Sequence[int | None]]) -> list[Counts]:
    """The table's columns counted, for the measures that counts are enough for.

    Raises ValueError for a value outside the scale and for rows of unequal length.
    """
    return [count(scale, column) for column in zip(*ratings, strict=True)]


def why_too_few(ratings: RatingTable, complete: Sequence[Sequence[float]]) -> Undefined | None:
    """Why there are not two raters to compare: too few at all, or too few who rated every item."""
    if len(complete) >= 2:
        return None
    return Undefined.PARTIAL_ASSIGNMENT if len(ratings) >= 2 else Undefined.TOO_FEW_RATINGS
