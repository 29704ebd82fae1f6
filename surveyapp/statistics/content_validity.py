"""Whether experts call an item essential or relevant: Lawshe's ratio and the content validity index.

The points of the scale that count as agreement are those that say essential (or 3 and 4 of 4: relevant).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from math import comb
from typing import Final

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined, measured

ONE_IN_TWENTY: Final = Fraction(1, 20)


def cvr(counts: Counts) -> Measure:
    """Lawshe's content validity ratio, (e - N/2) / (N/2) with e of N who say essential; -1 to 1, exact.

    Lawshe 1975, Personnel Psychology 28, 563.
    """
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason)
    return counts.measured(Fraction(2 * counts.on(counts.scale.agreement) - counts.n, counts.n))


def critical_cvr(n: int, *, alpha: Fraction = ONE_IN_TWENTY) -> Measure:
    """The least ratio that `n` experts reach by chance in at most a share `alpha` of panels, one-tailed.

    Exact from the binomial with one half, as Ayre and Scally 2014 (Meas Eval Couns Dev 47, 79) have it; the
    table of 1975 has an anomaly at eight. Four experts and fewer cannot reach it at 5 %.
    """
    if n < 0 or not 0 < alpha < 1:
        raise ValueError("there are no fewer than 0 experts, and alpha lies between 0 and 1")
    convention = f"exact binomial, one-tailed {float(100 * alpha):g} %"
    if n == 0:
        return measured(Undefined.NO_VALID_RATINGS, 0, convention=convention)
    least = _least_essential(n, alpha)
    if least > n:
        return measured(Undefined.TOO_FEW_RATINGS, n, convention=convention)
    return measured(Fraction(2 * least - n, n), n, convention=convention)


@cache
def _least_essential(n: int, alpha: Fraction) -> int:
    """How many of `n` must say essential so that chance alone does so seldom enough; n + 1 if none can."""
    tail, patterns, essential = 0, 1, n
    while (tail + patterns) * alpha.denominator <= alpha.numerator * 2**n:
        tail += patterns
        # From C(n, e) to C(n, e - 1).
        patterns = patterns * essential // (n - essential + 1)
        essential -= 1
    return essential + 1


def item_cvi(counts: Counts) -> Measure:
    """I-CVI, the share of experts who call the item relevant; exact (Polit, Beck and Owen 2007)."""
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason)
    return counts.measured(Fraction(counts.on(counts.scale.agreement), counts.n))


def modified_kappa(counts: Counts) -> Measure:
    """k*, the I-CVI with chance agreement on relevance taken out; exact.

    (I-CVI - pc) / (1 - pc) with pc = C(N, A) / 2^N (Polit, Beck and Owen 2007, Res Nurs Health 30, 459).
    0.40 to 0.59 is called fair, 0.60 to 0.74 good, above excellent.
    """
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason)
    relevant, n = counts.on(counts.scale.agreement), counts.n
    patterns = comb(n, relevant)
    return counts.measured(Fraction(relevant * 2**n - n * patterns, n * (2**n - patterns)))


def scale_cvi_average(items: Iterable[Counts]) -> Measure:
    """S-CVI/Ave, the mean of the items' I-CVI; exact. Items without a valid rating are left out.

    `n` counts the items that have one, `missing` those that have none.
    """
    found, without = _indices(items)
    if not found:
        return measured(Undefined.NO_VALID_RATINGS, 0, without, convention="mean of I-CVI")
    return measured(sum(found, Fraction()) / len(found), len(found), without, convention="mean of I-CVI")


def scale_cvi_universal(items: Iterable[Counts]) -> Measure:
    """S-CVI/UA, the share of items that all experts call relevant; exact. `n` and `missing` count items."""
    found, without = _indices(items)
    if not found:
        return measured(Undefined.NO_VALID_RATINGS, 0, without, convention="universal agreement")
    universal = sum(1 for index in found if index == 1)
    return measured(Fraction(universal, len(found)), len(found), without, convention="universal agreement")


def _indices(items: Iterable[Counts]) -> tuple[list[Fraction], int]:
    values = [item_cvi(counts).value for counts in items]
    found = [value for value in values if isinstance(value, Fraction)]
    return found, len(values) - len(found)


def _why_undefined(counts: Counts) -> Undefined | None:
    if not counts.scale.agreement:
        return Undefined.NOT_DEFINED_FOR_SCALE
    return None if counts.n else Undefined.NO_VALID_RATINGS
