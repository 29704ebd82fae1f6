"""The numbers that rules compare, from counts: one function for each name of `rules.names`.

Everything here is exact where the measure is: shares, quantiles and what follows from them are fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, isqrt, log2, sqrt
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics.counts import Counts, PairCounts, RatingScale
from surveyapp.statistics.measure import Measure, Undefined, Value

QuantileType = Literal[2, 6, 7]
Denominator = Literal["valid", "answered", "invited"]
COUNT_OF: Final[Mapping[Denominator, str]] = MappingProxyType(
    {"valid": "n", "answered": "answered", "invited": "invited"}
)
"""What shares are taken of → the count that rules call so."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a study chose where programs differ."""

    quantile_type: QuantileType = 7
    denominator: Denominator = "valid"


class Thirds(NamedTuple):
    """The points of a scale in three bands."""

    low: tuple[int, ...]
    middle: tuple[int, ...]
    high: tuple[int, ...]


def thirds(points: Sequence[int]) -> Thirds:
    """The scale's points in thirds: both ends take the whole number nearest to a third, the middle the rest.

    1–3, 4–6, 7–9 of nine points; 1–2, 3, 4–5 of five; 1–2, 3–5, 6–7 of seven; 1, 2–3, 4 of four.
    """
    end = round(Fraction(len(points), 3))
    return Thirds(tuple(points[:end]), tuple(points[end : len(points) - end]), tuple(points[-end:]))


@dataclass(frozen=True, slots=True)
class Chosen:
    """How often one item is in the preferred combinations of those who gave one."""

    times: int
    n: int


@dataclass(frozen=True)
class Tallied:
    """What was counted in one cell, for everybody or for one group; what was not counted is None.

    `invited` is everybody who was to be asked, also those who never came.
    """

    counts: Counts | None = None
    pairs: PairCounts | None = None
    chosen: Chosen | None = None
    invited: int | None = None


Look = Callable[[CellKey, str], Tallied]
"""Cell and group (``''`` for everybody) → what was counted."""


@dataclass(frozen=True)
class CountedFigures:
    """The figures that rules ask for, worked out from counts.

    `items` are the item cells of one question, context and criterion, for cut-offs over all items.
    """

    look: Look
    conventions: Conventions = field(default_factory=Conventions)
    items: Callable[[CellKey], Sequence[CellKey]] = lambda _: ()
    pairs: Callable[[CellKey, str], PairCounts | None] | None = None
    """Where matched ratings are looked up apart, so that they are only put together where they are needed."""
    _kept: dict[tuple[str, CellKey, str], Measure] = field(default_factory=dict, repr=False, compare=False)

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        """The measure called `name`; raises KeyError for a name that no measure has."""
        key = (name, cell, group)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._work_out(name, cell, group)
        return found

    def _work_out(self, name: str, cell: CellKey, group: str) -> Measure:
        if name == "apmo":
            found = [self.look(each, group).counts for each in self.items(cell)]
            return _apmo([counts for counts in found if counts is not None])
        if name in OF_PAIRS:
            pairs = self.look(cell, group).pairs if self.pairs is None else self.pairs(cell, group)
            return _no_pairs() if pairs is None else OF_PAIRS[name](pairs)
        tallied = self.look(cell, group)
        if name == "chosen":
            return _chosen(tallied.chosen)
        counts = tallied.counts
        if counts is None:
            return Measure(None, 0, reason=Undefined.NOT_ASKED)
        if name == "invited":
            return _of(counts, _invited(counts, tallied.invited))
        return OF_COUNTS[name](counts, Basis(self.conventions, tallied.invited))


class Basis(NamedTuple):
    """What a measure needs to know beside the counts, which do not know who never came."""

    conventions: Conventions
    invited: int | None


OfCounts = Callable[[Counts, Basis], Measure]


def _of(counts: Counts, value: Value | Undefined, convention: str = "") -> Measure:
    if isinstance(value, Undefined):
        return Measure(None, counts.n, counts.missing, counts.dont_know, convention, value)
    return Measure(value, counts.n, counts.missing, counts.dont_know, convention)


