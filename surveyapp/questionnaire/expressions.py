"""When is this shown? The small language of `show_if`.

    group == context or context in areas
    'early' in tags and years >= 5
    not (sector in ['industry', 'government'])

Names are `group`, `tags`, `context` and question ids; literals are 'text', numbers, true, false and
lists of them. There is no arithmetic and no call, and nothing is handed to Python's own `eval`.

Truth has three values: what depends on an answer that is not there is unknown. To tell beforehand
what a person may come to see, an answer can also be pending: then `outcomes` holds every value that
the whole can still take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, reduce
from itertools import product
from typing import Literal

from surveyapp.errors import Sentence

Scalar = str | float | bool
Value = Scalar | frozenset[str]
Truth = bool | None


class Absent(Enum):
    """Why a name has no value."""

    MISSING = "missing"
    """There is no answer and, as things stand, there will be none."""
    PENDING = "pending"
    """The answer may still come."""


Look = Callable[[str], Value | Absent]
"""What a name stands for, for one person on one page."""


class ExpressionError(ValueError):
    """The text is not an expression; `column` counts from 1."""

    def __init__(self, column: int, what: str) -> None:
        super().__init__(what)
        self.column = column
        self.what = what


@dataclass(frozen=True, slots=True)
class Name:
    """A name; `column` is where it stands, for messages only."""

    name: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Literally:
    """A text, a number, true or false, or a list of texts."""

    value: Scalar | tuple[str, ...]
    column: int = 0


Operand = Name | Literally
Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands and what is asked about them."""

    left: Operand
    operator: Operator
    right: Operand
    column: int = 0


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


Expression = Name | Literally | Comparison | Not | Both | Either

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<number>-?\d+(?:\.\d+)?(?![\w.]))"
    r"|(?P<name>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*(?![\w]))|(?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,))"
)
_INSTEAD = {
    "=": Sentence("write == to compare"),
    "&": Sentence("write and"),
    "|": Sentence("write or"),
    "!": Sentence("write not, or != to compare"),
    "'": Sentence("this text has no closing quote"),
    '"': Sentence("this text has no closing quote"),
}
_WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
_MOST_DEEP = 40


@dataclass(frozen=True, slots=True)
class _Token:
    sort: str
    text: str
    column: int


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:].lstrip()
            column = len(text) - len(rest) + 1
            word = re.match(r"[\w.\-]+", rest)
            if word is not None:
                raise ExpressionError(
                    column,
                    Sentence(
                        "“{word}” is neither a name nor a number; names are lower-case ids, and texts stand "
                        "in quotes, like 'text'",
                        word=word.group(),
                    ),
                )
            instead = _INSTEAD.get(
                rest[0], Sentence("only and, or, not, in, comparisons and brackets can stand here")
            )
            what = Sentence("“{sign}” is not understood; {instead}", sign=rest[0], instead=instead)
            raise ExpressionError(column, what)
        sort = str(match.lastgroup)
        token = match.group(sort)
        if sort == "name" and token in _WORDS:
            sort = "word"
        yield _Token(sort, token, match.end() - len(token) + 1)
        position = match.end()
    yield _Token("end", "", len(text) + 1)


