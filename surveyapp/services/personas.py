"""Invented panellists with habits that are known: camps, movers, straight-liners and people who leave.

A rehearsal plants them from a seed, so that what the results say can be held against what was planted.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Mood(StrEnum):
    """How a planted item is received."""

    LIKED = "liked"
    DISLIKED = "disliked"
    DIVIDED = "divided"
    UNCLEAR = "unclear"


_MOODS = (Mood.LIKED, Mood.DIVIDED, Mood.LIKED, Mood.UNCLEAR, Mood.DISLIKED)
_LEANING = {Mood.LIKED: 0.75, Mood.DISLIKED: -0.75, Mood.UNCLEAR: 0.05}
_FAR = 0.9
_LEAVERS, _STRAIGHT_LINERS, _MOVERS = 0.12, 0.06, 0.35


@dataclass(frozen=True, slots=True)
class Persona:
    """One invented panellist's habits.

    `camp` is 1 or -1: which side the panellist is on where items divide. `leaves_after` is the last round
    that the panellist answers; 0 for somebody who stays.
    """

    camp: int
    bias: float
    leaves_after: int
    is_straight_liner: bool
    is_mover: bool

    def comes_to(self, number: int) -> bool:
        """Whether the panellist answers round `number`."""
        return not self.leaves_after or number <= self.leaves_after

    def leaning(self, mood: Mood) -> float:
        """From -1 to 1: how this panellist takes to an item of that mood."""
        towards = self.camp * _FAR if mood is Mood.DIVIDED else _LEANING[mood]
        return max(-1.0, min(1.0, towards + self.bias))


@dataclass(frozen=True, slots=True)
class Planted:
    """What a rehearsal has put into its panel, to hold the results against."""

    moods: Mapping[str, str]
    """Item → how it is received."""
    camp: int
    """How many are on the one side of what divides; the others are on the other."""
    leavers: int
    straight_liners: int
    movers: int
    people: int


def draw_persona(seed: int, name: str) -> Persona:
    """The habits of the panellist `name`; the same seed gives the same."""
    chance = _chance(seed, name)
    return Persona(
        camp=1 if chance.random() < 0.5 else -1,
        bias=chance.gauss(0, 0.12),
        leaves_after=chance.choice((1, 2)) if chance.random() < _LEAVERS else 0,
        is_straight_liner=chance.random() < _STRAIGHT_LINERS,
        is_mover=chance.random() < _MOVERS,
    )


def plant_moods(items: Sequence[str]) -> dict[str, Mood]:
    """How each item is received, in turn through the moods."""
    return {item: _MOODS[index % len(_MOODS)] for index, item in enumerate(items)}


def describe(seed: int, names: Sequence[str], moods: Mapping[str, Mood]) -> Planted:
    """What was planted for these panellists and items."""
    personas = [draw_persona(seed, name) for name in names]
    return Planted(
        moods={item: str(mood) for item, mood in moods.items()},
        camp=sum(each.camp == 1 for each in personas),
        leavers=sum(bool(each.leaves_after) for each in personas),
        straight_liners=sum(each.is_straight_liner for each in personas),
        movers=sum(each.is_mover for each in personas),
        people=len(personas),
    )


def _chance(seed: int, name: str) -> Random:
    # Reproducible on purpose, and nothing that must be secret is drawn from it.
    return random.Random(f"{seed}:{name}:persona")  # noqa: S311
