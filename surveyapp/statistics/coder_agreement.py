"""How far two people who coded the same reasons agree about one theme, whatever the third one thinks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from surveyapp.statistics.measure import Measure, Undefined


@dataclass(frozen=True, slots=True)
class CoderAgreement:
    """Two coders on one theme."""

    share: Measure
    """Share of the reasons about which both say the same: that it has the theme, or that it has not."""
    kappa: Measure
    """Cohen's kappa: the same, with what chance alone would give taken out."""


def agree_on_theme(pairs: Iterable[tuple[bool, bool]]) -> CoderAgreement:
    """Agreement of two coders; each pair says whether the first and the second found the theme in a reason.

    Kappa is (po - pe) / (1 - pe) with pe from both coders' own shares (Cohen 1960, Educational and
    Psychological Measurement 20, 37-46); exact. It has no value where both coders gave every reason the same
    code throughout: then chance alone would agree as well.
    """
    counts = {(first, second): 0 for first in (False, True) for second in (False, True)}
    for pair in pairs:
        counts[pair] += 1
    n = sum(counts.values())
    if n == 0:
        nothing = Measure(None, 0, reason=Undefined.NO_PAIRABLE_VALUES)
        return CoderAgreement(nothing, nothing)
    observed = Fraction(counts[True, True] + counts[False, False], n)
    share = Measure(observed, n)
    first = Fraction(counts[True, True] + counts[True, False], n)
    second = Fraction(counts[True, True] + counts[False, True], n)
    expected = first * second + (1 - first) * (1 - second)
    if expected == 1:
        return CoderAgreement(share, Measure(None, n, reason=Undefined.NO_VARIATION))
    kappa = Measure(
        (observed - expected) / (1 - expected), n, convention="unweighted, each coder's own shares"
    )
    return CoderAgreement(share, kappa)
