"""Why a measure has no value, in words: a few for a table, a sentence for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from surveyapp.errors import Sentence
from surveyapp.statistics.measure import Undefined


@dataclass(frozen=True, slots=True)
class Why:
    """One reason why there is no value."""

    short: Sentence
    """For the cell of a table."""
    sentence: Sentence
    """For people who want to know."""


WHY: Final[Mapping[Undefined, Why]] = MappingProxyType(
    {
        Undefined.NO_VALID_RATINGS: Why(Sentence("no rating"), Sentence("Nobody gave a rating.")),
        Undefined.TOO_FEW_RATINGS: Why(
            Sentence("too few"), Sentence("There are too few ratings for this measure.")
        ),
        Undefined.NO_VARIATION: Why(
            Sentence("no variation"),
            Sentence("Everybody rated alike, so there is no difference that could be measured."),
        ),
        Undefined.ALL_TIED: Why(
            Sentence("all tied"),
            Sentence("Everything that is compared is tied, so nothing can be put in order."),
        ),
        Undefined.NO_PAIRABLE_VALUES: Why(
            Sentence("no pairs"), Sentence("No two ratings can be compared with each other.")
        ),
        Undefined.MEAN_IS_ZERO: Why(
            Sentence("mean is 0"), Sentence("The mean is zero, and nothing can be related to it.")
        ),
        Undefined.TOO_FEW_POINTS: Why(
            Sentence("scale too short"), Sentence("The scale has too few points for this measure.")
        ),
        Undefined.UNEQUAL_COUNTS: Why(
            Sentence("unequal counts"),
            Sentence("The measure needs as many ratings from everybody, and some gave fewer."),
        ),
        Undefined.NOT_ASKED: Why(Sentence("not asked"), Sentence("Nobody was asked for this.")),
        Undefined.NOT_COMPARABLE: Why(
            Sentence("not comparable"),
            Sentence("The wording changed its meaning between the rounds, so they are not compared."),
        ),
        Undefined.NOT_DEFINED_FOR_SCALE: Why(
            Sentence("not for this scale"), Sentence("The measure is not defined for a scale of this kind.")
        ),
        Undefined.PARTIAL_ASSIGNMENT: Why(
            Sentence("asked in part"),
            Sentence("Not everybody was asked to rate everything, which this measure needs."),
        ),
        Undefined.NO_CHANGES: Why(Sentence("no changes"), Sentence("Nobody changed the rating.")),
        Undefined.FEWER_THAN_K: Why(
            Sentence("too few to show"), Sentence("Fewer people answered than the study shows a figure of.")
        ),
    }
)
