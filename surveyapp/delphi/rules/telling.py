"""Rules and conditions in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from surveyapp.delphi.rules.expression import (
    Both,
    Comparison,
    Either,
    Expression,
    Figure,
    Not,
    Operator,
    Scope,
    Threshold,
    Within,
)
from surveyapp.delphi.rules.outcomes import STABILITY, Given, Joined, LastRound, Opposite, Outcome, RoundIs
from surveyapp.errors import Sentence


@dataclass(frozen=True)
class Words:
    """How names are said: `title` gives the title of a criterion, question, context or group by its id."""

    title: Callable[[str, str], str] = lambda _, name: name


_COMPARED: Final[Mapping[Operator, str]] = MappingProxyType(
    {
        ">=": Sentence("{measure} is at least {threshold}"),
        ">": Sentence("{measure} is more than {threshold}"),
        "<=": Sentence("{measure} is at most {threshold}"),
        "<": Sentence("{measure} is less than {threshold}"),
        "=": Sentence("{measure} is exactly {threshold}"),
    }
)
_ROUNDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        ">=": Sentence("it is round {number} or a later one"),
        ">": Sentence("it is a round after round {number}"),
        "<=": Sentence("it is round {number} or an earlier one"),
        "<": Sentence("it is a round before round {number}"),
        "=": Sentence("it is round {number}"),
    }
)


def tell_condition(expression: Expression, words: Words) -> Sentence:
    """`expression` as a part of a sentence, without a full stop."""
    match expression:
        case Figure():
            return Sentence("there is {measure}", measure=_measure(expression, words))
        case Comparison(left, operator, right):
            threshold = _number(right) if isinstance(right, Threshold) else _measure(right, words)
            return Sentence(_COMPARED[operator], measure=_measure(left, words), threshold=threshold)
        case Not(Figure() as figure):
            return Sentence("there is no {measure}", measure=_measure(figure, words))
        case Not(part):
            return Sentence("it is not so that {part}", part=_grouped(part, words))
        case Both(parts):
            return _joined([_grouped(part, words) for part in parts], is_all=True)
        case Either(parts):
            return _joined([_grouped(part, words) for part in parts], is_all=False)
        case Within(part, scope):
            return _within(_grouped(part, words), scope, words)


def _number(threshold: Threshold) -> str:
    """As the rule writes it, with the sign that a reader's language sets before decimals."""
    written = threshold.text.replace("%", " %")
    whole, point, decimals = written.partition(".")
    return Sentence("{whole}.{decimals}", whole=whole, decimals=decimals) if point else written


def _grouped(part: Expression, words: Words) -> Sentence:
    said = tell_condition(part, words)
    return Sentence("({part})", part=said) if isinstance(part, Both | Either) else said


def _joined(parts: Sequence[Sentence], *, is_all: bool) -> Sentence:
    said = parts[0]
    for part in parts[1:]:
        said = (
            Sentence("{first} and {second}", first=said, second=part)
            if is_all
            else Sentence("{first} or {second}", first=said, second=part)
        )
    return said


def _measure(figure: Figure, words: Words) -> Sentence:
    if not figure.of:
        return figure.known.words
    return Sentence("{measure} for “{name}”", measure=figure.known.words, name=words.title("", figure.of))


def _within(part: Sentence, scope: Scope, words: Words) -> Sentence:
    if scope.name:
        name = words.title(scope.over, scope.name)
        if scope.over == "context":
            return Sentence("{part} in the context “{name}”", part=part, name=name)
        return Sentence("{part} in the group “{name}”", part=part, name=name)
    if scope.over == "context":
        if scope.least is None:
            return Sentence("{part} in every context", part=part)
        if scope.least == 1:
            return Sentence("{part} in at least one context", part=part)
        return Sentence("{part} in at least {number} contexts", part=part, number=scope.least)
    if scope.least is None:
        return Sentence("{part} in each group", part=part)
    if scope.least == 1:
        return Sentence("{part} in at least one group", part=part)
    return Sentence("{part} in at least {number} groups", part=part, number=scope.least)


def tell_outcome(outcome: Outcome, words: Words) -> Sentence:
    """A condition on verdicts as a part of a sentence, without a full stop."""
    match outcome:
        case Given(rule, verdict):
            if rule == STABILITY:
                return Sentence("its ratings are {verdict}", verdict=VERDICTS.get(verdict, verdict))
            said = VERDICTS.get(verdict, verdict)
            return Sentence(
                "the rule “{rule}” says “{verdict}”", rule=words.title("rule", rule), verdict=said
            )
        case RoundIs(sign, number):
            return Sentence(_ROUNDS[sign], number=number)
        case LastRound():
            return Sentence("it is the last round")
        case Opposite(part):
            return Sentence("it is not so that {part}", part=_grouped_outcome(part, words))
        case Joined(parts, is_all):
            return _joined([_grouped_outcome(part, words) for part in parts], is_all=is_all)


def _grouped_outcome(part: Outcome, words: Words) -> Sentence:
    said = tell_outcome(part, words)
    return Sentence("({part})", part=said) if isinstance(part, Joined) else said


VERDICTS: Final[Mapping[str, Sentence]] = MappingProxyType(
    {
        str(each): each
        for each in (
            Sentence("consensus"),
            Sentence("no consensus"),
            Sentence("none"),
            Sentence("insufficient data"),
            Sentence("not assessable"),
            Sentence("stable"),
            Sentence("not stable"),
            Sentence("appropriate"),
            Sentence("inappropriate"),
            Sentence("uncertain"),
            Sentence("in"),
            Sentence("out"),
            Sentence("essential"),
            Sentence("relevant"),
            Sentence("not defined"),
        )
    }
)
"""Verdicts that the program itself gives, for translation; others stand as the protocol names them."""
