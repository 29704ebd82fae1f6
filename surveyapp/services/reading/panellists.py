"""One panellist: who or which seat it is, how far in each round, and what happened when.

With a name for those who may see names, with the pseudonym for the others, and never with both. What was
answered is nowhere here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, cast
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.models import (
    Identity,
    Invitation,
    LetterWish,
    OutboxMessage,
    Panellist,
    Participation,
    Round,
    SaveReceipt,
    Study,
)
from surveyapp.services.addresses import fold_address
from surveyapp.services.instruments import get_instrument
from surveyapp.tally.attending import could_come

What = Literal[
    "added", "link", "letter", "started", "saved", "submitted", "declined", "not_me", "withdrawn", "wish"
]
Standing = Literal["not_for", "not_started", "in_progress", "submitted"]
# Letters that follow at once from what somebody did: they tell the minute of it.
_FOLLOWING = frozenset({Kind.THANKS, Kind.REPLY})


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a panellist, or that a panellist did."""

    what: What
    at: datetime
    is_day: bool = False
    """Whether only the day is told: what somebody did must not be found again by its minute."""
    round: int | None = None
    kind: str = ""
    """Which letter; or which letters are wished no more."""
    number: int = 1
    state: str = ""
    """What became of a letter."""
    words: str = ""
    """What the mail server said of it."""
    by: str = ""
    """Who asked for the letter, where a person did."""


@dataclass(frozen=True, slots=True)
class InRound:
    """How far a panellist is in one round."""

    round: int
    state: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Person:
    """One panellist. `name` and `email` are '' for whoever works with pseudonyms, and the other way round."""

    seat: str
    """What pages and records call the seat: its pseudonym, or a number that tells no pseudonym."""
    pseudonym: str
    name: str
    email: str
    group: str
    group_title: str
    groups: Mapping[str, str]
    tags: tuple[str, ...]
    language: str
    languages: tuple[str, ...]
    time_zone: str
    state: str
    state_at: datetime
    is_erased: bool
    """Whether nothing tells any more who it was."""
    has_answered: bool
    """Whether anything was saved, so that the group is fixed."""
    links: int
    """How many personal links were made so far; 0 where all of them are gone."""
    rounds: tuple[InRound, ...]
    timeline: tuple[Happening, ...]


def seat_of(panellist_id: int) -> str:
    """What stands for a seat where names are seen: no pseudonym can be told from it."""
    return f"{panellist_id:x}"


def find_by_seat(session: Session, *, study: Study, seat: str, with_names: bool) -> int:
    """The panellist behind what an address of a page names. Raises NotFound.

    Whoever sees names asks by the seat's number and nobody else does: a pseudonym must lead to no name.
    """
    wanted = Panellist.pseudonym == seat
    if with_names:
        if not seat.isascii() or not seat.isalnum() or len(seat) > len(seat_of(1 << 62)):
            raise _nobody(seat)
        try:
            wanted = Panellist.id == int(seat, 16)
        except ValueError:
            raise _nobody(seat) from None
    found = session.scalar(select(Panellist.id).where(Panellist.study_id == study.id, wanted))
    if found is None:
        raise _nobody(seat)
    return found


def find_by_word(session: Session, *, study: Study, who: str) -> tuple[int, bool]:
    """The panellist that an address or a pseudonym names, and whether it was the address. Raises NotFound."""
    word = who.strip()
    by_name = "@" in word
    wanted = Identity.email_key == fold_address(word) if by_name else Panellist.pseudonym == word.upper()
    found = session.scalar(
        select(Panellist.id)
        .outerjoin(
            Identity,
            and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
        )
        .where(Panellist.study_id == study.id, wanted)
    )
    if found is None:
        raise _nobody(word)
    return found, by_name


def _nobody(who: str) -> NotFound:
    return NotFound(Sentence("Nobody on this panel is called '{who}'.", who=who[:100]))


