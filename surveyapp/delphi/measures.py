"""The numbers that rules compare, from counts: one function for each name of `rules.names`.

Everything here is exact where the measure is: shares, quantiles and what follows from them are fractions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics import (
    appropriateness,
    content_validity,
    location,
    polarisation,
    proportions,
    quantiles,
    stability,
)
from surveyapp.statistics.counts import Counts, PairCounts, RatingScale
from surveyapp.statistics.measure import Measure, Undefined, Value
from surveyapp.statistics.proportions import Denominator
from surveyapp.statistics.quantiles import QuantileType

COUNT_OF: Final[Mapping[Denominator, str]] = MappingProxyType(
    {"valid": "n", "answered": "answered", "invited": "invited"}
)
"""What shares are taken of → the count that rules call so."""


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a study chose where programs differ."""

    quantile_type: QuantileType = 7
    denominator: Denominator = "valid"


@dataclass(frozen=True, slots=True)
class Chosen:
    """How often one item is in the preferred combinations of those who gave one."""

    times: int
    n: int


@dataclass(frozen=True)
class Tallied:
    """What was counted in one cell, for everybody or for one group; what was not counted is None.

    `invited` is everybody who was to be asked, also those who never came.
    """

    counts: Counts | None = None
    pairs: PairCounts | None = None
    chosen: Chosen | None = None
    invited: int | None = None


Look = Callable[[CellKey, str], Tallied]
"""Cell and group (``''`` for everybody) → what was counted."""


@dataclass(frozen=True)
class CountedFigures:
    """The figures that rules ask for, worked out from counts.

    `items` are the item cells of one question, context and criterion, for cut-offs over all items.
    """

    look: Look
    conventions: Conventions = field(default_factory=Conventions)
    items: Callable[[CellKey], Sequence[CellKey]] = lambda _: ()
    pairs: Callable[[CellKey, str], PairCounts | None] | None = None
    """Where matched ratings are looked up apart, so that they are only put together where they are needed."""
    _kept: dict[tuple[CellKey, str], dict[str, Measure]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        """The measure called `name`; raises KeyError for a name that no measure has."""
        place = (cell, group)
        # One key for each place and not for each number: of a large study there are tens of thousands, and
        # whatever stays makes the interpreter look for garbage more often.
        kept = self._kept.get(place)
        if kept is None:
            kept = self._kept[place] = {}
        found = kept.get(name)
        if found is None:
            found = kept[name] = self._work_out(name, cell, group)
        return found

    def _work_out(self, name: str, cell: CellKey, group: str) -> Measure:
        if name == "apmo":
            found = [self.look(each, group).counts for each in self.items(cell)]
            return proportions.apmo([counts for counts in found if counts is not None])
        if name in OF_PAIRS:
            pairs = self.look(cell, group).pairs if self.pairs is None else self.pairs(cell, group)
            return _no_pairs() if pairs is None else OF_PAIRS[name](pairs)
        tallied = self.look(cell, group)
        if name == "chosen":
            return _chosen(tallied.chosen)
        counts = tallied.counts
        if counts is None:
            return Measure(None, 0, reason=Undefined.NOT_ASKED)
        if name == "invited":
            return _of(counts, _invited(counts, tallied.invited))
        return OF_COUNTS[name](counts, Basis(self.conventions, tallied.invited))


class Basis(NamedTuple):
    """What a measure needs to know beside the counts, which do not know who never came."""

    conventions: Conventions
    invited: int | None


OfCounts = Callable[[Counts, Basis], Measure]


def _of(counts: Counts, value: Value, convention: str = "") -> Measure:
    return Measure(value, counts.n, counts.missing, counts.dont_know, convention)


def _invited(counts: Counts, invited: int | None) -> int:
    """Everybody who was to be asked; never fewer than have answered, wherever they were counted."""
    known = counts.answered + counts.missing
    return known if invited is None else max(known, invited)


def _share(points: Callable[[RatingScale], Sequence[int]], convention: str = "") -> OfCounts:
    """The share of ratings on `points`, of the study's denominator."""

    def share(counts: Counts, basis: Basis) -> Measure:
        found = proportions.share_on(
            counts,
            points(counts.scale),
            of=basis.conventions.denominator,
            invited=_invited(counts, basis.invited),
        )
        return replace(found, convention=f"{convention}; {found.convention}") if convention else found

    return share


def _plain(measure: Callable[[Counts], Measure]) -> OfCounts:
    return lambda counts, _: measure(counts)


def _by_quantiles(measure: Callable[[Counts, QuantileType], Measure]) -> OfCounts:
    return lambda counts, basis: measure(counts, basis.conventions.quantile_type)


OF_COUNTS: Final[Mapping[str, OfCounts]] = MappingProxyType(
    {
        "agree": _share(lambda scale: scale.agreement),
        "disagree": _share(lambda scale: scale.disagreement),
        "high": _share(lambda scale: scale.thirds.high, "upper third"),
        "middle": _share(lambda scale: scale.thirds.middle, "middle third"),
        "low": _share(lambda scale: scale.thirds.low, "lower third"),
        "mode_share": _plain(proportions.mode_share),
        "dont_know": _plain(proportions.dont_know_share),
        "n": _plain(lambda counts: _of(counts, counts.n)),
        "answered": _plain(lambda counts: _of(counts, counts.answered)),
        "median": _by_quantiles(quantiles.median),
        "q1": _by_quantiles(quantiles.lower_quartile),
        "q3": _by_quantiles(quantiles.upper_quartile),
        "iqr": _by_quantiles(quantiles.iqr),
        "mean": _plain(location.mean),
        "mad": _plain(quantiles.mad),
        "sd": _plain(location.sd),
        "cv": _plain(location.cv),
        "di": _by_quantiles(appropriateness.disagreement_index),
        "disagreement": _plain(appropriateness.disagreement),
        "a": _plain(polarisation.agreement_a),
        "cns": _plain(polarisation.consensus_cns),
        "cvr": _plain(content_validity.cvr),
        "cvr_critical": _plain(lambda counts: content_validity.critical_cvr(counts.n)),
        "icvi": _plain(content_validity.item_cvi),
    }
)
"""Name → function of the counts of one cell."""


def _no_pairs() -> Measure:
    return Measure(None, 0, reason=Undefined.NO_PAIRABLE_VALUES)


OF_PAIRS: Final[Mapping[str, Callable[[PairCounts], Measure]]] = MappingProxyType(
    {"shift": stability.distribution_shift, "changed": stability.share_changed}
)
"""Name → function of the matched ratings of one cell in two rounds."""


def _chosen(chosen: Chosen | None) -> Measure:
    if chosen is None:
        return Measure(None, 0, reason=Undefined.NOT_ASKED)
    if not chosen.n:
        return Measure(None, 0, reason=Undefined.NO_VALID_RATINGS)
    return Measure(Fraction(chosen.times, chosen.n), chosen.n, convention="of combinations given")