class _Parser:
    """Recursive descent; each method reads one rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.tokens = list(_tokens(text))
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> bool:
        if self.token.sort in {"word", "sign"} and self.token.text in texts:
            self.position += 1
            return True
        return False

    def whole(self) -> Expression:
        if self.token.sort == "end":
            raise ExpressionError(1, Sentence("the condition is empty; leave show_if out to show always"))
        expression = self.either()
        if self.token.sort != "end":
            raise ExpressionError(
                self.token.column,
                Sentence("“{word}” cannot follow here; join conditions with and / or", word=self.token.text),
            )
        return expression

    def either(self) -> Expression:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Expression:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def negation(self) -> Expression:
        # Brackets and nots are the only rules that nest; a bound keeps a hostile file from
        # exhausting the stack.
        self.depth += 1
        if self.depth > _MOST_DEEP:
            what = Sentence("more than {most} brackets inside each other", most=_MOST_DEEP)
            raise ExpressionError(self.token.column, what)
        try:
            return Not(self.negation()) if self.take("not") else self.comparison()
        finally:
            self.depth -= 1

    def comparison(self) -> Expression:
        if self.take("("):
            expression = self.either()
            if not self.take(")"):
                raise ExpressionError(self.token.column, Sentence("a closing bracket ) is missing"))
            return expression
        left = self.operand()
        column = self.token.column
        operator = self.operator()
        if operator is None:
            return left
        comparison = Comparison(left, operator, self.operand(), column)
        if self.take("==", "!=", "<", "<=", ">", ">="):
            raise ExpressionError(column, Sentence("comparisons cannot be chained; join them with and"))
        return comparison

    def operator(self) -> Operator | None:
        for operator in ("==", "!=", "<", "<=", ">", ">=", "in"):
            if self.take(operator):
                return operator
        if self.token.text == "not" and self.take("not"):
            if not self.take("in"):
                raise ExpressionError(self.token.column, Sentence("after a name, not is followed by in"))
            return "not in"
        return None

    def operand(self) -> Operand:
        token = self.token
        self.position += 1
        if token.sort == "name":
            return Name(token.text, token.column)
        if token.sort == "text":
            return Literally(token.text[1:-1], token.column)
        if token.sort == "number":
            return Literally(float(token.text), token.column)
        if token.text in {"true", "false"} and token.sort == "word":
            return Literally(token.text == "true", token.column)
        if token.text == "[" and token.sort == "sign":
            return Literally(self.texts(), token.column)
        self.position -= 1
        what = Sentence("the condition ends where a name, a 'text' or a number is due")
        if token.text:
            what = Sentence("“{word}” stands where a name, a 'text' or a number is due", word=token.text)
        raise ExpressionError(token.column, what)

    def texts(self) -> tuple[str, ...]:
        texts: list[str] = []
        while not self.take("]"):
            if texts and not self.take(","):
                raise ExpressionError(
                    self.token.column, Sentence("the texts of a list are divided by commas")
                )
            if self.token.sort != "text":
                raise ExpressionError(
                    self.token.column,
                    Sentence("a list holds texts in quotes, like {example}", example="['a', 'b']"),
                )
            texts.append(self.token.text[1:-1])
            self.position += 1
        return tuple(texts)


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """The condition written in `text`; raises ExpressionError with the column and what to write instead."""
    return _Parser(text).whole()


def write(expression: Expression) -> str:
    """The text of `expression`, such that parsing it gives the same expression again."""
    match expression:
        case Name(name):
            return name
        case Literally(value):
            return _write_literal(value)
        case Comparison(left, operator, right):
            return f"{write(left)} {operator} {write(right)}"
        case Not(part):
            return f"not {_in_brackets(part)}"
        case Both(parts):
            return " and ".join(_in_brackets(part) for part in parts)
        case Either(parts):
            return " or ".join(_in_brackets(part) for part in parts)


def _write_literal(value: Scalar | tuple[str, ...]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(_write_literal(text) for text in value)}]"
    if isinstance(value, str):
        return f'"{value}"' if "'" in value else f"'{value}'"
    return str(int(value)) if value == int(value) else f"{value:f}".rstrip("0")


def _in_brackets(part: Expression) -> str:
    return f"({write(part)})" if isinstance(part, Both | Either) else write(part)


def names(expression: Expression) -> frozenset[str]:
    """Every name that `expression` reads."""
    return frozenset(operand.name for operand in operands(expression) if isinstance(operand, Name))


def comparisons(expression: Expression) -> Iterator[Name | Literally | Comparison]:
    """The leaves: what is true or false by itself."""
    match expression:
        case Not(part):
            yield from comparisons(part)
        case Both(parts) | Either(parts):
            for part in parts:
                yield from comparisons(part)
        case _:
            yield expression


def operands(expression: Expression) -> Iterator[Operand]:
    """Every name and literal, in the order of the text."""
    for leaf in comparisons(expression):
        if isinstance(leaf, Comparison):
            yield leaf.left
            yield leaf.right
        else:
            yield leaf


def evaluate(expression: Expression, look: Look) -> Truth:
    """Whether `expression` holds; None when that depends on an answer that is not there."""
    possible = outcomes(expression, look)
    return next(iter(possible)) if len(possible) == 1 else None


def outcomes(expression: Expression, look: Look) -> AbstractSet[Truth]:
    """Every truth that `expression` may still take while some answers are pending; never empty."""
    match expression:
        case Not(part):
            return {None if truth is None else not truth for truth in outcomes(part, look)}
        case Both(parts):
            return reduce(_both, (outcomes(part, look) for part in parts))
        case Either(parts):
            return reduce(_either, (outcomes(part, look) for part in parts))
        case Comparison(left, operator, right):
            return _compare(_value(left, look), operator, _value(right, look))
        case _:
            return _truth(_value(expression, look))


def _both(left: AbstractSet[Truth], right: AbstractSet[Truth]) -> AbstractSet[Truth]:
    return {False if False in pair else None if None in pair else True for pair in product(left, right)}


def _either(left: AbstractSet[Truth], right: AbstractSet[Truth]) -> AbstractSet[Truth]:
    return {True if True in pair else None if None in pair else False for pair in product(left, right)}


def _value(operand: Operand, look: Look) -> Value | Absent:
    if isinstance(operand, Name):
        return look(operand.name)
    return frozenset(operand.value) if isinstance(operand.value, tuple) else operand.value


_UNSURE: AbstractSet[Truth] = frozenset({True, False, None})
_UNKNOWN: AbstractSet[Truth] = frozenset({None})


def _truth(value: Value | Absent) -> AbstractSet[Truth]:
    if value is Absent.PENDING:
        return _UNSURE
    return {value} if isinstance(value, bool) else _UNKNOWN


def _compare(left: Value | Absent, operator: Operator, right: Value | Absent) -> AbstractSet[Truth]:
    if Absent.MISSING in (left, right):
        return _UNKNOWN
    if isinstance(left, Absent) or isinstance(right, Absent):
        return _UNSURE
    if operator in {"in", "not in"}:
        if not isinstance(left, str) or not isinstance(right, frozenset):
            return _UNKNOWN
        return {(left in right) == (operator == "in")}
    if operator in {"==", "!="}:
        return {(left == right) == (operator == "==")}
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return _UNKNOWN
    ordered = {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return {ordered[operator]}
