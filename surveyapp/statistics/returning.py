"""Building the answer of a measure of people, pairs or items, which no counts on one scale stand behind."""

from __future__ import annotations

from surveyapp.statistics.measure import Measure, Undefined, Value


def of_people(n: int, value: Value | Undefined, convention: str = "", *, missing: int = 0) -> Measure:
    """A measure of `n` people, pairs or items: its value, or why it has none."""
    if isinstance(value, Undefined):
        return Measure(None, n, missing, convention=convention, reason=value)
    return Measure(value, n, missing, convention=convention)
