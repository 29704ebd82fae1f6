"""What changed between two rounds: shares and sizes of change over matched panellists, exact.

Stability is not consensus. A net shift of 0 can hide opposite moves: read it with the share changed.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from surveyapp.statistics.counts import Counts, PairCounts
from surveyapp.statistics.location import cv
from surveyapp.statistics.measure import Measure, Undefined, measured

MATCHED = "matched panellists"


def share_changed(pairs: PairCounts) -> Measure:
    """The share of matched panellists whose rating is another than before."""
    if pairs.n == 0:
        return pairs.measured(Undefined.NO_PAIRABLE_VALUES, MATCHED)
    stayed = sum(row[place] for place, row in enumerate(pairs.of))
    return pairs.measured(Fraction(pairs.n - stayed, pairs.n), MATCHED)


def mean_absolute_change(pairs: PairCounts) -> Measure:
    """How far the matched panellists moved on average, in points of the scale, whichever way."""
    if pairs.n == 0:
        return pairs.measured(Undefined.NO_PAIRABLE_VALUES, MATCHED)
    moved = sum(abs(change) * times for change, times in changes(pairs).items())
    return pairs.measured(Fraction(moved, pairs.n), MATCHED)


def mean_signed_change(pairs: PairCounts) -> Measure:
    """How far the matched panellists moved up on average, in points of the scale; down is negative."""
    if pairs.n == 0:
        return pairs.measured(Undefined.NO_PAIRABLE_VALUES, MATCHED)
    moved = sum(change * times for change, times in changes(pairs).items())
    return pairs.measured(Fraction(moved, pairs.n), MATCHED)


def changes(pairs: PairCounts) -> dict[int, int]:
    """Now minus before, in points of the scale → how many matched panellists changed so; 0 among them."""
    points = pairs.scale.points
    found: dict[int, int] = {}
    for before, row in zip(points, pairs.of, strict=True):
        for now, times in zip(points, row, strict=True):
            if times:
                found[now - before] = found.get(now - before, 0) + times
    return found


def moved_toward(
    *shown: tuple[PairCounts, Fraction], of: Literal["matched", "changed"] = "matched"
) -> Measure:
    """The share of panellists whose rating is now nearer to the median that they were shown.

    Each part holds those who were shown the same median of the round before (of their group, or of all), so
    that everybody is held against what they saw. `of` says whether the share is of all matched panellists or
    of those who changed. Nearer means a smaller distance; overshooting to the same distance is not nearer.
    """
    nearer = matched = changed = missing = 0
    for pairs, median in shown:
        matched += pairs.n
        missing += pairs.before_only + pairs.now_only
        points = pairs.scale.points
        for before, row in zip(points, pairs.of, strict=True):
            for now, times in zip(points, row, strict=True):
                changed += times if now != before else 0
                nearer += times if times and abs(now - median) < abs(before - median) else 0
    convention = f"median shown in the round before; of {of} panellists"
    whole = matched if of == "matched" else changed
    if whole == 0:
        reason = Undefined.NO_CHANGES if matched else Undefined.NO_PAIRABLE_VALUES
        return measured(reason, matched, missing, convention=convention)
    return measured(Fraction(nearer, whole), matched, missing, convention=convention)


def shift(pairs: PairCounts) -> Measure:
    """The net shift of the distribution over matched panellists: half the summed differences of the counts.

    As a share of the people; less than 15 % is called stable (Scheibe, Skutsch and Schofer 1975).
    """
    if pairs.n == 0:
        return pairs.measured(Undefined.NO_PAIRABLE_VALUES, MATCHED)
    moved = sum(abs(now - before) for before, now in zip(pairs.before.of, pairs.now.of, strict=True))
    return pairs.measured(Fraction(moved, 2 * pairs.n), MATCHED)


def shift_of_shares(before: Counts, now: Counts) -> Measure:
    """The shift between all who rated in each round, also where they are not equally many: from shares.

    `n` counts the ratings now. Raises ValueError for different scales.
    """
    convention = "shares of all who rated in each round"
    if before.scale != now.scale:
        raise ValueError("counts on different scales cannot be compared")
    if before.n == 0 or now.n == 0:
        return now.measured(Undefined.NO_PAIRABLE_VALUES, convention)
    moved = sum(abs(b * before.n - a * now.n) for a, b in zip(before.of, now.of, strict=True))
    return now.measured(Fraction(moved, 2 * before.n * now.n), convention)


def cv_change(before: Counts, now: Counts, *, relative: bool = False) -> Measure:
    """The change of the coefficient of variation, CV now - CV before, or that over CV before.

    A small difference is called stable (Dajani et al. 1979; Kalaian and Kasim 2012). Undefined where one
    of the two is; a relative change from constant ratings, too.
    """
    convention = "n - 1; relative to the round before" if relative else "n - 1"
    first, second = cv(before), cv(now)
    reason = first.reason or second.reason
    if reason is not None:
        return now.measured(reason, convention)
    earlier, later = _real(first), _real(second)
    if not relative:
        return now.measured(later - earlier, convention)
    if earlier == 0:
        return now.measured(Undefined.NO_VARIATION, convention)
    return now.measured((later - earlier) / earlier, convention)


def _real(measure: Measure) -> Fraction | float:
    if not isinstance(measure.value, Fraction | float):
        raise TypeError("a coefficient of variation is a number")
    return measure.value
