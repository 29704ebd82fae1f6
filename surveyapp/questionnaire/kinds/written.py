"""Written answers: taken exactly as written, or refused politely.

Any script, right-to-left marks and emoji stay as they are. Only line ends are made one (forms send
CR LF), so that the same text typed twice is the same text, and what cannot be stored everywhere is
refused: NUL, and halves of character pairs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from surveyapp.errors import Sentence
from surveyapp.questionnaire.cells import BLANK, CellKey, CellSpec, Given, Status
from surveyapp.questionnaire.kinds.contract import Chance, refuse, single

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
NO_LABELS: Final[Mapping[str, str]] = {}
OTHER = "other"
REASON = "reason"
OTHER_MAX_LENGTH = 500


def read_text(values: Sequence[str], label: str, max_length: int, *, one_line: bool = False) -> Given:
    """The text of a cell; white space alone is a blank. Raises AnswerError, naming `label`."""
    text = single(values, label)
    if not text or text.isspace():
        return BLANK
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _NOT_STORABLE.search(text):
        what = Sentence(
            "this text holds a character that cannot be stored (NUL or half a character); remove it"
        )
        refuse(label, what)
    if one_line and "\n" in text:
        refuse(label, Sentence("this answer takes one line; remove the line breaks"))
    if len(text) > max_length:
        what = Sentence(
            "this text has {length} characters; up to {most} can be stored",
            length=f"{len(text):,}",
            most=f"{max_length:,}",
        )
        refuse(label, what)
    return Given(Status.VALUE, text=text)


def text_cell(key: CellKey, kind: str, page: str, *, required: bool = False) -> CellSpec:
    """A cell that holds a text."""
    return CellSpec(key, kind, "text", required, page, NO_LABELS)


_SYNTHETIC = (
    "Synthetic text: it depends on how well it is enforced.",
    "Synthetic text: promising, but the evidence so far is thin.",
    "Synthetic text: easy to get round without a check from outside.",
    "Synthetic text: this works best together with other measures.",
    "Synthetic text: costly for small organisations.",
    "Synthetic text: I have seen something similar work elsewhere.",
)


def synthetic_text(rng: Chance, share: float) -> list[str]:
    """A sentence that says of itself that it is synthetic, in about `share` of the cells."""
    return [rng.choice(_SYNTHETIC)] if rng.random() < share else []
