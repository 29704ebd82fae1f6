"""Whether an outcome belongs to a core outcome set: the 70/15 rule of COMET, per group and never pooled."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined, measured

LEAST: Final = Fraction(70, 100)
BELOW: Final = Fraction(15, 100)


def core_outcome(counts: Counts, *, least: Fraction = LEAST, below: Fraction = BELOW) -> Measure:
    """'in', 'out' or 'none': 70 % and more in the upper third and less than 15 % in the lower, or mirrored.

    The first threshold is inclusive, the second strict: 15 % is too many (Harman et al. 2013;
    Trials 2015, s13063-015-1011-8, table 1). Thirds are 7–9 and 1–3 of nine points. "Unable to score" is no
    valid rating. `least` must be more than half, or an outcome could be both in and out.
    """
    if not Fraction(1, 2) < least <= 1 or not 0 < below <= 1:
        raise ValueError("at least a share above one half, and less than a share between 0 and 1")
    bands = counts.scale.thirds
    convention = (
        f"at least {_percent(least)} of {_ends(bands.high)}, less than {_percent(below)} of the other"
    )
    if not bands.middle:
        return counts.measured(Undefined.NOT_DEFINED_FOR_SCALE, convention)
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    high, low = counts.on(bands.high), counts.on(bands.low)
    if _meets(high, low, counts.n, least, below):
        return counts.measured("in", convention)
    if _meets(low, high, counts.n, least, below):
        return counts.measured("out", convention)
    return counts.measured("none", convention)


def _meets(many: int, few: int, n: int, least: Fraction, below: Fraction) -> bool:
    return many * least.denominator >= n * least.numerator and few * below.denominator < n * below.numerator


def _percent(share: Fraction) -> str:
    return f"{float(100 * share):g} %"


def _ends(points: tuple[int, ...]) -> str:
    return f"{points[0]}–{points[-1]} ({len(points)} points)" if len(points) > 1 else str(points[0])


def core_outcome_in_each_group(
    groups: Mapping[str, Counts], *, least: Fraction = LEAST, below: Fraction = BELOW
) -> Measure:
    """'in' where every group says in, 'out' where every group says out, otherwise 'none'.

    Each group is judged on its own ratings. A group without a valid rating has no verdict, and then the whole
    has none: leaving the group out would be pooling by another name.
    """
    verdicts = [core_outcome(counts, least=least, below=below) for counts in groups.values()]
    n, missing, dont_know = (
        sum(each.n for each in verdicts),
        sum(each.missing for each in verdicts),
        sum(each.dont_know for each in verdicts),
    )
    convention = "in each group"
    reasons = [each.reason for each in verdicts if each.reason is not None]
    if not verdicts:
        return measured(Undefined.NO_VALID_RATINGS, 0, convention=convention)
    if reasons:
        return measured(reasons[0], n, missing, dont_know, convention)
    said = {str(each.value) for each in verdicts}
    return measured(said.pop() if len(said) == 1 else "none", n, missing, dont_know, convention)
