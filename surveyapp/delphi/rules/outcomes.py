"""Conditions on verdicts, for what is proposed for an item.

effective is consensus and stability is stable
importance is out or (last round and not importance is in)
importance is insufficient data and round >= 2
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from surveyapp.delphi.rules.tokens import Token, tokens
from surveyapp.errors import Sentence
from surveyapp.questionnaire.expressions import ExpressionError

STABILITY: Final = "stability"
_OPERATIONS: Final[Mapping[str, Callable[[int, int], bool]]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt, "=": operator.eq}
)
_MOST_DEEP: Final = 40


@dataclass(frozen=True, slots=True)
class Given:
    """A rule (or ``stability``) gave this verdict."""

    rule: str
    verdict: str
    column: int = field(default=0, compare=False)
    verdict_column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class RoundIs:
    """The round that was closed, compared with a number."""

    operator: str
    number: int


@dataclass(frozen=True, slots=True)
class LastRound:
    """The round that was closed is the last one."""


@dataclass(frozen=True, slots=True)
class Opposite:
    """The part does not hold."""

    part: Outcome


@dataclass(frozen=True, slots=True)
class Joined:
    """All parts hold, or at least one of them."""

    parts: tuple[Outcome, ...]
    is_all: bool


Outcome = Given | RoundIs | LastRound | Opposite | Joined


@lru_cache(maxsize=256)
def read_outcome(text: str) -> Outcome:
    """The condition in `text`; raises ExpressionError with the column and what to write instead."""
    return _Reader(text).whole()


def holds(outcome: Outcome, *, verdicts: Mapping[str, str], number: int, is_last: bool) -> bool:
    """Whether `outcome` holds after round `number`; a rule without a verdict here gave none."""
    match outcome:
        case Given(rule, verdict):
            return verdicts.get(rule) == verdict
        case RoundIs(sign, other):
            return _OPERATIONS[sign](number, other)
        case LastRound():
            return is_last
        case Opposite(part):
            return not holds(part, verdicts=verdicts, number=number, is_last=is_last)
        case Joined(parts, is_all):
            found = [holds(part, verdicts=verdicts, number=number, is_last=is_last) for part in parts]
            return all(found) if is_all else any(found)


def givens(outcome: Outcome) -> Iterator[Given]:
    """Every verdict that `outcome` names, in the order of the text."""
    match outcome:
        case Given():
            yield outcome
        case Opposite(part):
            yield from givens(part)
        case Joined(parts, _):
            for part in parts:
                yield from givens(part)
        case _:
            return


class _Reader:
    """Recursive descent, as for rules."""

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens(text))
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> bool:
        if self.token.sort != "end" and self.token.text in texts:
            self.position += 1
            return True
        return False

    def refuse(self, due: str) -> ExpressionError:
        found = (
            Sentence("“{text}” stands", text=self.token.text)
            if self.token.text
            else Sentence("the condition ends")
        )
        return ExpressionError(
            self.token.column, Sentence("{found} where {due} is due", found=found, due=due)
        )

    def whole(self) -> Outcome:
        outcome = self.joined("or")
        if self.token.sort != "end":
            what = Sentence(
                "“{text}” cannot follow here; join conditions with and / or", text=self.token.text
            )
            raise ExpressionError(self.token.column, what)
        return outcome

    def joined(self, word: str) -> Outcome:
        parts: list[Outcome] = []
        while not parts or self.take(word):
            parts.append(self.joined("and") if word == "or" else self.single())
        return parts[0] if len(parts) == 1 else Joined(tuple(parts), word == "and")

    def single(self) -> Outcome:
        self.depth += 1
        if self.depth > _MOST_DEEP:
            raise ExpressionError(
                self.token.column, Sentence("more than {most} brackets inside each other", most=_MOST_DEEP)
            )
        try:
            if self.take("not"):
                return Opposite(self.single())
            if self.take("("):
                outcome = self.joined("or")
                if not self.take(")"):
                    raise self.refuse(Sentence("a closing bracket )"))
                return outcome
            return self.leaf()
        finally:
            self.depth -= 1

    def leaf(self) -> Outcome:
        if self.take("last"):
            if not self.take("round"):
                raise self.refuse(Sentence("“round”, as in last round,"))
            return LastRound()
        name = self.token
        if name.sort != "name" or name.text in {"and", "or", "is"}:
            raise self.refuse(Sentence("a rule with its verdict, like effective is consensus,"))
        self.position += 1
        sign = self.token.text
        if name.text == "round" and self.take(*_OPERATIONS):
            if self.token.sort != "number" or Fraction(self.token.text).denominator != 1:
                raise self.refuse(Sentence("the number of a round"))
            self.position += 1
            return RoundIs(sign, int(self.tokens[self.position - 1].text))
        if not self.take("is"):
            raise self.refuse(Sentence("“is” with a verdict, like {text} is consensus,", text=name.text))
        return Given(name.text, *self.verdict(name))

    def verdict(self, name: Token) -> tuple[str, int, int]:
        """The words up to the next and, or, bracket or end; with the columns of the rule and of itself."""
        start, words = self.token.column, []
        while self.token.sort == "name" and self.token.text not in {"and", "or"}:
            words.append(self.token.text)
            self.position += 1
        if not words:
            raise self.refuse(Sentence("a verdict"))
        return " ".join(words), name.column, start
