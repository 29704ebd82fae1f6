"""Rules that many studies use, by name: each stands for a text in the language of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from surveyapp.errors import Sentence


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """A rule with blanks ``{0}``, ``{1}``, …, what fills them when nothing is said, and where it comes from.

    `scale` is how many points the scale must have; None for any.
    """

    name: str
    text: str
    usual: tuple[str, ...]
    title: Sentence
    source: str
    scale: int | None = None

    def expand(self, given: tuple[str, ...]) -> str:
        """The text with `given` in its first blanks and what is usual in the others."""
        return self.text.format(*given, *self.usual[len(given) :])


# A median between two bands goes to the higher one in `ram`, as many panels have it; `ram-strict` asks
# for a median inside the band (statistics: RAM appropriateness).
_RAM: Final = (
    "appropriate: median >= 6.5 and not {1}; inappropriate: median < 3.5 and not {1}; uncertain: otherwise"
)
_RAM_STRICT: Final = (
    "appropriate: median >= 7 and not {1}; inappropriate: median <= 3 and not {1}; uncertain: otherwise"
)
_FITCH: Final = "Fitch et al. 2001, The RAND/UCLA Appropriateness Method User's Manual"

_ALL: Final = (
    ReadyMade(
        "percentage-agreement",
        "agree >= {0}",
        ("75%",),
        Sentence("Percentage agreement"),
        "Diamond et al. 2014: the commonest definition; 75 % is the median threshold",
    ),
    ReadyMade(
        "interquartile-range",
        "iqr <= {0}",
        ("1",),
        Sentence("Interquartile range"),
        "von der Gracht 2012: 1 on five points, 2 on seven or nine, by habit",
    ),
    ReadyMade("ram", _RAM, ("median", "disagreement"), Sentence("RAND/UCLA appropriateness"), _FITCH, 9),
    ReadyMade(
        "rand-ucla", _RAM, ("median", "disagreement"), Sentence("RAND/UCLA appropriateness"), _FITCH, 9
    ),
    ReadyMade(
        "ram-strict",
        _RAM_STRICT,
        ("median", "disagreement"),
        Sentence("RAND/UCLA appropriateness, median inside the band"),
        _FITCH,
        9,
    ),
    ReadyMade(
        "comet-70-15",
        "in: high >= {0} and low < {1}; out: low >= {0} and high < {1}",
        ("70%", "15%"),
        Sentence("COMET 70/15"),
        "Harman et al. 2013; COMET Handbook 2017",
    ),
    ReadyMade(
        "apmo-cut-off",
        "agree >= apmo or disagree >= apmo",
        (),
        Sentence("APMO cut-off"),
        "Kapoor 1987; Cottam et al. 2004",
    ),
    ReadyMade(
        "content-validity-ratio",
        "essential: cvr >= cvr_critical",
        (),
        Sentence("Content validity ratio"),
        "Lawshe 1975; exact critical values after Ayre and Scally 2014",
    ),
    ReadyMade(
        "content-validity-index",
        "relevant: icvi >= {0}",
        ("0.78",),
        Sentence("Item content validity index"),
        "Polit, Beck and Owen 2007",
    ),
)

READY_MADE: Final[Mapping[str, ReadyMade]] = MappingProxyType({each.name: each for each in _ALL})
