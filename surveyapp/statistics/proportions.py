"""How many agree: shares of the panel, exact, with their denominators and intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import sqrt
from statistics import NormalDist
from typing import Literal

from surveyapp.statistics.counts import Counts
from surveyapp.statistics.measure import Interval, Measure, Undefined

Denominator = Literal["valid", "answered", "invited"]
"""What shares are taken of: valid ratings, all who answered ("don't know" among them), or all invited."""


def share_on(
    counts: Counts, points: Sequence[int], *, of: Denominator = "valid", invited: int | None = None
) -> Measure:
    """The share of ratings on `points`, an exact fraction between 0 and 1.

    `invited` counts everybody who was to be asked, those who never came among them; without it they are all
    of whom something is known. No points have no share; nobody in the denominator is no valid rating. Raises
    ValueError for points outside the scale and for fewer invited than answered.
    """
    convention = f"points {', '.join(map(str, points))}; of {of}"
    if not points:
        return counts.measured(Undefined.NOT_DEFINED_FOR_SCALE, convention)
    whole = denominator(counts, of, invited)
    if whole == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    return counts.measured(Fraction(counts.on(points), whole), convention)


def denominator(counts: Counts, of: Denominator = "valid", invited: int | None = None) -> int:
    """How many people a share is taken of. Raises ValueError for fewer invited than answered."""
    if of == "valid":
        return counts.n
    if of == "answered":
        return counts.answered
    if invited is None:
        return counts.answered + counts.missing
    if invited < counts.answered:
        raise ValueError(f"{counts.answered} answered, but only {invited} were invited")
    return invited


def agreement(counts: Counts, *, of: Denominator = "valid", invited: int | None = None) -> Measure:
    """Percentage agreement: the share of ratings on the points that count as agreement.

    Diamond et al. 2014 (J Clin Epidemiol 67, 401): the commonest definition of consensus, median threshold
    75 %. Thresholds are compared as fractions: 29 of 50 meets 58 %.
    """
    return share_on(counts, counts.scale.agreement, of=of, invited=invited)


def disagreement_share(counts: Counts, *, of: Denominator = "valid", invited: int | None = None) -> Measure:
    """The share of ratings on the points that count as disagreement."""
    return share_on(counts, counts.scale.disagreement, of=of, invited=invited)


def dont_know_share(counts: Counts) -> Measure:
    """The share of those who answered that could not judge."""
    if counts.answered == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, "of answered")
    return counts.measured(Fraction(counts.dont_know, counts.answered), "of answered")


def mode_share(counts: Counts) -> Measure:
    """The share of valid ratings on the point chosen most often."""
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS)
    return counts.measured(Fraction(max(counts.of), counts.n))


def near_mode_share(counts: Counts, *, within: int = 1) -> Measure:
    """The share of valid ratings at most `within` places of the scale away from the mode.

    Where several points are chosen most often there is no one mode: the largest of their shares counts.
    """
    convention = f"mode ± {within}; the largest share where there are several modes"
    if counts.n == 0:
        return counts.measured(Undefined.NO_VALID_RATINGS, convention)
    most = max(counts.of)
    near = max(
        sum(counts.of[max(place - within, 0) : place + within + 1])
        for place, times in enumerate(counts.of)
        if times == most
    )
    return counts.measured(Fraction(near, counts.n), convention)


def wilson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """The score interval of a share (Wilson; Newcombe 1998, Stat Med 17, 857, method 3).

    Without continuity correction. Bounds lie between 0 and 1. Nobody is no valid rating.
    """
    convention = "Wilson, no continuity correction"
    _check(successes, n, level)
    if n == 0:
        return Interval(None, None, 0, level, convention, Undefined.NO_VALID_RATINGS)
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = 2 * successes + z * z
    reach = z * sqrt(z * z + 4 * successes * (n - successes) / n)
    width = 2 * (n + z * z)
    # Rounding must not leave a bound beside the end on which it lies.
    low = 0.0 if successes == 0 else (centre - reach) / width
    high = 1.0 if successes == n else (centre + reach) / width
    return Interval(low, high, n, level, convention)


def clopper_pearson(successes: int, n: int, *, level: float = 0.95) -> Interval:
    """The exact interval of a share, wider than its level (Clopper and Pearson; Newcombe 1998, method 5)."""
    convention = "Clopper-Pearson, exact"
    _check(successes, n, level)
    if n == 0:
        return Interval(None, None, 0, level, convention, Undefined.NO_VALID_RATINGS)
    from scipy.special import betaincinv  # noqa: PLC0415 - SciPy is slow to import and seldom needed

    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return Interval(low, high, n, level, convention)


def _check(successes: int, n: int, level: float) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is no share")
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not at {level}")


def apmo(items: Iterable[Counts]) -> Measure:
    """The cut-off of average majority opinions over a study's items: an exact share of all votes.

    Votes that agree by majority and votes that disagree by majority, over all votes; a majority is more than
    half of the item's votes (Kapoor 1987; Cottam et al. 2004). `n` counts the votes, whatever the item.
    """
    convention = "a majority is more than half; votes of all items"
    votes = majority = missing = dont_know = 0
    for counts in items:
        votes += counts.n
        missing += counts.missing
        dont_know += counts.dont_know
        for side in (counts.scale.agreement, counts.scale.disagreement):
            voted = counts.on(side)
            majority += voted if 2 * voted > counts.n else 0
    if votes == 0:
        return Measure(None, 0, missing, dont_know, convention, Undefined.NO_VALID_RATINGS)
    return Measure(Fraction(majority, votes), votes, missing, dont_know, convention)
