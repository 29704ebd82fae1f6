"""Where a rating lies on its scale, in thirds: enough to read a reason by, too little to know its author."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

Band: TypeAlias = Literal["", "agree", "middle", "disagree", "dont_know"]


def band_of(value: float, points: Sequence[int]) -> Band:
    """The third of the scale that `value` lies in; '' for a value that is none of the ascending `points`.

    Points on the border of the middle third belong to the side they lie on, so a scale of four points has
    no middle, and one of nine has 1-3, 4-6 and 7-9.
    """
    if value not in points:
        return ""
    place, last = list(points).index(int(value)), len(points) - 1
    if 3 * place <= last:
        return "disagree"
    return "agree" if 3 * place >= 2 * last else "middle"


def band_of_several(bands: Iterable[Band]) -> Band:
    """The one band that all ratings beside a reason lie in; '' where there are several, or none."""
    found = set(bands)
    return found.pop() if len(found) == 1 else ""
