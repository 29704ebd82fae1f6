"""Keeping an earlier answer: from the second round on, one deliberate act per rating.

Nothing is carried forward silently. A form sends KEEP, the parser turns it into KEEP_EARLIER, and the verb
that saves puts in the earlier answer's value: so the same rating cannot be kept as two different ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from surveyapp.errors import AnswerError, Problem, Sentence
from surveyapp.questionnaire.cells import Given, Status

KEEP: Final = "=keep"
"""What a form sends for “keep my answer”; no id of an option can look like it."""
KEEP_EARLIER: Final = Given(Status.KEPT)
"""To be kept; the value is that of the earlier answer."""


def may_keep(earlier: Given | None) -> bool:
    """Whether an earlier answer can be kept: a rating can; “don't know” is simply chosen again."""
    return (
        earlier is not None and earlier.status in {Status.VALUE, Status.KEPT} and earlier.number is not None
    )


def keep(earlier: Given | None, label: str) -> Given:
    """The earlier rating, marked as kept. Raises AnswerError, naming `label`, when there is none."""
    if earlier is None or not may_keep(earlier):
        what = Sentence("there is no earlier rating of yours to keep here; choose a point or leave it blank")
        raise AnswerError([Problem(label, what)])
    return replace(earlier, status=Status.KEPT)
