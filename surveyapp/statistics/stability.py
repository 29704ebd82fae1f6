"""How ratings changed between two rounds, from the people who gave both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb, erfc, sqrt
from typing import Final

from surveyapp.statistics.counts import PairCounts
from surveyapp.statistics.location import cv
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.ranks import mid_ranks, tie_sum

_MATCHED: Final = "matched"
_EXACT_UP_TO: Final = 20
_FEWEST_FOR_RANKS: Final = 3


def _of_pairs(pairs: PairCounts, value: Fraction | float | None, said: str = _MATCHED) -> Measure:
    return pairs.measured(Undefined.NO_PAIRABLE_VALUES if value is None else value, said)


def _each(pairs: PairCounts) -> Iterator[tuple[int, int, int]]:
    """(before, now, how many), of the cells that are not empty."""
    points = pairs.scale.points
    for before, row in zip(points, pairs.of, strict=True):
        for now, times in zip(points, row, strict=True):
            if times:
                yield before, now, times


def share_changed(pairs: PairCounts) -> Measure:
    """The share who gave another rating than before."""
    stayed = sum(times for before, now, times in _each(pairs) if before == now)
    return _of_pairs(pairs, Fraction(pairs.n - stayed, pairs.n) if pairs.n else None)


def mean_absolute_change(pairs: PairCounts) -> Measure:
    """By how many points people moved on average, whatever the direction."""
    moved = sum(abs(now - before) * times for before, now, times in _each(pairs))
    return _of_pairs(pairs, Fraction(moved, pairs.n) if pairs.n else None)


def mean_signed_change(pairs: PairCounts) -> Measure:
    """By how many points people moved on average, upwards positive. 0 can hide opposite moves."""
    moved = sum((now - before) * times for before, now, times in _each(pairs))
    return _of_pairs(pairs, Fraction(moved, pairs.n) if pairs.n else None)


def moved_towards(pairs: PairCounts, shown_median: Fraction) -> Measure:
    """The share who came closer to the median that they had been shown."""
    closer = sum(
        times for before, now, times in _each(pairs) if abs(now - shown_median) < abs(before - shown_median)
    )
    return _of_pairs(
        pairs, Fraction(closer, pairs.n) if pairs.n else None, "matched; towards the median shown"
    )


def distribution_shift(pairs: PairCounts) -> Measure:
    """Half the sum of |f₂ − f₁| over all points, as a share of the people (Scheibe et al. 1975).

    Below 15 % is called stable. A net shift of 0 can hide opposite moves: look at who changed as well.
    """
    if not pairs.n:
        return _of_pairs(pairs, None)
    moved = sum(abs(now - before) for before, now in zip(pairs.before.of, pairs.now.of, strict=True))
    return _of_pairs(pairs, Fraction(moved, 2 * pairs.n))


def variation_change(pairs: PairCounts, *, relative: bool = False) -> Measure:
    """The coefficient of variation now less that before (Dajani et al. 1979; Kalaian and Kasim 2012).

    With `relative` over that before; constant ratings before have no relative change.
    """
    said = "matched; relative" if relative else _MATCHED
    if not pairs.n:
        return _of_pairs(pairs, None, said)
    before, now = cv(pairs.before), cv(pairs.now)
    if before.number is None or now.number is None:
        return pairs.measured(before.reason or now.reason or Undefined.NO_VARIATION, said)
    change = now.number - before.number
    if not relative:
        return _of_pairs(pairs, change, said)
    if before.number == 0:
        return pairs.measured(Undefined.NO_VARIATION, said)
    return _of_pairs(pairs, change / before.number, said)


@dataclass(frozen=True, slots=True)
class ChangeTest:
    """A test that nothing changed, with an effect beside its p-value, and how many pairs changed at all.

    A p-value is shown and never decides: in a small panel a test that finds no change shows nothing. Nobody
    changed: p is 1 and `reason` says so. Without pairs p is None and `reason` says why. `effect` lies between
    -1 and 1, upwards (or towards agreement) positive; Bowker's test has none.
    """

    p: float | None
    effect: float | None
    changes: int
    n: int
    convention: str
    reason: Undefined | None = None
    statistic: Fraction | None = None

    def __post_init__(self) -> None:
        if self.p is None and self.reason is None:
            raise ValueError("a test has a p, or a reason why it has none")


def _no_test(pairs: PairCounts, reason: Undefined, said: str) -> ChangeTest:
    return ChangeTest(None, None, 0, pairs.n, said, reason)


def _no_changes(pairs: PairCounts, said: str) -> ChangeTest:
    return ChangeTest(1.0, None, 0, pairs.n, said, Undefined.NO_CHANGES)


def wilcoxon_signed_rank(pairs: PairCounts) -> ChangeTest:
    """Wilcoxon's signed-rank test with the rank-biserial correlation as effect.

    Zeros are dropped and ties share ranks; `statistic` is the sum of the ranks that moved up. Exact,
    conditional on the ranks, up to 20 changes; beyond that normal, tie-corrected, without continuity
    correction (Hollander and Wolfe 1973).
    """
    said = "zeros dropped"
    if not pairs.n:
        return _no_test(pairs, Undefined.NO_PAIRABLE_VALUES, said)
    differences = [now - before for before, now, times in _each(pairs) for _ in range(times) if now != before]
    if not differences:
        return _no_changes(pairs, said)
    sizes = [abs(each) for each in differences]
    ranks = mid_ranks(sizes)
    up = sum((rank for rank, each in zip(ranks, differences, strict=True) if each > 0), Fraction())
    whole = sum(ranks, Fraction())
    effect = float((2 * up - whole) / whole)
    m = len(differences)
    if m <= _EXACT_UP_TO:
        p, said = _exact_p(ranks, up), f"{said}; exact, conditional"
    else:
        variance = Fraction(m * (m + 1) * (2 * m + 1), 24) - Fraction(tie_sum(sizes), 48)
        z = abs(float(up - whole / 2)) / sqrt(variance)
        p, said = erfc(z / sqrt(2)), f"{said}; normal, tie-corrected"
    return ChangeTest(p, effect, m, pairs.n, said, statistic=up)


def _exact_p(ranks: tuple[Fraction, ...], up: Fraction) -> float:
    """Two-sided p of a sum of ranks at least as far from its middle, every sign being equally likely."""
    doubled = [int(2 * rank) for rank in ranks]
    ways = {0: 1}
    for rank in doubled:
        grown = dict(ways)
        for total, times in ways.items():
            grown[total + rank] = grown.get(total + rank, 0) + times
        ways = grown
    whole = sum(doubled)
    far = abs(2 * int(2 * up) - whole)
    reached = sum(times for total, times in ways.items() if abs(2 * total - whole) >= far)
    return float(Fraction(reached, 2 ** len(doubled)))


def sign_test(pairs: PairCounts) -> ChangeTest:
    """Whether more moved up than down, by the exact binomial; who stayed is left out.

    `statistic` counts those who moved up.
    """
    up = sum(times for before, now, times in _each(pairs) if now > before)
    down = sum(times for before, now, times in _each(pairs) if now < before)
    return _binomial(up, down, pairs, "zeros dropped; exact binomial")


def mcnemar(pairs: PairCounts) -> ChangeTest:
    """Whether agreement grew or shrank: exact binomial on those who crossed over (McNemar 1947).

    `statistic` counts those who came to agreement. A scale on which no point counts as agreement has nothing
    to cross.
    """
    said = "agreement or not; exact binomial"
    agreeing = set(pairs.scale.agreement)
    if not agreeing:
        return _no_test(pairs, Undefined.NOT_DEFINED_FOR_SCALE, said)
    gained = sum(k for before, now, k in _each(pairs) if before not in agreeing and now in agreeing)
    lost = sum(k for before, now, k in _each(pairs) if before in agreeing and now not in agreeing)
    return _binomial(gained, lost, pairs, said)


def _binomial(more: int, less: int, pairs: PairCounts, said: str) -> ChangeTest:
    m = more + less
    if not pairs.n:
        return _no_test(pairs, Undefined.NO_PAIRABLE_VALUES, said)
    if m == 0:
        return _no_changes(pairs, said)
    tail = sum(comb(m, k) for k in range(min(more, less) + 1))
    p = min(Fraction(1), Fraction(2 * tail, 2**m))
    return ChangeTest(float(p), (more - less) / m, m, pairs.n, said, statistic=Fraction(more))


def bowker(pairs: PairCounts) -> ChangeTest:
    """Bowker's test of symmetry over the whole scale: Σ (nij − nji)² / (nij + nji) (Bowker 1948).

    Pairs of points between which nobody moved add neither to the sum nor to the degrees of freedom.
    """
    if not pairs.n:
        return _no_test(pairs, Undefined.NO_PAIRABLE_VALUES, "chi-square")
    total, degrees, changes = Fraction(), 0, 0
    for i in range(len(pairs.of)):
        for j in range(i + 1, len(pairs.of)):
            there, back = pairs.of[i][j], pairs.of[j][i]
            if there + back:
                total += Fraction((there - back) ** 2, there + back)
                degrees += 1
                changes += there + back
    said = f"chi-square, df {degrees}"
    if degrees == 0:
        return _no_changes(pairs, said)
    from scipy.special import chdtrc  # noqa: PLC0415 - SciPy is slow to import and seldom needed

    return ChangeTest(float(chdtrc(degrees, float(total))), None, changes, pairs.n, said, statistic=total)


def spearman(pairs: PairCounts) -> Measure:
    """Spearman's correlation of ratings before and now: Pearson's on mid-ranks."""
    if pairs.n < _FEWEST_FOR_RANKS:
        reason = Undefined.TOO_FEW_RATINGS if pairs.n else Undefined.NO_PAIRABLE_VALUES
        return pairs.measured(reason, "mid-ranks")
    flat = [(before, now) for before, now, times in _each(pairs) for _ in range(times)]
    first, second = mid_ranks([each[0] for each in flat]), mid_ranks([each[1] for each in flat])
    centre = Fraction(pairs.n + 1, 2)
    both = sum(((a - centre) * (b - centre) for a, b in zip(first, second, strict=True)), Fraction())
    one = sum(((a - centre) ** 2 for a in first), Fraction())
    other = sum(((b - centre) ** 2 for b in second), Fraction())
    if one == 0 or other == 0:
        return pairs.measured(Undefined.NO_VARIATION, "mid-ranks")
    return pairs.measured(float(both) / sqrt(one * other), "mid-ranks")
