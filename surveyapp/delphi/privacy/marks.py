"""What may be told of the marks on one reason: how many it speaks for, of those who marked it.

A mark is an answer, and who marked a reason is a group among all who could: so at least k people marked, and
those who are left over are nobody, or enough. The author cannot mark the own reason and is among those left
over. How many could have marked is not told: it would tell whether the author still takes part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.delphi.privacy.suppression import Hidden, Part, Why, suppress
from surveyapp.statistics.counts import Counts, RatingScale

NOT_FOR_ME: Final = 0
FOR_ME: Final = 1
MARKS: Final = RatingScale((NOT_FOR_ME, FOR_ME))
"""The two marks, as a scale of two points."""


@dataclass(frozen=True, slots=True)
class Marked:
    """How one reason was marked by those whose answers count in a round."""

    for_me: int
    not_for_me: int
    readers: int
    """How many surely read it: who answered what it stands beside, the author among them."""
    is_silent_only_the_author: bool
    """Whether everybody else who submitted the round marked it, and the author did submit."""

    @property
    def n(self) -> int:
        """How many marked it."""
        return self.for_me + self.not_for_me


def tell_marks(marked: Marked, rules: PrivacyRules) -> Part:
    """What may be told, on the scale `MARKS`.

    Left over may be the author alone, or more than k people. With just k, or with nobody, readers could tell
    that the author had not submitted: of an author who did, one more is left over.
    """
    if marked.n < rules.k:
        return Hidden(Why.TOO_FEW if marked.n else Why.NO_ANSWERS)
    if not marked.is_silent_only_the_author and marked.readers - marked.n <= rules.k:
        return Hidden(Why.REMAINDER)
    return suppress(Counts(MARKS, (marked.not_for_me, marked.for_me)), {}, rules).total
