"""What a study laid down about privacy: once answers are there it may become stricter, never laxer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Self

from surveyapp.delphi.privacy.levels import AnonymityLevel
from surveyapp.errors import Refused, Sentence

if TYPE_CHECKING:
    from surveyapp.delphi.protocol.model import Anonymity

SMALLEST_K: Final = 3


class Unanimity(StrEnum):
    """What is shown where all, or all but very few, of a group answered alike; the protocol's words."""

    SHOW = "show"
    AT_LEAST = "at least 90 %"


class Remainder(StrEnum):
    """What is done where the groups that are shown would give away the few people who are left over."""

    HIDE_NEXT = "hide the next smallest"
    MERGE = "merge into other groups"
    HIDE_BREAKDOWN = "hide the breakdown"


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """How small a group may be, and what is done with smaller ones.

    `k` counts distinct people, the reader among them: somebody who belongs to a shown group still has k − 1
    others mixed. `counts_dont_know` says that "don't know" is shown as a bar of its own, and only then do
    those people count. Raises ValueError for a k below the floor; the protocol's checks have said so before.
    """

    k: int = 5
    k_reasons: int = 8
    unanimity: Unanimity = Unanimity.AT_LEAST
    remainder: Remainder = Remainder.HIDE_NEXT
    counts_dont_know: bool = True
    level: AnonymityLevel = AnonymityLevel.CONFIDENTIAL

    def __post_init__(self) -> None:
        if not SMALLEST_K <= self.k <= self.k_reasons:
            raise ValueError(f"k is at least {SMALLEST_K}, and k for reasons is at least k")

    @classmethod
    def of(cls, anonymity: Anonymity) -> Self:
        """The rules that a protocol's `anonymity` part lays down."""
        return cls(
            k=anonymity.k,
            k_reasons=anonymity.k_reasons,
            unanimity=Unanimity(anonymity.unanimity),
            level=AnonymityLevel(anonymity.level),
        )


def check_change(before: PrivacyRules, after: PrivacyRules, *, answers_exist: bool) -> None:
    """Raises Refused, with every point that would break what experts were promised, once answers exist."""
    if not answers_exist:
        return
    laxer = []
    for what, old, new in (
        (Sentence("the smallest number of people that a figure is shown of"), before.k, after.k),
        (Sentence("the smallest group that is named beside a reason"), before.k_reasons, after.k_reasons),
    ):
        if new < old:
            laxer.append(Sentence("{what} from {old} to {new}", what=what, old=old, new=new))
    if before.unanimity is Unanimity.AT_LEAST and after.unanimity is Unanimity.SHOW:
        laxer.append(Sentence("that groups which answered alike are not shown exactly"))
    if after.counts_dont_know and not before.counts_dont_know:
        laxer.append(Sentence("that “don't know” does not count towards the smallest number of people"))
    if after.level.strength < before.level.strength:
        laxer.append(Sentence("the level of anonymity"))
    if laxer:
        points = laxer[0]
        for point in laxer[1:]:
            points = Sentence("{first}; {second}", first=points, second=point)
        raise Refused(
            Sentence(
                "Experts have answered under a stricter promise, so this cannot be lowered or lifted any "
                "more: {points}. Leave it as it is, or make it stricter.",
                points=points,
            )
        )


def check_breakdown(before: Collection[str], after: Collection[str], *, answers_exist: bool) -> None:
    """Raises Refused when the groups that results are broken down by change once answers exist.

    Figures of the old groups and of the new ones would together tell of the few who make the difference.
    """
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    if not answers_exist or not (gone or new):
        return
    raise Refused(
        Sentence(
            "Results are broken down by the groups that were fixed before the first answer, so groups cannot "
            "be renamed, split, merged or added any more ({names}). Keep the groups of this study, and use "
            "tags for what else you want to note.",
            names=", ".join([*gone, *new]),
        )
    )