def _share_of(points: Callable[[RatingScale], Sequence[int]], convention: str = "") -> OfCounts:
    """The share of ratings on `points`, of the study's denominator."""

    def share(counts: Counts, basis: Basis) -> Measure:
        chosen = points(counts.scale)
        if not chosen:
            return _of(counts, Undefined.NOT_DEFINED_FOR_SCALE, convention)
        denominator = basis.conventions.denominator
        of = {"valid": counts.n, "answered": counts.answered, "invited": _invited(counts, basis.invited)}[
            denominator
        ]
        named = f"{convention}; " if convention else ""
        said = f"{named}points {', '.join(map(str, chosen))}; of {denominator}"
        if of == 0:
            return _of(counts, Undefined.NO_VALID_RATINGS, said)
        return _of(counts, Fraction(_on(counts, chosen), of), said)

    return share


def _invited(counts: Counts, invited: int | None) -> int:
    return counts.answered + counts.missing if invited is None else invited


def _on(counts: Counts, points: Sequence[int]) -> int:
    return sum(times for point, times in zip(counts.scale.points, counts.of, strict=True) if point in points)


def _plain(value: Callable[[Counts], Value | Undefined], convention: str = "") -> OfCounts:
    """A measure of the ratings that needs at least one of them."""

    def measure(counts: Counts, _: Basis) -> Measure:
        return _of(counts, value(counts) if counts.n else Undefined.NO_VALID_RATINGS, convention)

    return measure


def quantile(counts: Counts, share: Fraction, kind: QuantileType) -> Fraction:
    """The quantile of Hyndman and Fan's type `kind`; there is at least one rating.

    Type 2 averages at jumps, 6 divides n+1 parts, 7 divides n-1 parts (Hyndman and Fan 1996).
    """
    n = counts.n
    if kind == 2:
        place = n * share
        whole = place.__floor__()
        if place > whole:
            return Fraction(_nth(counts, whole + 1))
        return Fraction(_nth(counts, whole) + _nth(counts, whole + 1), 2)
    place = (n + 1) * share if kind == 6 else (n - 1) * share + 1
    whole = place.__floor__()
    below, above = _nth(counts, whole), _nth(counts, whole + 1)
    return below + (place - whole) * (above - below)


def _nth(counts: Counts, place: int) -> int:
    """The rating at `place` in ascending order, from 1; beyond either end, the last one there."""
    left = min(max(place, 1), counts.n)
    for point, times in zip(counts.scale.points, counts.of, strict=True):
        left -= times
        if left <= 0:
            return point
    raise AssertionError("there are as many ratings as were counted")


def _quantiles(value: Callable[[Counts, QuantileType], Value | Undefined]) -> OfCounts:
    def measure(counts: Counts, basis: Basis) -> Measure:
        kind = basis.conventions.quantile_type
        said = f"Hyndman-Fan type {kind}"
        return _of(counts, value(counts, kind) if counts.n else Undefined.NO_VALID_RATINGS, said)

    return measure


_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)


def _iqr(counts: Counts, kind: QuantileType) -> Fraction:
    return quantile(counts, 3 * _QUARTER, kind) - quantile(counts, _QUARTER, kind)


def _mad(counts: Counts) -> Fraction:
    middle = quantile(counts, _HALF, 7)
    distances = sorted(abs(rating - middle) for rating in counts.ratings)
    half = counts.n // 2
    return distances[half] if counts.n % 2 else (distances[half - 1] + distances[half]) / 2


def _mean(counts: Counts) -> Fraction:
    return Fraction(sum(p * k for p, k in zip(counts.scale.points, counts.of, strict=True)), counts.n)


def _sd(counts: Counts) -> Fraction | float | Undefined:
    if counts.n < 2:
        return Undefined.TOO_FEW_RATINGS
    mean = _mean(counts)
    squares = sum(
        (k * (p - mean) ** 2 for p, k in zip(counts.scale.points, counts.of, strict=True)), Fraction()
    )
    variance = squares / (counts.n - 1)
    root = Fraction(isqrt(variance.numerator), isqrt(variance.denominator))
    return root if root**2 == variance else sqrt(variance)


def _cv(counts: Counts) -> Fraction | float | Undefined:
    mean, sd = _mean(counts), _sd(counts)
    if isinstance(sd, Undefined):
        return sd
    return Undefined.MEAN_IS_ZERO if mean == 0 else sd / mean


