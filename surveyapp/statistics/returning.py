"""Building the answer of a measure: the one way in which each says its value, or why it has none."""

from __future__ import annotations

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined, Value


def of_counts(counts: Counts, value: Value | Undefined, convention: str = "") -> Measure:
    """A measure of the ratings that were counted."""
    if isinstance(value, Undefined):
        return Measure(None, counts.n, counts.missing, counts.dont_know, convention, value)
    return Measure(value, counts.n, counts.missing, counts.dont_know, convention)


def of_people(n: int, value: Value | Undefined, convention: str = "", *, missing: int = 0) -> Measure:
    """A measure of `n` people, pairs or items, for which there are no counts on one scale."""
    if isinstance(value, Undefined):
        return Measure(None, n, missing, convention=convention, reason=value)
    return Measure(value, n, missing, convention=convention)
