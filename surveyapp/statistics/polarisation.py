"""Whether ratings lie together, spread or stand in two camps: indices over the whole declared scale."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import lcm, log2
from typing import Final

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined


def agreement_a(counts: Counts) -> Measure:
    """Van der Eijk's agreement A: 1 all on one point, 0 evenly spread, -1 half at either end; exact.

    The counts are peeled into layers of equal height, each with its own agreement, weighted by its share
    (van der Eijk 2001, Quality and Quantity 35, 325; the newer U). Points nobody chose are part of the scale.
    It is the one index that tells spread from two camps; two points have none.
    """
    size = len(counts.of)
    if size < 3:
        return counts.measured(Undefined.TOO_FEW_POINTS)
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS)
    # Layer by layer from the bottom: how many ratings it holds, which points it uses.
    total, passed = 0, 0
    scale = _denominator(size)
    for height in sorted({times for times in counts.of if times}):
        used = tuple(times >= height for times in counts.of)
        total += (height - passed) * _weighted_layer(used)
        passed = height
    return counts.measured(Fraction(total, counts.n * scale))


@cache
def _weighted_layer(used: tuple[bool, ...]) -> int:
    """The agreement of a layer times the points it uses, over the denominator that all layers share.

    U·(1 - (S - 1)/(K - 1)) with U = ((K - 2)·TU - (K - 1)·TDU) / ((K - 2)·(TU + TDU)), where of all
    triples of two used points and an unused one, TU have the unused one outside and TDU between.
    """
    size, many = len(used), sum(used)
    outside = between = 0
    for place, is_used in enumerate(used):
        if not is_used:
            below = sum(used[:place])
            above = many - below
            between += below * above
            outside += (below * (below - 1) + above * (above - 1)) // 2
    unimodal = Fraction(1)
    if outside + between:
        unimodal = Fraction((size - 2) * outside - (size - 1) * between, (size - 2) * (outside + between))
    weighted = many * unimodal * (1 - Fraction(many - 1, size - 1)) * _denominator(size)
    return weighted.numerator // weighted.denominator


@cache
def _denominator(size: int) -> int:
    """A number that makes every layer of a scale with `size` points a whole one.

    A layer that uses m points has m·(m - 1)/2·(size - m) triples.
    """
    triples = [many * (many - 1) // 2 * (size - many) for many in range(2, size)]
    return lcm(*triples, 1) * (size - 2) * (size - 1)


def consensus_cns(counts: Counts) -> Measure:
    """Cns, the consensus of Tastle and Wierman: 1 all on one point, 0 half at either end.

    1 + Σ p·log2(1 - |x - mean| / d) with d from the first to the last point of the scale (Tastle and Wierman
    2007, Int J Approx Reason 45, 531). Even spread is above 0, so it is not A.
    """
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS)
    points, n = counts.scale.points, counts.n
    total = sum(point * times for point, times in zip(points, counts.of, strict=True))
    width = n * (points[-1] - points[0])
    found = sum(
        times * log2((width - abs(n * point - total)) / width)
        for point, times in zip(points, counts.of, strict=True)
        if times
    )
    return counts.measured(min(max(1 + found / n, 0.0), 1.0))


ENTROPY: Final = "over log2 of the points of the scale; blind to their order"


def entropy(counts: Counts) -> Measure:
    """How evenly the ratings are spread: 0 all on one point, 1 the same on each; blind to order.

    -Σ p·log2 p over log2 K, for kinds without an order. Every declared point counts.
    """
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, ENTROPY)
    n = counts.n
    bits = sum(times * log2(n / times) for times in counts.of if times) / n
    return counts.measured(min(bits / log2(len(counts.of)), 1.0), ENTROPY)
