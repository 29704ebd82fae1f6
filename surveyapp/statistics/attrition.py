"""Who left between rounds, and whether those who left had rated otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.groups import Comparison, mann_whitney
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.returning import of_people


@dataclass(frozen=True, slots=True)
class Retention:
    """Responders of one round, over three denominators, each named."""

    of_previous: Measure
    of_first: Measure
    of_invited: Measure


def retention(responders: int, *, previous: int, first: int, invited: int) -> Retention:
    """How many of those before are still there: of the round before, of round 1, and of all invited."""

    def over(of: int, said: str) -> Measure:
        if of == 0:
            return of_people(0, Undefined.NO_VALID_RATINGS, said)
        return of_people(of, Fraction(responders, of), said)

    return Retention(
        over(previous, "of the previous round"), over(first, "of round 1"), over(invited, "of invited")
    )


@dataclass(frozen=True, slots=True)
class LeaversAndStayers:
    """What leavers and stayers had rated in the round before; a side under k people shows nothing at all."""

    leavers: int
    stayers: int
    comparison: Comparison | None
    is_suppressed: bool


def leavers_and_stayers(leavers: Counts, stayers: Counts, *, k: int) -> LeaversAndStayers:
    """Cliff's delta of leavers against stayers on their earlier ratings of one cell (COMET Handbook 2017).

    Positive: those who left had rated higher. No figure where either side has fewer than `k` people in the
    cell, not even their number.
    """
    if min(leavers.n, stayers.n) < k:
        return LeaversAndStayers(0, 0, None, is_suppressed=True)
    return LeaversAndStayers(leavers.n, stayers.n, mann_whitney(leavers, stayers), is_suppressed=False)


def fisher_exact(first: tuple[int, int], second: tuple[int, int]) -> float | None:
    """Fisher's exact p of a trait among leavers and stayers: (with, without) of each; None if empty."""
    if not sum(first) or not sum(second):
        return None
    from scipy.stats import fisher_exact as test  # noqa: PLC0415 - takes two seconds to load

    return float(test([list(first), list(second)]).pvalue)
