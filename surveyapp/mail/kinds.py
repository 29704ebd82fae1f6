"""Which letters there are, what may stand in each, and what the variables in them mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

REMINDERS = 5
"""How many different reminders a study can have."""
MOST_REMINDERS = 3
"""How many of them one panellist gets in a round, where the study says nothing else."""


class Kind(StrEnum):
    """What a letter is for; in the order of a study's life."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    THANKS = "thanks"
    PANEL_VIEW = "panel_view"
    NEW_ROUND = "new_round"
    REPLY = "reply"
    RESULTS = "results"
    WITHDRAWAL = "withdrawal"


VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "name": "name of the panellist",
        "study": "title of the study",
        "organisation": "who runs the study",
        "contact": "address that experts can write to",
        "round": "number of the round",
        "rounds": "how many rounds are planned",
        "closes": "deadline, in the time zone of the panellist",
        "link": "personal link; on a line of its own it becomes a button",
        "letters_link": "page on which the panellist switches letters off",
    }
)
"""What can stand in braces in a letter's text."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all letters of one kind."""

    variables: frozenset[str]
    """What may stand in its text."""
    needs_link: bool
    """Whether it makes no sense without the personal link."""
    event: str
    """What sends it by itself where the study says so; '' where only a person or a rule does."""
    is_automatic: bool
    """Whether it goes by itself where the study says nothing else."""
    texts: int = 1
    """How many different texts there are of it."""


_ALL = frozenset(VARIABLES)
_LATER = _ALL - {"closes"}

RULES: Mapping[Kind, Rules] = MappingProxyType(
    {
        Kind.INVITATION: Rules(_ALL, True, "round.open", False),
        Kind.REMINDER: Rules(_ALL, True, "", False, texts=REMINDERS),
        Kind.THANKS: Rules(_ALL, False, "submission", False),
        Kind.PANEL_VIEW: Rules(_LATER, True, "round.release", False),
        Kind.NEW_ROUND: Rules(_ALL, True, "round.open", False),
        Kind.REPLY: Rules(_ALL, True, "reply", True),
        Kind.RESULTS: Rules(_LATER, True, "", False),
        # Whoever has left has no use for a link any more, nor for a page that switches letters off.
        Kind.WITHDRAWAL: Rules(_ALL - {"closes", "link", "letters_link"}, False, "withdrawal", True),
    }
)
