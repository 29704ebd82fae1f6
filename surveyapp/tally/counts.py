"""What counting gives, whatever engine counted: plain numbers per cell, group and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

CellNumber: TypeAlias = int
GroupId: TypeAlias = str


class Place(NamedTuple):
    """One cell, and one group as it was in the round; '' is the group of those who are in none."""

    cell: CellNumber
    group: GroupId


@dataclass(slots=True)
class CellTally:
    """How often each value was given in one place, and how many gave none.

    `values` holds ratings and other numbers, kept ones included; `kept` says how many of them were. A given
    answer that has no number (a text, a choice) is counted under None.
    """

    values: dict[float | None, int] = field(default_factory=dict)
    kept: int = 0
    blank: int = 0
    dont_know: int = 0
    declined: int = 0
    withdrawn: int = 0

    def add(self, status: int, value: float | None, times: int = 1) -> None:
        """Count `times` answers of this status and value. Raises ValueError for a status there is not."""
        match status:
            case 1 | 6:
                self.values[value] = self.values.get(value, 0) + times
                self.kept += times if status == 6 else 0
            case 2:
                self.blank += times
            case 3:
                self.dont_know += times
            case 4:
                self.declined += times
            case 5:
                self.withdrawn += times
            case _:
                raise ValueError(f"no answer has the status {status}")


@dataclass(frozen=True, slots=True)
class RoundTally:
    """Everything that was counted in one round.

    `counted` is how many people's answers that is, per group; `invited` everybody who could
    have come: of the round's cohort, and as the protocol opens it to those who answered before.
    """

    cells: Mapping[Place, CellTally]
    counted: Mapping[GroupId, int]
    invited: Mapping[GroupId, int]

    @property
    def people(self) -> int:
        """How many people's answers are counted."""
        return sum(self.counted.values())


PairTally: TypeAlias = Mapping[Place, Mapping[tuple[float, float], int]]
"""Place → (value before, value now) → how many matched panellists."""

ChoiceTally: TypeAlias = Mapping[Place, Mapping[str, int]]
"""Place of a question with several choices → option → by how many it was chosen; `''`: how many answered."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Who rated what: one row per rater, one column per cell; None where there is no rating."""

    raters: tuple[int, ...]
    cells: tuple[CellNumber, ...]
    ratings: tuple[tuple[float | None, ...], ...]


class GivenAnswer(NamedTuple):
    """One answer of one panellist, with the group as it was in the round."""

    rater: int
    group: GroupId
    cell: CellNumber
    status: int
    value: float | None
