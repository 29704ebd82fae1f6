"""Groups side by side: how far they lie apart, with p-values that are described, never decisive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import comb, erfc, sqrt
from typing import Final

from surveyapp.statistics.adjusting import holm
from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, SignificanceTest, Undefined
from surveyapp.statistics.returning import of_people

FEWEST_FOR_A_TEST: Final = 5
"""With fewer ratings in a group its comparisons are described and not tested."""
EXACT_UP_TO: Final = 50
_DELTA: Final = "Cliff's delta"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or more groups compared on one cell: how far apart they lie, and how surprising that would be."""

    effect: Measure
    """Cliff's delta for two groups, epsilon squared for more; `n` counts everybody."""
    test: SignificanceTest


def cliffs_delta(first: Counts, second: Counts) -> Measure:
    """How much more often a rating of the first group is higher than one of the second, less the reverse.

    2U / (n₁ n₂) − 1, exact, from −1 to 1; 0 when neither group rates higher (Cliff 1993, Psychol Bull 114,
    494). Raises ValueError for different scales.
    """
    _check(first, second)
    n = first.n + second.n
    if not first.n or not second.n:
        return of_people(n, Undefined.NO_VALID_RATINGS, _DELTA)
    return of_people(n, Fraction(_twice_u(first, second), first.n * second.n) - 1, _DELTA)


def _check(first: Counts, *others: Counts) -> None:
    if any(counts.scale.points != first.scale.points for counts in others):
        raise ValueError("groups on different scales cannot be compared")


def _twice_u(first: Counts, second: Counts) -> int:
    """Twice Mann and Whitney's U: pairs that the first group wins count two, ties one."""
    below, twice = 0, 0
    for mine, theirs in zip(first.of, second.of, strict=True):
        twice += mine * (2 * below + theirs)
        below += theirs
    return twice


def mann_whitney(first: Counts, second: Counts) -> Comparison:
    """Mann and Whitney's test with Cliff's delta; no p-value where a group has fewer than five ratings.

    Up to 50 people p is exact over every way of dealing the ratings out, ties and all: the share of ways in
    which U lies at least as far from its mean. (Twice the smaller tail, which other programs give, differs
    where ties make the tails unequal.) Beyond, normal, tie-corrected, with continuity correction. Everybody
    alike gives p = 1. Raises ValueError for different scales.
    """
    effect = cliffs_delta(first, second)
    n = first.n + second.n
    if not first.n or not second.n:
        return Comparison(effect, SignificanceTest(None, None, n, reason=Undefined.NO_VALID_RATINGS))
    twice_u = _twice_u(first, second)
    u = Fraction(twice_u, 2)
    if min(first.n, second.n) < FEWEST_FOR_A_TEST:
        return Comparison(effect, _only_described(u, n))
    blocks = [mine + theirs for mine, theirs in zip(first.of, second.of, strict=True) if mine + theirs]
    if len(blocks) == 1:
        return Comparison(effect, _all_alike(u, n))
    if n <= EXACT_UP_TO:
        p = float(_exact_p(blocks, first.n, twice_u))
        return Comparison(effect, SignificanceTest(u, p, n, "two-sided, exact with ties, far from the mean"))
    ties = sum(times**3 - times for times in blocks)
    variance = first.n * second.n / 12 * (n + 1 - ties / (n * (n - 1)))
    z = max(0.0, abs(twice_u - first.n * second.n) / 2 - 0.5) / sqrt(variance)
    said = "two-sided, normal, tie-corrected, continuity correction"
    return Comparison(effect, SignificanceTest(u, erfc(z / sqrt(2)), n, said))


def _only_described(statistic: Fraction, n: int) -> SignificanceTest:
    said = f"described only: a group has fewer than {FEWEST_FOR_A_TEST}"
    return SignificanceTest(statistic, None, n, said, Undefined.TOO_FEW_RATINGS)


def _all_alike(statistic: Fraction | None, n: int) -> SignificanceTest:
    return SignificanceTest(statistic, 1.0, n, "all alike", Undefined.NO_VARIATION)


def _exact_p(blocks: Sequence[int], size: int, twice_u: int) -> Fraction:
    """The share of all ways to deal `size` of the ratings to the first group that lie as far out.

    `blocks` are how many ratings are equal, ascending. The ways are counted point by point of the scale: for
    each number of ratings dealt so far, one long integer holds how many ways lead to each twice the sum of
    ranks, so many bits apart that no count runs into the next. Ways of fifty people take milliseconds so.
    """
    bits = sum(blocks)
    ways = [1] + [0] * size
    below = 0
    for times in blocks:
        twice_rank = 2 * below + times + 1
        grown = [0] * (size + 1)
        for dealt, known in enumerate(ways):
            if known:
                for more in range(min(times, size - dealt) + 1):
                    grown[dealt + more] += comb(times, more) * known << (bits * twice_rank * more)
        ways = grown
        below += times
    # Twice U is twice the sum of ranks less what the lowest ranks would give; its mean is n₁ n₂.
    lowest, middle = size * (size + 1), size * (below - size)
    far, mask = abs(twice_u - middle), (1 << bits) - 1
    reached, left, found = 0, ways[size], -lowest
    while left:
        if abs(found - middle) >= far:
            reached += left & mask
        left >>= bits
        found += 1
    return Fraction(reached, comb(sum(blocks), size))


