"""The life of a round: its states, which act leads where, and when it takes answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from surveyapp.errors import Refused


class RoundState(StrEnum):
    """Where a round stands. It is stored, because closing freezes data."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    RELEASED = "released"
    CANCELLED = "cancelled"


class RoundAct(StrEnum):
    """What can be done to a round."""

    SCHEDULE = "schedule"
    OPEN = "open"
    CLOSE = "close"
    EXTEND = "extend"
    REOPEN = "reopen"
    RELEASE = "release"
    CANCEL = "cancel"


TRANSITIONS: Mapping[tuple[RoundState, RoundAct], RoundState] = MappingProxyType(
    {
        (RoundState.DRAFT, RoundAct.SCHEDULE): RoundState.SCHEDULED,
        (RoundState.DRAFT, RoundAct.OPEN): RoundState.OPEN,
        (RoundState.DRAFT, RoundAct.CANCEL): RoundState.CANCELLED,
        (RoundState.SCHEDULED, RoundAct.OPEN): RoundState.OPEN,
        (RoundState.SCHEDULED, RoundAct.CANCEL): RoundState.CANCELLED,
        (RoundState.SCHEDULED, RoundAct.SCHEDULE): RoundState.SCHEDULED,
        (RoundState.OPEN, RoundAct.EXTEND): RoundState.OPEN,
        (RoundState.OPEN, RoundAct.CLOSE): RoundState.CLOSED,
        (RoundState.OPEN, RoundAct.CANCEL): RoundState.CANCELLED,
        (RoundState.CLOSED, RoundAct.REOPEN): RoundState.OPEN,
        (RoundState.CLOSED, RoundAct.RELEASE): RoundState.RELEASED,
    }
)

# A closer that died after its mark must not lock experts out; the mark is honoured for this long.
CLOSING_MARK_HOLDS = timedelta(seconds=60)

_STATE_IN_WORDS = {
    RoundState.DRAFT: "has not been opened yet",
    RoundState.SCHEDULED: "is scheduled and has not opened yet",
    RoundState.OPEN: "is open already",
    RoundState.CLOSED: "is closed",
    RoundState.RELEASED: "is closed and its feedback is released",
    RoundState.CANCELLED: "was cancelled",
}


def next_state(state: RoundState, act: RoundAct, *, number: int) -> RoundState:
    """Where `act` leads from `state`. Raises Refused with words that an organiser can read."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        possible = sorted(other.value for (start, other) in TRANSITIONS if start is state)
        what_next = (
            f"What can be done with it now: {', '.join(possible)}."
            if possible
            else "Nothing more can be done with it."
        )
        raise Refused(
            f"Round {number} {_STATE_IN_WORDS[state]}, so you cannot {act.value} it. {what_next}"
        ) from None


class OpenTo(StrEnum):
    """Who may take part in a round, of those who are invited to the study."""

    INVITED = "invited"
    ANY_EARLIER = "any_earlier"
    PREVIOUS = "previous"


def may_take_part(open_to: str, *, earlier_rounds: Collection[int], previous: int | None) -> bool:
    """Whether somebody who submitted in `earlier_rounds` may take part in the round after `previous`."""
    if open_to == OpenTo.INVITED:
        return True
    if open_to == OpenTo.ANY_EARLIER:
        return bool(earlier_rounds)
    return previous in earlier_rounds


def takes_answers(
    state: str, *, now: datetime, closes_at: datetime | None, closing_at: datetime | None = None
) -> bool:
    """Whether a save may be tried now: the round is open, before its deadline, and nobody is closing it."""
    if state != RoundState.OPEN or (closes_at is not None and now >= closes_at):
        return False
    return closing_at is None or now - closing_at > CLOSING_MARK_HOLDS
