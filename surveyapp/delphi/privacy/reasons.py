"""What may stand beside a written reason, and in which order each reader sees the reasons.

A reason has no author, no time and no number that would tell when it was written. It may carry its author's
group and the third of the scale that the author's rating lies in, where enough people could have written it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.delphi.privacy.suppression import choose_groups
from surveyapp.statistics.counts import RatingScale, thirds

Band: TypeAlias = Literal["", "agree", "middle", "disagree", "dont_know"]

DONT_KNOW: Final = "dont_know"


def groups_named(answered: int, answered_of: Mapping[str, int], rules: PrivacyRules) -> frozenset[str]:
    """The groups whose name may stand beside a reason on a cell.

    `answered` people answered the cell, `answered_of` of each group. A group is named from k for reasons on,
    and only while those who stay unnamed are nobody or as many: a reason without a name would otherwise be
    known to come from the one small group.
    """
    return choose_groups(answered, answered_of, rules.k_reasons)


def band_of(rating: int | Literal["dont_know"] | None, scale: RatingScale) -> Band:
    """The third of the scale that a rating lies in; '' without a rating. Raises ValueError off the scale.

    A scale that declares its points of agreement at its lower end is read from there.
    """
    if rating is None:
        return ""
    if rating == DONT_KNOW:
        return "dont_know"
    if rating not in scale.points:
        raise ValueError(f"{rating} is not on the scale from {scale.points[0]} to {scale.points[-1]}")
    bands = thirds(scale.points)
    if rating in bands.middle:
        return "middle"
    agrees_high = scale.points[0] not in scale.agreement and scale.points[-1] not in scale.disagreement
    return "agree" if (rating in bands.high) == agrees_high else "disagree"


@dataclass(frozen=True, slots=True)
class Beside:
    """What may stand beside one reason."""

    band: Band
    group: str


def beside(
    rating: int | Literal["dont_know"] | None,
    group: str,
    *,
    scale: RatingScale,
    answered: int,
    named: Collection[str],
    rules: PrivacyRules,
) -> Beside:
    """Band and group of a reason's author, each '' where it may not be told.

    `named` is what `groups_named` gave for the cell that the reason belongs to. The band needs at least k
    people who `answered` the cell, since below that nothing is shown of its ratings.
    """
    return Beside(
        band=band_of(rating, scale) if answered >= rules.k else "", group=group if group in named else ""
    )


def order_for(viewer: str, reasons: Iterable[str], *, seed: str) -> tuple[str, ...]:
    """`reasons` in the order of one reader: always the same for them, and another for each.

    `seed` is secret and belongs to the study; `reasons` are the reasons' public names. The order depends on
    the names alone, so it tells nothing of who wrote first. A reason that is added later takes its place
    among the others and moves none.
    """

    def place(reason: str) -> bytes:
        return hashlib.sha256(f"{len(seed)}:{seed}{len(viewer)}:{viewer}{reason}".encode()).digest()

    return tuple(sorted(set(reasons), key=place))
