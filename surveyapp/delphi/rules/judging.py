"""What a rule says of one item: its verdict, and every number that the verdict stands on.

Nothing is rounded: shares and quantiles are fractions and are compared as such. All that a rule needs is
looked at before any verdict: one needed figure on too few answers, or none at all, makes `insufficient
data` of the whole. Only “in at least n” can do without a context or group, when the others settle it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from surveyapp.delphi.rules.expression import (
    INSUFFICIENT,
    Both,
    Comparison,
    Either,
    Expression,
    Figure,
    Not,
    Operator,
    Rule,
    Scope,
    Threshold,
    Within,
    write,
)
from surveyapp.delphi.rules.names import Level, Unit
from surveyapp.questionnaire.cells import CellKey
from surveyapp.statistics.measure import Measure, Undefined

EVERYBODY: Final = ""
WHOLE: Final = CellKey("")
"""The cell of what is no measure of a single cell."""

Truth = bool | None
_OPERATIONS: Final[Mapping[Operator, Callable[[Fraction, Fraction], bool]]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq}
)


class Figures(Protocol):
    """Where the numbers come from."""

    def measure(self, name: str, cell: CellKey, group: str) -> Measure:
        """The measure called `name` of `cell`, of everybody (``''``) or of one group.

        The cell of `chosen` is the question with the item; that of `apmo` is the rule's own question,
        context and criterion without an item. With the reason `not_asked`, nobody of the group was
        asked; its `n` counts valid ratings, for measures of change matched pairs.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """On how much a verdict may stand, and what shares are shares of."""

    minimum: int = 1
    """Valid ratings (for stability: matched pairs) below which nothing is said of everybody."""
    minimum_in_group: int = 1
    denominator: str = "n"
    """The count that shares are taken of: ``n``, ``answered`` or ``invited``."""

    def least(self, group: str) -> int:
        """How many must have answered."""
        return self.minimum_in_group if group else self.minimum


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule is about: the cells of one item, by what the rule can call them."""

    cells: tuple[CellKey, ...]
    """The rule's own cells, one per context."""
    others: Mapping[str, tuple[CellKey, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Criterion or question → the item's cells there; a combination's cell names the item as well."""
    choices: tuple[CellKey, ...] = ()
    """The item in the preferred combinations, for `chosen` without `of`."""
    groups: tuple[str, ...] = ()

    @property
    def contexts(self) -> tuple[str, ...]:
        """The contexts of the rule's own cells."""
        return tuple(dict.fromkeys(cell.context for cell in self.cells))


@dataclass(frozen=True, slots=True)
class Standing:
    """One number that a verdict stands on.

    `value` is exact; `k` of `of` is what a share was taken of, where it is one. Without `holds` there was
    too little to compare: `reason` says why, or `n` is below `needed`.
    """

    comparison: str
    measure: str
    cell: CellKey
    group: str
    value: Fraction | bool | None
    n: int
    needed: int
    k: int | None = None
    of: int | None = None
    threshold: Fraction | None = None
    holds: Truth = None
    reason: Undefined | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what it stands on; `lacking` is what made it `insufficient data`."""

    verdict: str
    standings: tuple[Standing, ...]

    @property
    def lacking(self) -> tuple[Standing, ...]:
        """What there was too little of."""
        if self.verdict != INSUFFICIENT:
            return ()
        return tuple(standing for standing in self.standings if standing.holds is None)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the item an expression is looked at: in one context or all, in one group or everybody."""

    context: str | None = None
    group: str = EVERYBODY


def judge(
    rule: Rule, ground: Ground, figures: Figures, limits: Limits, *, group: str = EVERYBODY
) -> Judgement:
    """The verdict of `rule`; with `group`, of that group's ratings alone."""
    court = _Court(ground, figures, limits)
    truths = [court.truth(condition, _Place(group=group)) for condition in rule.conditions]
    standings = tuple(dict.fromkeys(court.standings))
    if None in truths:
        return Judgement(INSUFFICIENT, standings)
    verdict = rule.otherwise
    conditioned = iter(truths)
    for arm in rule.arms:
        if arm.condition is None or next(conditioned):
            verdict = arm.verdict
            break
    return Judgement(verdict, standings)


def judge_condition(
    condition: Expression, ground: Ground, figures: Figures, limits: Limits
) -> tuple[Truth, tuple[Standing, ...]]:
    """Whether `condition` holds, None where there is too little to tell, and what that stands on."""
    court = _Court(ground, figures, limits)
    truth = court.truth(condition, _Place())
    return truth, tuple(dict.fromkeys(court.standings))


class _Court:
    """Looks at one item; keeps what it saw."""

    def __init__(self, ground: Ground, figures: Figures, limits: Limits) -> None:
        self.ground = ground
        self.figures = figures
        self.limits = limits
        self.standings: list[Standing] = []

    def truth(self, expression: Expression, place: _Place) -> Truth:
        match expression:
            case Not(part):
                found = self.truth(part, place)
                return None if found is None else not found
            case Both(parts):
                return _all([self.truth(part, place) for part in parts])
            case Either(parts):
                truths = [self.truth(part, place) for part in parts]
                return None if None in truths else any(truths)
            case Within(part, scope):
                return self.within(part, scope, place)
            case _:
                return self.everywhere(expression, place)

    def within(self, part: Expression, scope: Scope, place: _Place) -> Truth:
        truths: list[Truth] = []
        for member in self.members(scope):
            inner = (
                replace(place, context=member) if scope.over == "context" else replace(place, group=member)
            )
            seen = len(self.standings)
            truth = self.truth(part, inner)
            asked = [each for each in self.standings[seen:] if each.reason is not Undefined.NOT_ASKED]
            if inner.group and not asked:
                # Groups that are not asked about a context have no say on it, and lack nothing.
                del self.standings[seen:]
                continue
            truths.append(truth)
        if scope.least is None:
            return _all(truths) if truths else None
        if truths.count(True) >= scope.least:
            return True
        return None if truths.count(True) + truths.count(None) >= scope.least else False

    def members(self, scope: Scope) -> tuple[str, ...]:
        if scope.name:
            return (scope.name,)
        return self.ground.groups if scope.over == "group" else self.ground.contexts

    def everywhere(self, leaf: Figure | Comparison, place: _Place) -> Truth:
        """`leaf` in each cell that it speaks of; without a scope, in every context."""
        cells = self.cells(leaf.left if isinstance(leaf, Comparison) else leaf, place)
        return _all([self.compare(leaf, cell, place.group) for cell in cells]) if cells else None

    def cells(self, figure: Figure, place: _Place) -> tuple[CellKey, ...]:
        if figure.known.level in {Level.ROUND, Level.STUDY}:
            return (WHOLE,)
        if figure.of:
            cells = self.ground.others.get(figure.of, ())
        elif figure.known.level is Level.CHOICE:
            cells = self.ground.choices
        else:
            cells = self.ground.cells
        if place.context is None:
            return cells
        here = tuple([cell for cell in cells if cell.context == place.context])
        return here or tuple([cell for cell in cells if not cell.context])

    def compare(self, leaf: Figure | Comparison, cell: CellKey, group: str) -> Truth:
        figure = leaf.left if isinstance(leaf, Comparison) else leaf
        measure = self.figures.measure(figure.name, cell, group)
        value = _exact(measure.value)
        needed = 0 if figure.known.level is Level.STUDY else self.limits.least(group)
        reason = measure.reason
        threshold: Fraction | None = None
        holds: Truth = None
        if isinstance(leaf, Comparison):
            threshold, why = self.threshold(leaf.right, cell, group)
            reason = reason or why
            if value is not None and threshold is not None:
                holds = _OPERATIONS[leaf.operator](Fraction(value), threshold)
        elif value is not None:
            holds = bool(value)
        if measure.n < needed or reason is not None:
            holds = None
        k, of = self.share(figure, value, cell, group)
        self.standings.append(
            Standing(
                _write(leaf),
                figure.name,
                cell,
                group,
                value,
                measure.n,
                needed,
                k,
                of,
                threshold,
                holds,
                reason,
            )
        )
        return holds

    def threshold(
        self, right: Figure | Threshold, cell: CellKey, group: str
    ) -> tuple[Fraction | None, Undefined | None]:
        if isinstance(right, Threshold):
            return right.value, None
        where = cell._replace(item="") if right.known.level is Level.ROUND else cell
        measure = self.figures.measure(right.name, where, group)
        value = _exact(measure.value)
        return None if value is None else Fraction(value), measure.reason

    def share(
        self, figure: Figure, value: Fraction | bool | None, cell: CellKey, group: str
    ) -> tuple[int | None, int | None]:
        """The k of n that a share is, so that it can be printed beside it."""
        if figure.known.unit is not Unit.SHARE or value is None or figure.known.level is not Level.CELL:
            return None, None
        name = "answered" if figure.name == "dont_know" else self.limits.denominator
        of = _exact(self.figures.measure(name, cell, group).value)
        if of is None:
            return None, None
        k = Fraction(value) * of
        return (int(k), int(of)) if k.denominator == 1 else (None, None)


# The same few comparisons are judged for every item.
_write = lru_cache(maxsize=1024)(write)


def _all(truths: Sequence[Truth]) -> Truth:
    return None if None in truths else all(truths)


def _exact(value: object) -> Fraction | bool | None:
    """A value that can be compared; None where a measure gives a text or several values."""
    if isinstance(value, bool | Fraction):
        return value
    return Fraction(value) if isinstance(value, int | float) else None