def _is_nine(counts: Counts) -> bool:
    return counts.scale.points == tuple(range(1, 10))


def _disagreement(counts: Counts) -> bool | Undefined:
    """RAND/UCLA: at least d in 1–3 and at least d in 7–9, d = floor((n + 1) / 3) (Fitch et al. 2001)."""
    if not _is_nine(counts):
        return Undefined.NOT_DEFINED_FOR_SCALE
    least = (counts.n + 1) // 3
    return least > 0 and _on(counts, (1, 2, 3)) >= least and _on(counts, (7, 8, 9)) >= least


def _di(counts: Counts, kind: QuantileType) -> Fraction | Undefined:
    """IPR / IPRAS with P30 and P70; above 1 is disagreement (Fitch et al. 2001)."""
    if not _is_nine(counts):
        return Undefined.NOT_DEFINED_FOR_SCALE
    if counts.n < 2:
        return Undefined.TOO_FEW_RATINGS
    lower, upper = quantile(counts, Fraction(3, 10), kind), quantile(counts, Fraction(7, 10), kind)
    centre = (lower + upper) / 2
    return (upper - lower) / (Fraction(235, 100) + Fraction(3, 2) * abs(5 - centre))


def _agreement_a(counts: Counts) -> Fraction | Undefined:
    """Van der Eijk 2001: the counts peeled into layers, each with its own agreement, weighted by size."""
    size = len(counts.of)
    if size < 3:
        return Undefined.TOO_FEW_POINTS
    total, left = Fraction(), list(counts.of)
    while any(left):
        depth = min(times for times in left if times)
        used = [index for index, times in enumerate(left) if times]
        total += Fraction(depth * len(used), counts.n) * _layer(used, size)
        left = [times - depth if times else 0 for times in left]
    return total


def _layer(used: Sequence[int], size: int) -> Fraction:
    """The agreement of a layer that is 1 on the places `used` and 0 elsewhere."""
    if len(used) == 1:
        return Fraction(1)
    empty = [place for place in range(size) if place not in used]
    between = sum(1 for place in empty for low in used for high in used if low < high and low < place < high)
    beside = sum(
        1
        for here in used
        for far in used
        if here != far
        for place in empty
        if (place < here < far) or (far < here < place)
    )
    unimodal, both = beside, beside + between
    share = (
        Fraction(1)
        if both == 0
        else Fraction((size - 2) * unimodal - (size - 1) * between, (size - 2) * both)
    )
    return share * (1 - Fraction(len(used) - 1, size - 1))


def _cns(counts: Counts) -> float | Undefined:
    """Tastle and Wierman 2007, over the whole range of the scale."""
    mean, width = _mean(counts), counts.scale.points[-1] - counts.scale.points[0]
    return 1 + sum(
        times / counts.n * log2(1 - abs(float(point - mean)) / width)
        for point, times in zip(counts.scale.points, counts.of, strict=True)
        if times
    )


def _essential(counts: Counts) -> int | Undefined:
    agreement = counts.scale.agreement
    return _on(counts, agreement) if agreement else Undefined.NOT_DEFINED_FOR_SCALE


def _cvr(counts: Counts) -> Fraction | Undefined:
    """(e - n/2) / (n/2), with e ratings that count as agreement (Lawshe 1975)."""
    essential = _essential(counts)
    return essential if isinstance(essential, Undefined) else Fraction(2 * essential - counts.n, counts.n)


def _cvr_critical(counts: Counts) -> Fraction | Undefined:
    """The least CVR that chance reaches in at most one of twenty panels: exact binomial, one-tailed."""
    n, tail = counts.n, 0
    for essential in range(n, -1, -1):
        tail += comb(n, essential)
        if 20 * tail > 2**n:
            reached = essential + 1
            return Fraction(2 * reached - n, n) if reached <= n else Undefined.TOO_FEW_RATINGS
    raise AssertionError("all outcomes together are certain")


def _icvi(counts: Counts) -> Fraction | Undefined:
    essential = _essential(counts)
    return essential if isinstance(essential, Undefined) else Fraction(essential, counts.n)


