"""Invented experts who say something of one another's released reasons, through the same verbs as people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ShownReason
from surveyapp.delphi.privacy.reasons import Band, band_of
from surveyapp.delphi.protocol.model import Discussion
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.services.figures import scale_of
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.discussion import read_talk
from surveyapp.services.reading.releases import find_content_shown
from surveyapp.services.reading.seats import Seat, given_of, read_sheet
from surveyapp.services.reasons.discussing import Stance, mark_reason, reply_to_reason

# So many discuss at all; of the reasons that they read they mark so many, and answer so many.
_TALKS, _MARKS, _REPLIES = 0.6, 0.45, 0.02
_AGREES: Final = 0.85
"""So often a reason speaks for somebody on its author's side, and not for somebody on another."""
_MOST_REPLIES = 2
_REPLIES_FOR: Final = (
    "Synthetic reply: I see it in the same way.",
    "Synthetic reply: yes, and it holds in smaller settings too.",
    "Synthetic reply: agreed, as long as somebody checks it.",
)
_REPLIES_AGAINST: Final = (
    "Synthetic reply: I have seen the opposite.",
    "Synthetic reply: that depends on who pays for it.",
    "Synthetic reply: what would change your mind?",
)


@dataclass(frozen=True, slots=True)
class Saying:
    """What one invented expert says of one reason."""

    public_id: str
    stance: Stance
    is_marked: bool
    reply: str
    """'' for none."""


def discuss(session: Session, *, seat: Seat, chance: Random) -> None:
    """Mark some of the reasons that stand beside the own ratings, and reply to very few.

    Nothing where the round lets nothing be said of reasons. The same chance says the same, whatever random
    names the reasons have.
    """
    discussion = seat.plan.discussion_for(seat.variant)
    if discussion is None or chance.random() >= _TALKS:
        return
    content = find_content_shown(session, seat=seat)
    if content is None or not content.reasons:
        return
    instrument = get_instrument(session, study_id=seat.study_id, number=seat.questionnaire_number)
    sheet = read_sheet(session, seat=seat)
    answers = {cell: given_of(stored) for cell, (stored, _) in sheet.now.items()}
    talk = read_talk(
        session.connection(),
        seat=seat,
        shows_round=content.round,
        public_ids=[each.id for each in content.reasons],
    )
    others = [each for each in content.reasons if each.id not in talk.own]
    for saying in draw(others, instrument, answers, discussion, chance):
        if saying.is_marked:
            mark_reason(
                session,
                seat=seat,
                public_id=saying.public_id,
                stance=saying.stance,
                discussion=discussion,
                now=seat.now,
            )
        if saying.reply:
            reply_to_reason(
                session,
                seat=seat,
                public_id=saying.public_id,
                text=saying.reply,
                discussion=discussion,
                now=seat.now,
            )


def draw(
    reasons: list[ShownReason],
    instrument: Instrument,
    answers: Mapping[int, Given],
    discussion: Discussion,
    chance: Random,
) -> Iterator[Saying]:
    """What is said of which reason, by the own rating beside it."""
    left = _MOST_REPLIES
    sides = _own_sides(instrument, answers)
    for reason in sorted(
        reasons, key=lambda each: (each.item, each.context, each.criterion, each.text, each.band)
    ):
        side = next(
            (
                own
                for key, own in sides.get(reason.item, ())
                if reason.context in {"", key.context} and reason.criterion in {"", key.criterion}
            ),
            None,
        )
        # Drawn for every reason: what is said of one changes nothing of the others.
        agrees, marks, replies, which = (chance.random() for _ in range(4))
        if side is None:
            continue
        is_near = reason.band in {"", side}
        stance: Stance = "for_me" if is_near == (agrees < _AGREES) else "not_for_me"
        texts = _REPLIES_FOR if stance == "for_me" else _REPLIES_AGAINST
        reply = texts[int(which * len(texts))] if discussion.replies and replies < _REPLIES and left else ""
        left -= bool(reply)
        yield Saying(reason.id, stance, discussion.marks and marks < _MARKS, reply)


def _own_sides(
    instrument: Instrument, answers: Mapping[int, Given]
) -> Mapping[str, Sequence[tuple[CellKey, Band]]]:
    """Item → where each of the own ratings of it lies."""
    found: dict[str, list[tuple[CellKey, Band]]] = defaultdict(list)
    for key, number in instrument.number_of.items():
        given = answers.get(number)
        if not key.item or key.part or given is None or given.status not in {Status.VALUE, Status.KEPT}:
            continue
        scale = scale_of(instrument, number)
        if scale is not None and given.number is not None:
            found[key.item].append((key, band_of(int(given.number), scale)))
    return found
