"""RAND/UCLA appropriateness: bands of the median, and two definitions of disagreement, on 1 to 9.

Sources: Fitch et al. 2001, The RAND/UCLA Appropriateness Method User's Manual (MR-1269). On any other scale
these measures are not defined.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, Literal

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.quantiles import QuantileType, quantile_parts

BetweenBands = Literal["higher", "neither"]
"""A median of 3.5 or 6.5 belongs to the higher band, as many panels have it, or to neither (uncertain)."""

Definition = Literal["panel size", "index"]
"""What counts as disagreement: the rule for the panel's size, or a disagreement index above 1."""

LOW: Final = (1, 2, 3)
MIDDLE: Final = (4, 5, 6)
HIGH: Final = (7, 8, 9)


def least_in_each_extreme(n: int) -> int:
    """How many ratings in each extreme are disagreement in a panel of `n`: floor((n + 1) / 3).

    3 for 8 to 10 panellists, 4 for 11 to 13, 5 for 14 to 16 as in the manual, and its published extension
    (BMC Med Inform Decis Mak 2012, 12, 93, table 7). Below 8 the formula goes on outside the manual.
    """
    return (n + 1) // 3


def _panel_size(n: int) -> str:
    least = f"{least_in_each_extreme(n)} = floor((n + 1) / 3)"
    return least if n >= 8 else f"{least}; fewer than 8 ratings are outside the manual"


def disagreement(counts: Counts) -> Measure:
    """Whether the panel disagrees by the rule for its size: enough ratings in 1–3 and enough in 7–9."""
    convention = f"at least {_panel_size(counts.n)} in 1–3 and in 7–9"
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason, convention)
    least = least_in_each_extreme(counts.n)
    return counts.measured(least > 0 and counts.on(LOW) >= least and counts.on(HIGH) >= least, convention)


def agreement_by_panel_size(counts: Counts, *, between: BetweenBands = "higher") -> Measure:
    """Whether the panel agrees by the rule for its size: hardly a rating outside the band with the median.

    At most one less than what disagreement asks for in each extreme. A median that belongs to neither band
    has no band to agree on: then there is no agreement. Nor is there with one rating, whose limit is below 0.
    """
    most = least_in_each_extreme(counts.n) - 1
    convention = f"at most {most} outside the band of the median; half-way medians: {between}"
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason, convention)
    band = _band(counts, between)
    return counts.measured(band is not None and counts.n - counts.on(band) <= most, convention)


def ipr_adjusted_for_symmetry(counts: Counts, kind: QuantileType = 7) -> Measure:
    """IPRAS, how wide P30 to P70 may be: 2.35 + 1.5 · |5 - (P30 + P70) / 2|, exact.

    The constant 2.5 in a later table is a misprint: its result needs 2.35 (BMJ Open 2012, 2, e001431).
    """
    convention = f"2.35 and 1.5; Hyndman-Fan type {kind}"
    reason = _why_undefined(counts)
    if reason is not None:
        return counts.measured(reason, convention)
    low, high, parts = _thirtieth_and_seventieth(counts, kind)
    return counts.measured(Fraction(47 * parts + 15 * abs(10 * parts - low - high), 20 * parts), convention)


def disagreement_index(counts: Counts, kind: QuantileType = 7) -> Measure:
    """DI, the width from P30 to P70 over IPRAS, exact; above 1 the panel disagrees.

    Constant ratings have 0; a single rating has none.
    """
    convention = f"IPR / IPRAS; Hyndman-Fan type {kind}"
    reason = _why_undefined(counts) or (Undefined.TOO_FEW_RATINGS if counts.n < 2 else None)
    if reason is not None:
        return counts.measured(reason, convention)
    low, high, parts = _thirtieth_and_seventieth(counts, kind)
    # Both widths times 20 parts, so that one division does.
    allowed = 47 * parts + 15 * abs(10 * parts - low - high)
    return counts.measured(Fraction(20 * (high - low), allowed), convention)


def appropriateness(
    counts: Counts,
    *,
    by: Definition = "panel size",
    between: BetweenBands = "higher",
    kind: QuantileType = 7,
) -> Measure:
    """'appropriate', 'uncertain' or 'inappropriate': the band of the median, unless the panel disagrees.

    Medians of 7–9 are appropriate, of 1–3 inappropriate; all between, and any with disagreement, uncertain.
    `between` says where 3.5 and 6.5 belong.
    """
    convention = f"disagreement by {by}; half-way medians: {between}"
    found = disagreement(counts) if by == "panel size" else disagreement_index(counts, kind)
    if found.reason is not None:
        return counts.measured(found.reason, convention)
    if by == "index":
        convention += f"; Hyndman-Fan type {kind}"
    disagrees = found.value if isinstance(found.value, bool) else _is_above_one(found)
    band = None if disagrees else _band(counts, between)
    return counts.measured(
        "appropriate" if band == HIGH else "inappropriate" if band == LOW else "uncertain", convention
    )


def _is_above_one(index: Measure) -> bool:
    return isinstance(index.value, Fraction) and index.value > 1


def _why_undefined(counts: Counts) -> Undefined | None:
    if not counts.scale.is_rand:
        return Undefined.NOT_DEFINED_FOR_SCALE
    return None if counts.n else Undefined.NO_VALID_RATINGS


def _band(counts: Counts, between: BetweenBands) -> tuple[int, ...] | None:
    """The band that holds the median; None where it lies between two and belongs to neither."""
    top, bottom = quantile_parts(counts, 1, 2, 7)
    twice = 2 * top // bottom  # the median is a whole or half number
    if twice in (7, 13):
        return None if between == "neither" else MIDDLE if twice == 7 else HIGH
    return LOW if twice < 7 else MIDDLE if twice < 13 else HIGH


def _thirtieth_and_seventieth(counts: Counts, kind: QuantileType) -> tuple[int, int, int]:
    """P30 and P70 as numerators over one denominator, which comes third."""
    low_top, low_bottom = quantile_parts(counts, 3, 10, kind)
    high_top, high_bottom = quantile_parts(counts, 7, 10, kind)
    return low_top * high_bottom, high_top * low_bottom, low_bottom * high_bottom