def _dont_know(counts: Counts, _: Basis) -> Measure:
    if not counts.answered:
        return _of(counts, Undefined.NO_VALID_RATINGS)
    return _of(counts, Fraction(counts.dont_know, counts.answered), "of answered")


def _count_of(value: Callable[[Counts], int]) -> OfCounts:
    return lambda counts, _: _of(counts, value(counts))


OF_COUNTS: Final[Mapping[str, OfCounts]] = MappingProxyType(
    {
        "agree": _share_of(lambda scale: scale.agreement),
        "disagree": _share_of(lambda scale: scale.disagreement),
        "high": _share_of(lambda scale: thirds(scale.points).high, "upper third"),
        "middle": _share_of(lambda scale: thirds(scale.points).middle, "middle third"),
        "low": _share_of(lambda scale: thirds(scale.points).low, "lower third"),
        "mode_share": _plain(lambda counts: Fraction(max(counts.of), counts.n)),
        "dont_know": _dont_know,
        "n": _count_of(lambda counts: counts.n),
        "answered": _count_of(lambda counts: counts.answered),
        "median": _quantiles(lambda counts, kind: quantile(counts, _HALF, kind)),
        "q1": _quantiles(lambda counts, kind: quantile(counts, _QUARTER, kind)),
        "q3": _quantiles(lambda counts, kind: quantile(counts, 3 * _QUARTER, kind)),
        "iqr": _quantiles(_iqr),
        "mean": _plain(_mean),
        "mad": _plain(_mad, "not scaled"),
        "sd": _plain(_sd, "n - 1"),
        "cv": _plain(_cv, "n - 1"),
        "di": _quantiles(_di),
        "disagreement": _plain(_disagreement, "floor((n + 1) / 3) in each third"),
        "a": _plain(_agreement_a),
        "cns": _plain(_cns),
        "cvr": _plain(_cvr),
        "cvr_critical": _plain(_cvr_critical, "exact binomial, one-tailed 5 %"),
        "icvi": _plain(_icvi),
    }
)
"""Name → function of the counts of one cell."""


def _no_pairs() -> Measure:
    return Measure(None, 0, reason=Undefined.NO_PAIRABLE_VALUES)


def _pairs(value: Callable[[PairCounts], Fraction]) -> Callable[[PairCounts], Measure]:
    def measure(pairs: PairCounts) -> Measure:
        if not pairs.n:
            return Measure(None, 0, pairs.before_only + pairs.now_only, reason=Undefined.NO_PAIRABLE_VALUES)
        return Measure(value(pairs), pairs.n, pairs.before_only + pairs.now_only, convention="matched")

    return measure


def _shift(pairs: PairCounts) -> Fraction:
    """Half the sum of the absolute differences of the matched counts, as a share of the people."""
    return Fraction(sum(abs(a - b) for a, b in zip(pairs.before.of, pairs.now.of, strict=True)), 2 * pairs.n)


def _changed(pairs: PairCounts) -> Fraction:
    stayed = sum(pairs.of[index][index] for index in range(len(pairs.of)))
    return Fraction(pairs.n - stayed, pairs.n)


OF_PAIRS: Final[Mapping[str, Callable[[PairCounts], Measure]]] = MappingProxyType(
    {"shift": _pairs(_shift), "changed": _pairs(_changed)}
)
"""Name → function of the matched ratings of one cell in two rounds."""


def _chosen(chosen: Chosen | None) -> Measure:
    if chosen is None:
        return Measure(None, 0, reason=Undefined.NOT_ASKED)
    if not chosen.n:
        return Measure(None, 0, reason=Undefined.NO_VALID_RATINGS)
    return Measure(Fraction(chosen.times, chosen.n), chosen.n, convention="of combinations given")


def _apmo(items: Sequence[Counts]) -> Measure:
    """Majority votes (agreeing, or disagreeing, more than half) over all votes of all items."""
    votes = sum(counts.n for counts in items)
    if not votes:
        return Measure(None, 0, reason=Undefined.NO_VALID_RATINGS)
    majority = 0
    for counts in items:
        for side in (counts.scale.agreement, counts.scale.disagreement):
            if 2 * _on(counts, side) > counts.n:
                majority += _on(counts, side)
    return Measure(Fraction(majority, votes), votes)
