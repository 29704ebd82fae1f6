"""What a rule is once it is read: a tree of comparisons, and how it is written down again.

`column` says where a part stands in the text; it is for messages and no part of what a rule means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from surveyapp.delphi.rules.names import NAMES, Level, Name

Operator = Literal[">=", ">", "<=", "<", "="]
Over = Literal["context", "group"]

CONSENSUS: Final = "consensus"
NO_CONSENSUS: Final = "no consensus"
NONE: Final = "none"
INSUFFICIENT: Final = "insufficient data"
NOT_ASSESSABLE: Final = "not assessable"
STABLE: Final = "stable"
NOT_STABLE: Final = "not stable"
VERDICTS_OF_STABILITY: Final = (STABLE, NOT_STABLE, NOT_ASSESSABLE, INSUFFICIENT)
OTHERWISE: Final = "otherwise"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure; `of` names another criterion or question than the rule's own."""

    name: str
    of: str = ""
    column: int = field(default=0, compare=False)

    @property
    def known(self) -> Name:
        """What is known of the measure."""
        return NAMES[self.name]


@dataclass(frozen=True, slots=True)
class Threshold:
    """An exact number; `text` is how it was written."""

    value: Fraction
    text: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure against a threshold, or against another measure."""

    left: Figure
    operator: Operator
    right: Figure | Threshold
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """In how many contexts or groups a part must hold: every one, at least so many, or the named one."""

    over: Over
    least: int | None = None
    """At least so many; None for every one."""
    name: str = ""
    """The one context or group that counts."""
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Within:
    """A part together with where it must hold."""

    part: Expression
    scope: Scope


Expression = Figure | Comparison | Not | Both | Either | Within


@dataclass(frozen=True, slots=True)
class Arm:
    """One verdict and when it is given; without a condition, when no arm before it holds."""

    verdict: str
    condition: Expression | None
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A whole rule: the first arm that holds gives the verdict; `otherwise` when none does."""

    arms: tuple[Arm, ...]
    otherwise: str

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Every verdict that enough data can lead to."""
        return tuple(dict.fromkeys((*(arm.verdict for arm in self.arms), self.otherwise)))

    @property
    def conditions(self) -> tuple[Expression, ...]:
        """The arms' conditions, without an `otherwise`."""
        return tuple(arm.condition for arm in self.arms if arm.condition is not None)

    @property
    def speaks_of_cells(self) -> bool:
        """Whether it names a measure of its own ratings, and not of other questions only."""
        named = (figure for condition in self.conditions for figure in figures(condition))
        return any(figure.known.level is Level.CELL and not figure.of for figure in named)


def write_rule(rule: Rule) -> str:
    """The text of `rule`; reading it gives the same rule again."""
    if len(rule.arms) == 1 and rule.arms[0].verdict == CONSENSUS and rule.otherwise == NO_CONSENSUS:
        condition = rule.arms[0].condition
        assert condition is not None
        return write(condition)
    return "; ".join(
        f"{arm.verdict}: {OTHERWISE if arm.condition is None else write(arm.condition)}" for arm in rule.arms
    )


def write(expression: Expression) -> str:
    """The text of `expression`; reading it gives the same expression again."""
    match expression:
        case Figure(name, of):
            return f"{name} of {of}" if of else name
        case Comparison(left, operator, right):
            threshold = right.text if isinstance(right, Threshold) else write(right)
            return f"{write(left)} {operator} {threshold}"
        case Not(part):
            return f"not {_in_brackets(part)}"
        case Both(parts):
            return " and ".join(_in_brackets(part) for part in parts)
        case Either(parts):
            return " or ".join(_in_brackets(part) for part in parts)
        case Within(part, scope):
            inner = f"({write(part)})" if isinstance(part, Not) else _in_brackets(part)
            return f"{inner} {write_scope(scope)}"


def write_scope(scope: Scope) -> str:
    """``in every context``, ``in at least 3 groups``, ``in group patients``."""
    if scope.name:
        return f"in {scope.over} {scope.name}"
    if scope.least is None:
        return "in each group" if scope.over == "group" else "in every context"
    return f"in any {scope.over}" if scope.least == 1 else f"in at least {scope.least} {scope.over}s"


def _in_brackets(part: Expression) -> str:
    if isinstance(part, Both | Either):
        return f"({write(part)})"
    # A scope reaches no further than its brackets; without them its reach would be a guess.
    if isinstance(part, Within):
        return f"({write(part)})"
    return write(part)


def comparisons(expression: Expression) -> Iterator[Figure | Comparison]:
    """The leaves: what is true or false by itself, in the order of the text."""
    match expression:
        case Not(part) | Within(part):
            yield from comparisons(part)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from comparisons(part)
        case _:
            yield expression


def figures(expression: Expression) -> Iterator[Figure]:
    """Every measure that `expression` names, in the order of the text."""
    for leaf in comparisons(expression):
        if isinstance(leaf, Figure):
            yield leaf
            continue
        yield leaf.left
        if isinstance(leaf.right, Figure):
            yield leaf.right


def scopes(expression: Expression) -> Iterator[Scope]:
    """Every scope, outermost first."""
    match expression:
        case Within(part, scope):
            yield scope
            yield from scopes(part)
        case Not(part):
            yield from scopes(part)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from scopes(part)
        case _:
            return


def without(expression: Expression, over: Over) -> Expression:
    """`expression` with its scopes over contexts or groups taken away."""
    match expression:
        case Within(part, scope):
            inner = without(part, over)
            return inner if scope.over == over else Within(inner, scope)
        case Not(part):
            return Not(without(part, over))
        case Both(parts):
            return Both(tuple(without(part, over) for part in parts))
        case Either(parts):
            return Either(tuple(without(part, over) for part in parts))
        case _:
            return expression


def of_cell(expression: Expression, context: str) -> Expression | None:
    """The part of `expression` that speaks of a single cell in `context`; None when nothing of it does.

    What it says of other questions, other contexts and preferred combinations is left out.
    """
    match expression:
        case Within(part, scope):
            if scope.over == "context":
                return of_cell(part, context) if scope.name in {"", context} else None
            inner = of_cell(part, context)
            return None if inner is None else Within(inner, scope)
        case Not(part):
            inner = of_cell(part, context)
            return None if inner is None else Not(inner)
        case Both(parts) | Either(parts):
            kept = tuple(inner for part in parts if (inner := of_cell(part, context)) is not None)
            if len(kept) < 2:
                return kept[0] if kept else None
            return Both(kept) if isinstance(expression, Both) else Either(kept)
        case _:
            named = expression if isinstance(expression, Figure) else expression.left
            return None if named.of or named.known.level is Level.CHOICE else expression
