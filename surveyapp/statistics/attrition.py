"""Who left between rounds, whether those who left had rated otherwise, and what that does to a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from surveyapp.statistics.adjusting import holm
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.groups import Comparison, fisher_exact, mann_whitney
from surveyapp.statistics.measure import Measure, SignificanceTest, Undefined
from surveyapp.statistics.returning import of_people

FAR_APART: Final = Fraction(33, 100)
"""Cliff's delta beyond which leavers and stayers are called different."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Responders of one round, over three denominators, each named; `n` counts the denominator."""

    of_previous: Measure
    of_first: Measure
    of_invited: Measure


def retention(responders: int, *, previous: int, first: int, invited: int) -> Retention:
    """How many answered, over those of the round before, of round 1, and all invited; exact.

    The first two can be above 1 where people come back who had skipped a round. Raises ValueError for more
    responders than invited, and for negative numbers.
    """
    if min(responders, previous, first, invited) < 0 or max(responders, previous, first) > invited:
        raise ValueError("nobody answers who was not invited, and no number of people is negative")

    def over(of: int, said: str) -> Measure:
        return of_people(of, Fraction(responders, of) if of else Undefined.NO_VALID_RATINGS, said)

    return Retention(
        over(previous, "of the previous round"), over(first, "of round 1"), over(invited, "of invited")
    )


@dataclass(frozen=True, slots=True)
class LeaversAndStayers:
    """What leavers and stayers had rated in the round before; a side under k people shows nothing at all."""

    leavers: int
    stayers: int
    comparison: Comparison | None
    reason: Undefined | None = None

    @property
    def is_suppressed(self) -> bool:
        """Whether a side is too small to show anything."""
        return self.reason is Undefined.FEWER_THAN_K


def leavers_and_stayers(leavers: Counts, stayers: Counts, *, k: int) -> LeaversAndStayers:
    """Cliff's delta of leavers against stayers on their earlier ratings of one cell (COMET Handbook 2017).

    Positive: those who left had rated higher. No figure where either side has fewer than `k` people in the
    cell, not even their number.
    """
    if min(leavers.n, stayers.n) < k:
        return LeaversAndStayers(0, 0, None, Undefined.FEWER_THAN_K)
    return LeaversAndStayers(leavers.n, stayers.n, mann_whitney(leavers, stayers))


@dataclass(frozen=True, slots=True)
class LeaversOverItems:
    """Leavers and stayers over all items of a round: how many items they differ on."""

    far_apart: Measure
    """How many items; `n` counts those that were compared, `missing` those with too few on a side."""
    p_values: tuple[float | None, ...]
    """Of each item, adjusted by Holm over those that could be tested."""


def leavers_over_items(items: Sequence[LeaversAndStayers]) -> LeaversOverItems:
    """On how many items leavers lie further from stayers than a Cliff's delta of 0.33, either way."""
    shown = [each.comparison for each in items if each.comparison is not None]
    deltas = [each.effect.value for each in shown]
    far = sum(1 for delta in deltas if isinstance(delta, Fraction) and abs(delta) > FAR_APART)
    return LeaversOverItems(
        of_people(
            len(shown),
            far if shown else Undefined.FEWER_THAN_K,
            "Cliff's delta beyond 0.33",
            missing=len(items) - len(shown),
        ),
        holm([None if each.comparison is None else each.comparison.test.p for each in items]),
    )


def trait_of_leavers(leavers: tuple[int, int], stayers: tuple[int, int], *, k: int) -> SignificanceTest:
    """Fisher's exact test of a trait among leavers and stayers, each as (with it, without it).

    No figure where either side has fewer than `k` people, not even their number.
    """
    if min(sum(leavers), sum(stayers)) < k:
        return SignificanceTest(None, None, 0, reason=Undefined.FEWER_THAN_K)
    return fisher_exact(leavers, stayers)


def as_if_nobody_had_left(now: Counts, last_of_leavers: Counts, *, k: int) -> Counts | Undefined:
    """The ratings now, and with them the last ones of those who left: does the verdict turn?

    Judge both by the study's rule; where they differ, consensus stands on who left. Only valid ratings are
    added. FEWER_THAN_K where fewer than `k` left: two verdicts would tell what one person had said.
    """
    if last_of_leavers.n < k:
        return Undefined.FEWER_THAN_K
    return now + Counts(last_of_leavers.scale, last_of_leavers.of)
