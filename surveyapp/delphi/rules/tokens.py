"""A rule's text in pieces, each with the column it stands at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from surveyapp.errors import Sentence
from surveyapp.questionnaire.expressions import ExpressionError

Sort = Literal["number", "name", "sign", "end"]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>-?\d{1,9}(?:\.\d{1,9})?(?![\w.]))"
    r"|(?P<name>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*(?!\w))|(?P<sign>>=|<=|[<>=()%,;:/]))"
)
_INSTEAD: Final = {
    "≥": Sentence("write >="),
    "≤": Sentence("write <="),
    "&": Sentence("write and"),
    "|": Sentence("write or"),
    "!": Sentence("write not"),
    "[": Sentence("use round brackets"),
    "'": Sentence("names stand without quotes"),
    '"': Sentence("names stand without quotes"),
    "+": Sentence("there is no arithmetic in rules"),
    "*": Sentence("there is no arithmetic in rules"),
    "-": Sentence("there is no arithmetic in rules"),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece; the last of every text is an empty one of sort ``end``."""

    sort: Sort
    text: str
    column: int


def tokens(text: str) -> Iterator[Token]:
    """The pieces of `text`; raises ExpressionError where something cannot stand in a rule."""
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(text, position)
        for sort in ("number", "name", "sign"):
            piece = match.group(sort)
            if piece is not None:
                yield Token(sort, piece, match.end() - len(piece) + 1)
        position = match.end()
    yield Token("end", "", len(text) + 1)


def _refusal(text: str, position: int) -> ExpressionError:
    rest = text[position:].lstrip()
    column = len(text) - len(rest) + 1
    word = re.match(r"[\w.\-]+", rest)
    if word is not None and rest[0] not in _INSTEAD:
        what = Sentence(
            "“{word}” is neither a name nor a number; names are in lower-case letters", word=word.group()[:40]
        )
        return ExpressionError(column, what)
    instead = _INSTEAD.get(
        rest[0], Sentence("only measures, numbers, comparisons, and, or, not and brackets stand here")
    )
    return ExpressionError(
        column, Sentence("“{sign}” is not understood; {instead}", sign=rest[0], instead=instead)
    )
