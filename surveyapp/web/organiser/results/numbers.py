"""Numbers as the organiser's pages write them, and why there is none where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flask_babel import format_decimal
from flask_babel import gettext as _

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure
from surveyapp.web.organiser.words import why_undefined

_TONES = 8


@dataclass(frozen=True, slots=True)
class Segment:
    """One point of a scale in a drawing: where it begins and how wide it is, in hundredths."""

    start: float
    width: float
    tone: int
    """From 0, the lowest point, to 8, the highest."""


def number(measure: Measure | None) -> str:
    """A number, or why there is none."""
    if measure is None:
        return "–"
    if measure.reason is not None:
        return why_undefined(measure.reason)
    if isinstance(measure.value, bool):
        return str(_("yes") if measure.value else _("no"))
    return str(measure.value) if measure.number is None else str(format_decimal(measure.number, "0.##"))


def span(low: Measure | None, high: Measure | None) -> str:
    """Two numbers as the ends of a span."""
    if low is None or low.reason is not None:
        return number(low)
    return f"{number(low)}–{number(high)}"


def share(measure: Measure | None) -> str:
    """A share with what it stands on, ``139 of 200, 69.5 %``: never a rounded percentage alone."""
    if measure is None or not isinstance(measure.value, int | Fraction):
        return number(measure)
    times = Fraction(measure.value) * measure.n
    percent = percent_words(measure)
    if times.denominator != 1:
        return percent
    return str(_("%(times)s of %(n)s, %(percent)s", times=int(times), n=measure.n, percent=percent))


def percent_words(measure: Measure | None) -> str:
    """A share in hundredths, or why there is none."""
    if measure is None or not isinstance(measure.value, int | Fraction):
        return number(measure)
    return f"{format_decimal(float(100 * Fraction(measure.value)), '0.#')} %"


def level(measure: Measure | None) -> int | None:
    """A share in whole hundredths, for a shade; None where there is none."""
    if measure is None or not isinstance(measure.value, int | Fraction):
        return None
    return max(0, min(100, round(100 * Fraction(measure.value))))


def segments(counts: Counts) -> tuple[Segment, ...]:
    """The ratings as one bar of a hundred."""
    found, start = [], Fraction(0)
    for position, times in enumerate(counts.of):
        width = Fraction(100 * times, counts.n) if counts.n else Fraction(0)
        if times:
            found.append(Segment(float(round(start, 2)), float(round(width, 2)), tone(position, counts)))
        start += width
    return tuple(found)


def tone(position: int, counts: Counts) -> int:
    """The colour of the point at `position`."""
    return round(position * _TONES / max(1, len(counts.of) - 1))
