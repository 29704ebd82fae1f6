"""Reading one condition of a rule: comparisons of measures, joined, and where they must hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Final, get_args

from surveyapp.delphi.rules.expression import (
    OTHERWISE,
    Both,
    Comparison,
    Either,
    Expression,
    Figure,
    Not,
    Operator,
    Over,
    Scope,
    Threshold,
    Within,
    write_scope,
)
from surveyapp.delphi.rules.names import NAMES, PLACES, STOPPING, UNITS, Level, Name, Unit
from surveyapp.delphi.rules.tokens import Token, tokens
from surveyapp.errors import Sentence
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.expressions import ExpressionError

_OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)
_WORDS: Final = frozenset({"and", "or", "not", "in", "of", OTHERWISE})
_MOST_DEEP: Final = 40
_MOST_CONTEXTS: Final = 1000


class ConditionReader:
    """Recursive descent; each method reads one rule of the grammar.

    `column` replaces the columns of a text that the author of the rule did not write: a ready-made one.
    """

    def __init__(self, text: str, levels: AbstractSet[Level], column: int = 0) -> None:
        self.tokens = list(tokens(text))
        self.levels = levels
        self.fixed = column
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def column(self, token: Token) -> int:
        return self.fixed or token.column

    def refuse(self, what: str, token: Token | None = None) -> ExpressionError:
        return ExpressionError(self.column(token or self.token), what)

    def is_over(self) -> bool:
        return self.token.sort == "end"

    def take(self, *texts: str) -> bool:
        if not self.is_over() and self.token.text in texts:
            self.position += 1
            return True
        return False

    def found(self) -> str:
        return (
            Sentence("“{text}” stands", text=self.token.text)
            if self.token.text
            else Sentence("the rule ends")
        )

    def condition(self) -> Expression:
        if self.is_over():
            raise self.refuse(Sentence("the rule is empty; write a measure, a comparison and a threshold"))
        expression = self.either()
        self.end()
        return expression

    def end(self) -> None:
        if self.is_over():
            return
        if self.token.text == ";":
            raise self.refuse(Sentence("a rule with several verdicts names each: in: …; out: …"))
        raise self.refuse(
            Sentence("“{text}” cannot follow here; join conditions with and / or", text=self.token.text)
        )

    def either(self) -> Expression:
        return self.chain("or")

    def chain(self, word: str) -> Expression:
        """Parts joined by `word`; a scope after the last must not seem to reach back to the others."""
        parts: list[Expression] = []
        bare: set[Over] = set()
        while not parts or self.take(word):
            is_clear = self.token.text == "("
            part = self.chain("and") if word == "or" else self.negation()
            if isinstance(part, Within) and not is_clear:
                self.check_reach(part, bare, word)
            bare |= {over for over in get_args(Over) if _is_bare(part, over)}
            parts.append(part)
        if len(parts) == 1:
            return parts[0]
        return Both(tuple(parts)) if word == "and" else Either(tuple(parts))

    def check_reach(self, part: Within, bare: AbstractSet[Over], word: str) -> None:
        for scope in (each.scope for each in _outer_scopes(part)):
            if scope.over in bare:
                raise ExpressionError(
                    scope.column,
                    Sentence(
                        "it is not clear whether this is said of what stands before “{word}” as well; "
                        "put into brackets what it is said of, like (agree >= 70% {word} iqr <= 1) "
                        "{scope}",
                        word=word,
                        scope=write_scope(scope),
                    ),
                )

    def negation(self) -> Expression:
        # Brackets and nots are the only rules that nest; a bound keeps a hostile file from
        # exhausting the stack.
        self.depth += 1
        if self.depth > _MOST_DEEP:
            raise self.refuse(Sentence("more than {most} brackets inside each other", most=_MOST_DEEP))
        try:
            return Not(self.negation()) if self.take("not") else self.scoped()
        finally:
            self.depth -= 1

    def scoped(self) -> Expression:
        if self.take("("):
            part = self.either()
            if not self.take(")"):
                raise self.refuse(Sentence("a closing bracket ) is missing"))
        else:
            part = self.comparison()
        for scope in self.scopes():
            part = within(part, scope)
        return part

    def comparison(self) -> Expression:
        named = self.named()
        if named is not None:
            return named
        left = self.figure()
        if left.known.level is Level.ROUND:
            what = Sentence(
                "“{name}” is a cut-off to compare others with; write agree >= {name}", name=left.name
            )
            raise ExpressionError(left.column, what)
        sign = self.token
        if not self.take(*_OPERATORS):
            if left.known.unit is Unit.TRUTH:
                return left
            raise self.refuse(
                Sentence(
                    "{found} where a comparison is due, like {name} >= …", found=self.found(), name=left.name
                )
            )
        operator = next(each for each in _OPERATORS if each == sign.text)
        if left.known.unit is Unit.TRUTH:
            raise self.refuse(
                Sentence("“{name}” is true or false by itself; leave the comparison out", name=left.name),
                sign,
            )
        right = self.figure() if self.token.sort == "name" else self.threshold(left)
        if isinstance(right, Figure):
            self.check_pair(left, right)
        if self.token.text in _OPERATORS:
            raise self.refuse(Sentence("comparisons cannot be chained; join them with and"))
        return Comparison(left, operator, right, self.column(sign))

    def named(self) -> Expression | None:
        """A condition that stands here by its name; None where none does."""
        return None

    def figure(self) -> Figure:
        token = self.token
        if token.sort != "name" or token.text in _WORDS:
            raise self.refuse(
                Sentence(
                    "{found} where a measure is due; known are {names}",
                    found=self.found(),
                    names=", ".join(self.known()),
                )
            )
        known = NAMES.get(token.text)
        if known is None:
            raise self.refuse(
                Sentence(
                    "there is no measure “{text}”{hint}",
                    text=token.text,
                    hint=nearest(token.text, self.known()),
                )
            )
        if known.level not in self.levels:
            raise self.refuse(Sentence("“{text}” is {place}", text=token.text, place=PLACES[known.level]))
        self.position += 1
        if not self.take("of"):
            return Figure(token.text, "", self.column(token))
        if known.level not in {Level.CELL, Level.CHOICE, Level.PAIRS}:
            raise self.refuse(
                Sentence("“{text}” is not taken of one question; leave “of” out", text=token.text), token
            )
        if self.token.sort != "name":
            raise self.refuse(Sentence("{found} where a criterion or a question is due", found=self.found()))
        self.position += 1
        return Figure(token.text, self.tokens[self.position - 1].text, self.column(token))

    def known(self) -> list[str]:
        return [each.name for each in NAMES.values() if each.level in self.levels]

    def check_pair(self, left: Figure, right: Figure) -> None:
        alike = {left.known.unit, right.known.unit}
        if len(alike) > 1 or Unit.TRUTH in alike:
            what = Sentence(
                "“{name}” is {unit} and “{right}” is {right_unit}",
                name=left.name,
                unit=UNITS[left.known.unit],
                right=right.name,
                right_unit=UNITS[right.known.unit],
            )
            raise ExpressionError(right.column, Sentence("{what}; compare two of the same sort", what=what))

    def threshold(self, of: Figure | None = None) -> Threshold:
        token = self.token
        if token.sort != "number":
            raise self.refuse(
                Sentence(
                    "{found} where a number is due, like {example}", found=self.found(), example=_example(of)
                )
            )
        self.position += 1
        value, text = Fraction(token.text), token.text
        if self.take("/"):
            below = self.token
            if below.sort != "number" or Fraction(below.text) <= 0:
                raise self.refuse(Sentence("after / comes a number above 0, like 2/3"))
            self.position += 1
            value, text = value / Fraction(below.text), f"{text}/{below.text}"
        is_percent = self.take("%")
        if is_percent:
            value, text = value / 100, f"{text}%"
        if of is not None:
            self.check_threshold(of.known, value, text, token)
        return Threshold(value, text, self.column(token))

    def check_threshold(self, known: Name, value: Fraction, text: str, token: Token) -> None:
        if known.unit is Unit.SHARE and "%" not in text and "/" not in text:
            raise self.refuse(
                Sentence(
                    "“{name}” is a share; write it like {example} or 2/3",
                    name=known.name,
                    example=_as_percent(value),
                ),
                token,
            )
        if known.unit is not Unit.SHARE and "%" in text:
            what = Sentence(
                "“{name}” is {unit} and not a share; write a number without %",
                name=known.name,
                unit=UNITS[known.unit],
            )
            raise self.refuse(what, token)
        if known.least is not None and value < known.least:
            least = "0%" if known.unit is Unit.SHARE else str(known.least)
            raise self.refuse(
                Sentence(
                    "{text} is out of range: “{name}” is never below {least}",
                    text=text,
                    name=known.name,
                    least=least,
                ),
                token,
            )
        if known.most is not None and value > known.most:
            most = "100%" if known.unit is Unit.SHARE else str(known.most)
            raise self.refuse(
                Sentence(
                    "{text} is out of range: “{name}” is never above {most}",
                    text=text,
                    name=known.name,
                    most=most,
                ),
                token,
            )
        if known.unit is Unit.COUNT and value.denominator != 1:
            raise self.refuse(
                Sentence(
                    "“{name}” is a whole number; {text} can never be met exactly", name=known.name, text=text
                ),
                token,
            )

    def scopes(self) -> list[Scope]:
        found: list[Scope] = []
        while self.token.text == "in" and self.token.sort == "name":
            token = self.token
            self.position += 1
            scope = self.scope(token)
            if any(each.over == scope.over for each in found):
                raise self.refuse(
                    Sentence("where it must hold is said twice for {over}s; keep one", over=scope.over), token
                )
            found.append(scope)
        return found

    def scope(self, start: Token) -> Scope:
        column = self.column(start)
        if self.levels == STOPPING:
            raise self.refuse(
                Sentence("this rule is about the study as a whole; leave contexts and groups out"), start
            )
        if self.take("every", "each", "all"):
            return Scope(self.over(), column=column)
        if self.take("any"):
            return Scope(self.over(), 1, column=column)
        if self.take("at"):
            if not self.take("least"):
                raise self.refuse(
                    Sentence("{found} where “least” is due, like in at least 3 contexts", found=self.found())
                )
            number = self.token
            if number.sort != "number" or not 1 <= Fraction(number.text) <= _MOST_CONTEXTS:
                raise self.refuse(
                    Sentence(
                        "{found} where a number from 1 is due, like in at least 3 contexts",
                        found=self.found(),
                    )
                )
            if Fraction(number.text).denominator != 1:
                raise self.refuse(Sentence("a whole number is due, like in at least 3 contexts"), number)
            self.position += 1
            return Scope(self.over(), int(number.text), column=column)
        over = self.over(is_named=True)
        if self.token.sort != "name":
            raise self.refuse(
                Sentence("{found} where the name of a {over} is due", found=self.found(), over=over)
            )
        self.position += 1
        return Scope(over, name=self.tokens[self.position - 1].text, column=column)

    def over(self, *, is_named: bool = False) -> Over:
        for over in get_args(Over):
            named: Over = over
            if self.take(named) or (not is_named and self.take(f"{named}s")):
                return named
        due = "every context, each group, at least 3 contexts, any group, context NAME or group NAME"
        raise self.refuse(
            Sentence("{found} where it is due to say in what; write in {due}", found=self.found(), due=due)
        )


def within(part: Expression, scope: Scope) -> Within:
    """`part` in `scope`; raises ExpressionError when something in it has a scope of that sort already."""
    inside = [each for each in _outer_scopes(part, deep=True) if each.scope.over == scope.over]
    if inside:
        what = Sentence(
            "where it must hold is said already for {over}s inside the brackets; keep one of the two",
            over=scope.over,
        )
        raise ExpressionError(scope.column, what)
    return Within(part, scope)


def _outer_scopes(part: Expression, *, deep: bool = False) -> list[Within]:
    """The scopes that `part` ends with; with `deep`, all of them."""
    if isinstance(part, Within):
        return [part, *_outer_scopes(part.part, deep=deep)]
    if deep and isinstance(part, Not):
        return _outer_scopes(part.part, deep=True)
    if deep and isinstance(part, Both | Either):
        return [each for inner in part.parts for each in _outer_scopes(inner, deep=True)]
    return []


def _is_bare(part: Expression, over: Over) -> bool:
    """Whether `part` says something of ratings without saying in which contexts or groups."""
    match part:
        case Within(inner, scope):
            return scope.over != over and _is_bare(inner, over)
        case Not(inner):
            return _is_bare(inner, over)
        case Both(parts) | Either(parts):
            return any(_is_bare(each, over) for each in parts)
        case Comparison(left):
            return _is_bare(left, over)
        case Figure():
            return part.known.level in {Level.CELL, Level.PAIRS} and not part.of


def _as_percent(value: Fraction) -> str:
    share = value * 100 if value <= 1 else value
    return f"{float(share):g}%"


def _example(of: Figure | None) -> str:
    if of is None or of.known.unit is Unit.SHARE:
        return "70%"
    return "1"
