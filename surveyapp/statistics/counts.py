"""Counts: all that most measures of a rating study need to know of the answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import accumulate
from typing import NamedTuple

from surveyapp.statistics.measure import Measure, Undefined, Value, measured


@dataclass(frozen=True)
class RatingScale:
    """The whole declared scale, ascending, whether or not every point was used.

    `agreement` and `disagreement` are the points that count as such; either may be empty.
    """

    points: tuple[int, ...]
    agreement: tuple[int, ...] = ()
    disagreement: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if list(self.points) != sorted(set(self.points)) or len(self.points) < 2:
            raise ValueError("a scale has at least two points, in ascending order, each once")
        if not {*self.agreement, *self.disagreement} <= set(self.points):
            raise ValueError("agreement and disagreement are points of the scale")

    @cached_property
    def thirds(self) -> Thirds:
        """The points in three bands."""
        return thirds(self.points)

    @property
    def is_rand(self) -> bool:
        """Whether this is the 9-point scale of RAND/UCLA, from 1 to 9."""
        return self.points == NINE_POINTS


NINE_POINTS = (1, 2, 3, 4, 5, 6, 7, 8, 9)


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


@dataclass(frozen=True)
class Counts:
    """How often each point of the scale was chosen in one cell, and how many answers were no rating.

    `of` stands in the order of ``scale.points``. `blank` were asked and left it open; `kept` is how many of
    the ratings were kept from the round before. A value outside the scale is an error of the caller: `count`
    raises ValueError.
    """

    scale: RatingScale
    of: tuple[int, ...]
    dont_know: int = 0
    blank: int = 0
    declined: int = 0
    withdrawn: int = 0
    kept: int = 0

    def __post_init__(self) -> None:
        if len(self.of) != len(self.scale.points):
            raise ValueError("there is one count for each point of the scale")
        if min(*self.of, self.dont_know, self.blank, self.declined, self.withdrawn, self.kept) < 0:
            raise ValueError("a count is never negative")

    @cached_property
    def n(self) -> int:
        """Valid ratings."""
        return sum(self.of)

    @property
    def missing(self) -> int:
        """Asked, and neither rated nor 'don't know'."""
        return self.blank + self.declined

    @property
    def answered(self) -> int:
        """Everybody who gave a rating or said that they could not judge."""
        return self.n + self.dont_know

    @cached_property
    def cumulative(self) -> tuple[int, ...]:
        """How many ratings lie on each point or below it."""
        return tuple(accumulate(self.of))

    def on(self, points: Iterable[int]) -> int:
        """How many ratings lie on `points`. Raises ValueError for a point outside the scale."""
        return sum(map(self.of.__getitem__, _positions(self.scale.points, tuple(points))))

    def measured(self, found: Value | Undefined, convention: str = "") -> Measure:
        """A measure of these counts: the value that was found, or the reason why there is none."""
        return measured(found, self.n, self.missing, self.dont_know, convention)

    @cached_property
    def ratings(self) -> tuple[int, ...]:
        """The ratings in ascending order, one by one."""
        return tuple(
            point for point, times in zip(self.scale.points, self.of, strict=True) for _ in range(times)
        )

    def __add__(self, other: Counts) -> Counts:
        """Both together; the scales must be the same."""
        if self.scale != other.scale:
            raise ValueError("counts on different scales cannot be added")
        return Counts(
            self.scale,
            tuple(mine + theirs for mine, theirs in zip(self.of, other.of, strict=True)),
            self.dont_know + other.dont_know,
            self.blank + other.blank,
            self.declined + other.declined,
            self.withdrawn + other.withdrawn,
            self.kept + other.kept,
        )


@cache
def _positions(scale: tuple[int, ...], points: tuple[int, ...]) -> tuple[int, ...]:
    """Where `points` stand on the scale; there are few scales and few bands, and they are asked for often."""
    off = [point for point in points if point not in scale]
    if off:
        raise ValueError(f"{', '.join(map(str, off))} is not on the scale from {scale[0]} to {scale[-1]}")
    return tuple(sorted({scale.index(point) for point in points}))


def count(
    scale: RatingScale, ratings: Iterable[int | None], *, dont_know: int = 0, declined: int = 0
) -> Counts:
    """Count `ratings`; None is a blank. Raises ValueError for a value outside the scale."""
    place = {point: position for position, point in enumerate(scale.points)}
    found = [0] * len(scale.points)
    blank = 0
    for rating in ratings:
        if rating is None:
            blank += 1
        elif rating not in place:
            raise ValueError(f"{rating} is not on the scale from {scale.points[0]} to {scale.points[-1]}")
        else:
            found[place[rating]] += 1
    return Counts(scale, tuple(found), dont_know=dont_know, blank=blank, declined=declined)


@dataclass(frozen=True)
class PairCounts:
    """Matched panellists in two rounds: ``of[i][j]`` chose point i before and point j now.

    Only those who rated in both rounds are in it. `before_only` and `now_only` rated in one of the two.
    """

    scale: RatingScale
    of: tuple[tuple[int, ...], ...]
    before_only: int = 0
    now_only: int = 0

    def __post_init__(self) -> None:
        size = len(self.scale.points)
        if len(self.of) != size or any(len(row) != size for row in self.of):
            raise ValueError("there is one row and one column for each point of the scale")
        if any(times < 0 for row in self.of for times in row):
            raise ValueError("a count is never negative")

    @cached_property
    def n(self) -> int:
        """Matched pairs."""
        return sum(sum(row) for row in self.of)

    def measured(self, found: Value | Undefined, convention: str = "") -> Measure:
        """A measure of these pairs; those who rated in one of the two rounds count as missing."""
        return measured(found, self.n, self.before_only + self.now_only, 0, convention)

    @cached_property
    def before(self) -> Counts:
        """The matched panellists' ratings before."""
        return Counts(self.scale, tuple(sum(row) for row in self.of))

    @cached_property
    def now(self) -> Counts:
        """The same panellists' ratings now."""
        return Counts(self.scale, tuple(sum(column) for column in zip(*self.of, strict=True)))


def count_pairs(scale: RatingScale, pairs: Iterable[tuple[int, int]]) -> PairCounts:
    """Count matched pairs (before, now). Raises ValueError for a value outside the scale."""
    place = {point: position for position, point in enumerate(scale.points)}
    found = [[0] * len(scale.points) for _ in scale.points]
    for before, now in pairs:
        if before not in place or now not in place:
            raise ValueError(f"({before}, {now}) is not on the scale")
        found[place[before]][place[now]] += 1
    return PairCounts(scale, tuple(tuple(row) for row in found))