def kruskal_wallis(groups: Sequence[Counts]) -> Comparison:
    """Kruskal and Wallis's test over three or more groups, tie-corrected, with epsilon squared.

    H over n − 1 is epsilon squared, from 0 to 1. Groups without ratings are left out; no p-value where one of
    the others has fewer than five. Raises ValueError for different scales.
    """
    if groups:
        _check(*groups)
    known = [counts for counts in groups if counts.n]
    n = sum(counts.n for counts in known)
    said = "epsilon squared"
    if len(known) < 2:
        nothing = Undefined.NO_VALID_RATINGS
        return Comparison(of_people(n, nothing, said), SignificanceTest(None, None, n, reason=nothing))
    together = [sum(column) for column in zip(*(counts.of for counts in known), strict=True)]
    ties = sum(times**3 - times for times in together)
    if ties == n**3 - n:
        return Comparison(of_people(n, Undefined.ALL_TIED, said), _all_alike(None, n))
    h = _rank_spread(known, together) / (1 - Fraction(ties, n**3 - n))
    effect = of_people(n, h / (n - 1), said)
    if min(counts.n for counts in known) < FEWEST_FOR_A_TEST:
        return Comparison(effect, _only_described(h, n))
    from scipy.special import chdtrc  # noqa: PLC0415 - SciPy is slow to import and seldom needed

    degrees = len(known) - 1
    p = float(chdtrc(degrees, float(h)))
    return Comparison(effect, SignificanceTest(h, p, n, f"chi-square, df {degrees}, tie-corrected"))


def _rank_spread(known: Sequence[Counts], together: Sequence[int]) -> Fraction:
    """H before ties are corrected for: 12 / (n(n + 1)) · Σ R²/nᵢ − 3(n + 1), R being sums of mid-ranks."""
    twice_ranks, below = [], 0
    for times in together:
        twice_ranks.append(2 * below + times + 1)
        below += times
    spread = Fraction()
    for counts in known:
        twice = sum(rank * times for rank, times in zip(twice_ranks, counts.of, strict=True))
        spread += Fraction(twice * twice, 4 * counts.n)
    return 12 * spread / (below * (below + 1)) - 3 * (below + 1)


def pairwise_mann_whitney(groups: Mapping[str, Counts]) -> dict[tuple[str, str], Comparison]:
    """Every two groups compared, p-values adjusted by Holm over the pairs that could be tested.

    What follows on `kruskal_wallis`: (one, other) → comparison, in the order of `groups`.
    """
    pairs = list(combinations(groups, 2))
    found = [mann_whitney(groups[one], groups[other]) for one, other in pairs]
    adjusted = holm([each.test.p for each in found])
    return {
        pair: each
        if p is None
        else replace(each, test=replace(each.test, p=p, convention=f"{each.test.convention}; Holm"))
        for pair, each, p in zip(pairs, found, adjusted, strict=True)
    }


def fisher_exact(first: tuple[int, int], second: tuple[int, int]) -> SignificanceTest:
    """Fisher's exact test of a trait in two groups, each as (with it, without it).

    Two-sided: the share of ways to deal the trait out that are no likelier than what is there. `statistic` is
    the difference of the two shares. An empty group leaves nothing to test; everybody with the trait, or
    nobody, gives p = 1. Raises ValueError for negative numbers.
    """
    if min(*first, *second) < 0:
        raise ValueError("a count is never negative")
    one, other = sum(first), sum(second)
    n, having = one + other, first[0] + second[0]
    said = "two-sided, no likelier than observed"
    if not one or not other:
        return SignificanceTest(None, None, n, said, Undefined.NO_VALID_RATINGS)
    difference = Fraction(first[0], one) - Fraction(second[0], other)
    if having in (0, n):
        return SignificanceTest(difference, 1.0, n, said, Undefined.NO_VARIATION)
    ways = [comb(one, k) * comb(other, having - k) for k in range(having + 1)]
    reached = sum(each for each in ways if each <= ways[first[0]])
    return SignificanceTest(difference, float(Fraction(reached, comb(n, having))), n, said)
