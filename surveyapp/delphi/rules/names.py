"""What a rule can name: every measure with its unit, what it is a measure of, and its words.

The numbers themselves come from `delphi.measures`, which has one function for each name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from surveyapp.errors import Sentence


class Unit(StrEnum):
    """What kind of number a measure is, and so what it can be compared with."""

    SHARE = "a share"
    """Between 0 and 1, written as ``70%`` or ``2/3``."""
    POINT = "a place on the scale"
    DISTANCE = "a distance on the scale"
    INDEX = "an index"
    COUNT = "a number of people or things"
    TRUTH = "true or false"


class Level(StrEnum):
    """What a measure is taken of."""

    CELL = "cell"
    """The ratings of one item, on one criterion, in one context."""
    CHOICE = "choice"
    """How one item fares in a preferred combination."""
    PAIRS = "pairs"
    """The same people's ratings in two rounds."""
    ROUND = "round"
    """All items of a round together, as a threshold for each of them."""
    STUDY = "study"
    """How far the study has come."""


@dataclass(frozen=True, slots=True)
class Name:
    """One name that rules can use. `least` and `most` bound what it can be compared with."""

    name: str
    unit: Unit
    level: Level
    words: Sentence
    least: Fraction | None = None
    most: Fraction | None = None


def _cell(name: str, unit: Unit, words: Sentence, least: int | None = 0, most: int | None = None) -> Name:
    return _at(Level.CELL, name, unit, words, (least, most))


def _at(
    level: Level, name: str, unit: Unit, words: Sentence, bounds: tuple[int | None, int | None] = (0, None)
) -> Name:
    least, most = bounds
    return Name(
        name,
        unit,
        level,
        words,
        None if least is None else Fraction(least),
        Fraction(1) if unit is Unit.SHARE else None if most is None else Fraction(most),
    )


_ALL: Final = (
    _cell("agree", Unit.SHARE, Sentence("the share of ratings that agree")),
    _cell("disagree", Unit.SHARE, Sentence("the share of ratings that disagree")),
    _cell("high", Unit.SHARE, Sentence("the share of ratings in the upper third of the scale")),
    _cell("middle", Unit.SHARE, Sentence("the share of ratings in the middle third of the scale")),
    _cell("low", Unit.SHARE, Sentence("the share of ratings in the lower third of the scale")),
    _cell("mode_share", Unit.SHARE, Sentence("the share of the most frequent rating")),
    _cell("dont_know", Unit.SHARE, Sentence("the share of those who could not judge")),
    _cell("n", Unit.COUNT, Sentence("the number of ratings")),
    _cell("answered", Unit.COUNT, Sentence("the number of those who answered")),
    _cell("invited", Unit.COUNT, Sentence("the number of those who were invited")),
    _cell("median", Unit.POINT, Sentence("the median"), None),
    _cell("q1", Unit.POINT, Sentence("the lower quartile"), None),
    _cell("q3", Unit.POINT, Sentence("the upper quartile"), None),
    _cell("mean", Unit.POINT, Sentence("the mean"), None),
    _cell("iqr", Unit.DISTANCE, Sentence("the interquartile range")),
    _cell("mad", Unit.DISTANCE, Sentence("the median distance from the median")),
    _cell("sd", Unit.DISTANCE, Sentence("the standard deviation")),
    _cell("cv", Unit.INDEX, Sentence("the coefficient of variation"), None),
    _cell("di", Unit.INDEX, Sentence("the disagreement index")),
    _cell("disagreement", Unit.TRUTH, Sentence("disagreement by the rule for the panel's size")),
    _cell("a", Unit.INDEX, Sentence("van der Eijk's agreement A"), -1, 1),
    _cell("cns", Unit.INDEX, Sentence("Tastle and Wierman's consensus Cns"), 0, 1),
    _cell("cvr", Unit.INDEX, Sentence("the content validity ratio"), -1, 1),
    _cell("cvr_critical", Unit.INDEX, Sentence("the least content validity ratio beyond chance"), -1, 1),
    _cell("icvi", Unit.INDEX, Sentence("the item's content validity index"), 0, 1),
    _at(Level.CHOICE, "chosen", Unit.SHARE, Sentence("the share of preferred combinations that it is in")),
    _at(Level.ROUND, "apmo", Unit.SHARE, Sentence("the APMO cut-off of the round")),
    _at(Level.PAIRS, "shift", Unit.SHARE, Sentence("the shift of the distribution since the round before")),
    _at(Level.PAIRS, "changed", Unit.SHARE, Sentence("the share of people who changed their rating")),
    _at(Level.STUDY, "rounds", Unit.COUNT, Sentence("the number of rating rounds that were closed")),
    _at(Level.STUDY, "open", Unit.COUNT, Sentence("the number of items that are still open")),
    _at(Level.STUDY, "settled", Unit.SHARE, Sentence("the share of items that are settled")),
    _at(Level.STUDY, "stable", Unit.SHARE, Sentence("the share of items whose ratings are stable")),
    _at(Level.STUDY, "done", Unit.SHARE, Sentence("the share of items that are settled or stable")),
)

NAMES: Final[Mapping[str, Name]] = MappingProxyType({each.name: each for each in _ALL})

CONSENSUS: Final = frozenset({Level.CELL, Level.CHOICE, Level.ROUND})
STABILITY: Final = frozenset({Level.PAIRS})
STOPPING: Final = frozenset({Level.STUDY})

PLACES: Final[Mapping[Level, Sentence]] = MappingProxyType(
    {
        Level.CELL: Sentence("a measure of ratings, for the rules of consensus"),
        Level.CHOICE: Sentence("a measure of preferred combinations, for the rules of consensus"),
        Level.ROUND: Sentence("a cut-off for the rules of consensus"),
        Level.PAIRS: Sentence("a measure of change between two rounds, for the rule of stability"),
        Level.STUDY: Sentence("about the study as a whole, for the rule of stopping"),
    }
)
"""Where a measure belongs, for whoever named it elsewhere."""

UNITS: Final[Mapping[Unit, Sentence]] = MappingProxyType(
    {
        Unit.SHARE: Sentence("a share"),
        Unit.POINT: Sentence("a place on the scale"),
        Unit.DISTANCE: Sentence("a distance on the scale"),
        Unit.INDEX: Sentence("an index"),
        Unit.COUNT: Sentence("a number of people or things"),
        Unit.TRUTH: Sentence("true or false"),
    }
)
"""What kind of number a measure is, in words."""
