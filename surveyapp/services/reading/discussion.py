"""What one expert sees and has said of others' reasons: own marks, replies, and which reasons are the own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, literal, or_, select, union_all

from surveyapp.models import Reaction, Reason, Reply, Round
from surveyapp.services.driver_statements import DriverStatement, among_texts
from surveyapp.services.reading.seats import SeatKey
from surveyapp.services.reasons.discussing import ReplyInView, Stance

_STANCES: Mapping[str, Stance] = {"for_me": "for_me", "not_for_me": "not_for_me"}


@dataclass(frozen=True, slots=True)
class Talk:
    """What one expert sees and has said of some reasons."""

    own: frozenset[str]
    """Those that the expert wrote."""
    marks: Mapping[str, Stance]
    """Reason → the expert's own mark in this round."""
    replies: Mapping[str, tuple[ReplyInView, ...]]
    """Reason → the replies that others may read, and the expert's own."""

    def without_own(self) -> Talk:
        """What anybody else would see of it."""
        replies = {
            public_id: tuple(
                replace(each, is_own=False, because="") for each in mine if each.state == "shown"
            )
            for public_id, mine in self.replies.items()
        }
        return Talk(frozenset(), {}, {public_id: mine for public_id, mine in replies.items() if mine})


_nothing = literal("")
# Rounds that show the same reasons share their replies; named by the key's beginning, each is found at once.
_ROUNDS = select(Round.number).where(
    Round.study_id == bindparam("study_id"), Round.shows_round == bindparam("shows_round")
)
_TALK = DriverStatement(
    union_all(
        select(
            literal("own"),
            Reason.public_id,
            _nothing.label("name"),
            _nothing.label("text"),
            _nothing.label("state"),
            Reason.panellist_id,
            _nothing.label("because"),
        ).where(
            Reason.study_id == bindparam("study_id"),
            Reason.round == bindparam("shows_round"),
            Reason.panellist_id == bindparam("panellist_id"),
        ),
        select(
            literal("mark"),
            Reaction.public_id,
            _nothing,
            _nothing,
            Reaction.stance,
            Reaction.panellist_id,
            _nothing,
        ).where(
            Reaction.study_id == bindparam("study_id"),
            Reaction.round == bindparam("round"),
            Reaction.panellist_id == bindparam("panellist_id"),
        ),
        select(
            literal("reply"),
            Reply.public_id,
            Reply.reply_id,
            Reply.text,
            Reply.state,
            Reply.panellist_id,
            Reply.because,
        ).where(
            Reply.study_id == bindparam("study_id"),
            Reply.round.in_(_ROUNDS),
            among_texts(Reply.public_id, "public_ids"),
            or_(Reply.state == literal("shown"), Reply.panellist_id == bindparam("panellist_id")),
        ),
    )
)


def read_talk(
    connection: Connection, *, seat: SeatKey, shows_round: int, public_ids: Collection[str]
) -> Talk:
    """Marks and replies of these reasons, which round `shows_round` gave. One query, however many they are.

    Replies come in the order of their random names, which tells nothing about time.
    """
    key = {
        "study_id": seat.study_id,
        "round": seat.round,
        "shows_round": shows_round,
        "panellist_id": seat.panellist_id,
        "public_ids": public_ids,
    }
    own: set[str] = set()
    marks: dict[str, Stance] = {}
    replies: dict[str, list[ReplyInView]] = defaultdict(list)
    for sort, public_id, name, text, state, panellist_id, because in _TALK.rows(connection, key):
        if sort == "own":
            own.add(public_id)
        elif sort == "mark":
            marks[public_id] = _STANCES[state]
        else:
            is_own = panellist_id == seat.panellist_id
            reply = ReplyInView(
                name, public_id, text, state, is_own=is_own, because=because if is_own else ""
            )
            replies[public_id].append(reply)
    return Talk(
        frozenset(own),
        marks,
        {
            public_id: tuple(sorted(found, key=lambda each: each.reply_id))
            for public_id, found in replies.items()
        },
    )
