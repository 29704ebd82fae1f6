"""A rule's text in pieces, each with the column it stands at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from surveyapp.questionnaire.expressions import ExpressionError

Sort = Literal["number", "name", "sign", "end"]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>-?\d{1,9}(?:\.\d{1,9})?(?![\w.]))"
    r"|(?P<name>[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*(?!\w))|(?P<sign>>=|<=|[<>=()%,;:/]))"
)
_INSTEAD: Final = {
    "≥": "write >=",
    "≤": "write <=",
    "&": "write and",
    "|": "write or",
    "!": "write not",
    "[": "use round brackets",
    "'": "names stand without quotes",
    '"': "names stand without quotes",
    "+": "there is no arithmetic in rules",
    "*": "there is no arithmetic in rules",
    "-": "there is no arithmetic in rules",
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
        what = f"“{word.group()[:40]}” is neither a name nor a number; names are in lower-case letters"
        return ExpressionError(column, what)
    instead = _INSTEAD.get(
        rest[0], "only measures, numbers, comparisons, and, or, not and brackets stand here"
    )
    return ExpressionError(column, f"“{rest[0]}” is not understood; {instead}")