def get_person(session: Session, *, study: Study, panellist_id: int, with_names: bool) -> Person:
    """One panellist, by name or by pseudonym."""
    mine = and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id)
    row = session.execute(
        select(Panellist, Identity)
        .outerjoin(Identity, mine)
        .where(Panellist.study_id == study.id, Panellist.id == panellist_id)
    ).one()
    seat, identity = row[0], cast("Identity | None", row[1])
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    groups = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    parts = session.scalars(
        select(Participation)
        .where(Participation.study_id == study.id, Participation.panellist_id == panellist_id)
        .order_by(Participation.round)
    ).all()
    links = session.scalars(
        select(Invitation)
        .where(Invitation.study_id == study.id, Invitation.panellist_id == panellist_id)
        .order_by(Invitation.number)
    ).all()
    # Where organisers are blind, whoever sees the name learns that somebody submitted, and not when.
    tells_times = not (with_names and study.anonymity == "blind")
    happened = [
        Happening("added", seat.created_at),
        # The first one came with the seat.
        *(Happening("link", each.created_at, number=each.number) for each in links if each.number > 1),
        *_letters(session, seat, tells_minutes=not with_names),
        *(_answering(session, seat, parts, is_day=with_names) if tells_times else ()),
        *_parting(session, seat),
    ]
    return Person(
        seat=seat_of(panellist_id) if with_names else seat.pseudonym,
        pseudonym="" if with_names else seat.pseudonym,
        name=identity.name if identity is not None and with_names else "",
        email=identity.email if identity is not None and with_names else "",
        group=seat.group,
        group_title=groups.get(seat.group, seat.group),
        groups=groups,
        tags=tuple(json.loads(seat.tags)),
        language=seat.language,
        languages=tuple(questionnaire.languages),
        time_zone=seat.time_zone,
        state=seat.state,
        state_at=seat.state_at,
        is_erased=identity is None,
        has_answered=any(each.revision > 0 for each in parts),
        links=max((each.number for each in links if each.revoked_at is None), default=0),
        rounds=tuple(_rounds(session, seat, parts)),
        timeline=tuple(_in_order(happened, ZoneInfo(study.time_zone))),
    )


def _in_order(happened: list[Happening], zone: ZoneInfo) -> Iterator[Happening]:
    for each in sorted(happened, key=lambda one: one.at):
        if each.is_day:
            # The minute goes no further than this.
            day = each.at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
            yield replace(each, at=day)
        else:
            yield each


def _letters(session: Session, seat: Panellist, *, tells_minutes: bool) -> Iterator[Happening]:
    rows = session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.study_id == seat.study_id, OutboxMessage.panellist_id == seat.id
        )
    )
    for row in rows:
        waits = row.state in {"queued", "sending"}
        yield Happening(
            "letter",
            row.due_at if waits else row.sent_at or row.state_at,
            is_day=not tells_minutes and row.kind in _FOLLOWING,
            round=None if row.round < 0 else row.round,
            kind=row.kind,
            number=row.number,
            state=row.state,
            words=row.answer,
            by="" if row.queued_by == "system" else row.queued_by,
        )


def _answering(
    session: Session, seat: Panellist, parts: Sequence[Participation], *, is_day: bool
) -> Iterator[Happening]:
    """What was done in each round. When the last save was is known for a month."""
    saved = session.execute(
        select(SaveReceipt.round, func.max(SaveReceipt.created_at))
        .where(SaveReceipt.study_id == seat.study_id, SaveReceipt.panellist_id == seat.id)
        .group_by(SaveReceipt.round)
    )
    last: dict[int, datetime] = dict(saved.all())
    for each in parts:
        yield Happening("started", each.started_at, is_day=is_day, round=each.round)
        if each.submitted_at is not None:
            yield Happening("submitted", each.submitted_at, is_day=is_day, round=each.round)
        at = last.get(each.round)
        if at is not None and (each.submitted_at is None or at > each.submitted_at):
            yield Happening("saved", at, is_day=is_day, round=each.round)


def _parting(session: Session, seat: Panellist) -> Iterator[Happening]:
    if seat.state == "declined":
        yield Happening("declined", seat.state_at)
    elif seat.state == "not_me":
        yield Happening("not_me", seat.state_at)
    elif seat.state == "withdrawn":
        yield Happening("withdrawn", seat.state_at)
    wish = session.get(LetterWish, (seat.study_id, seat.id))
    if wish is not None:
        yield Happening("wish", wish.wished_at, kind=wish.wish)


def _rounds(session: Session, seat: Panellist, parts: Sequence[Participation]) -> Iterator[InRound]:
    mine = {each.round: each for each in parts}
    rows = session.execute(
        select(Round.number, Round.state, could_come().label("is_for"))
        .join(Panellist, Panellist.study_id == Round.study_id)
        .where(
            Round.study_id == seat.study_id,
            Panellist.id == seat.id,
            Round.state.in_(("open", "closed", "released")),
        )
        .order_by(Round.number)
    )
    for number, state, is_for in rows:
        part = mine.get(number)
        standing: Standing = "not_started" if is_for else "not_for"
        if part is not None:
            standing = "submitted" if part.submission > 0 else "in_progress"
        yield InRound(number, state, standing)
