"""Who gets a letter: asked when it is put into the outbox, and again in the moment it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.models import (
    Identity,
    Invitation,
    LetterWish,
    OutboxMessage,
    Panellist,
    Participation,
    Round,
    Study,
)
from surveyapp.tally.attending import could_come

NO_ROUND = -1
"""What stands for the round in letters that are about none."""
Audience: TypeAlias = Literal["not_submitted", "not_started", "in_progress"]
AUDIENCES: tuple[Audience, ...] = ("not_submitted", "not_started", "in_progress")

_AHEAD = (RoundState.DRAFT, RoundState.SCHEDULED, RoundState.OPEN)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What letters are about: which kind, in which round, the how-manieth."""

    study_id: int
    round: int
    kind: Kind
    number: int = 1


@dataclass(frozen=True, slots=True)
class Addressee:
    """Everything that goes into one person's letter."""

    slug: str
    title: str
    organisation: str
    contact_email: str
    time_zone: str
    is_synthetic: bool
    planned_rounds: int
    panellist_id: int
    language: str
    name: str
    email: str
    closes_at: datetime | None
    link_number: int | None
    """Which of the personal links is valid; None where all were revoked."""


def select_panellists(
    occasion: Occasion, *, now: datetime, audience: Audience = "not_submitted"
) -> Select[int]:
    """The ids of everybody who should get this letter, whether or not there is one already."""
    wishes = ["none", "no_reminders"] if occasion.kind is Kind.REMINDER else ["none"]
    return (
        select(Panellist.id)
        .join(Study, Study.id == Panellist.study_id)
        .join(
            Identity,
            and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
        )
        .where(
            Panellist.study_id == occasion.study_id,
            Study.archived_at.is_(None),
            not_(
                exists().where(
                    LetterWish.study_id == Panellist.study_id,
                    LetterWish.panellist_id == Panellist.id,
                    LetterWish.wish.in_(wishes),
                )
            ),
            *_conditions(occasion, now=now, audience=audience),
        )
    )


def _conditions(occasion: Occasion, *, now: datetime, audience: Audience) -> list[ColumnElement[bool]]:
    kind, number = occasion.kind, occasion.round
    if kind is Kind.WITHDRAWAL:
        return [Panellist.state == "withdrawn"]
    found: list[ColumnElement[bool]] = [Panellist.state == "invited"]
    if kind is Kind.INVITATION and number == NO_ROUND:
        return [*found, not_(_has_joined())]
    if kind is Kind.INVITATION:
        # Sent once more by hand it goes to whoever has started, too: a link that was lost is missed there.
        done = _has_submitted(number) if occasion.number > 1 else _has_joined(number)
        return [*found, _round_is_for(number, states=_AHEAD, now=now), not_(done)]
    if kind in {Kind.NEW_ROUND, Kind.REMINDER}:
        found += [_round_is_for(number, states=(RoundState.OPEN,), now=now), not_(_has_submitted(number))]
        if audience == "not_started":
            found.append(not_(_has_joined(number)))
        elif audience == "in_progress":
            found.append(_has_joined(number))
        return found
    if kind is Kind.REPLY:
        return [*found, _round_is_for(number, states=(RoundState.OPEN,), now=now)]
    if kind is Kind.THANKS:
        return [*found, _has_submitted(number)]
    if kind is Kind.PANEL_VIEW:
        return [*found, _has_submitted(number), _round_in(number, (RoundState.RELEASED,))]
    assert kind is Kind.RESULTS
    return [
        *found,
        _has_submitted(),
        _round_in(number, (RoundState.CLOSED, RoundState.RELEASED)),
        not_(exists().where(Round.study_id == Panellist.study_id, Round.state == RoundState.OPEN)),
    ]


def _round_in(number: int, states: tuple[RoundState, ...]) -> ColumnElement[bool]:
    return exists().where(
        Round.study_id == Panellist.study_id, Round.number == number, Round.state.in_(states)
    )


def _round_is_for(number: int, *, states: tuple[RoundState, ...], now: datetime) -> ColumnElement[bool]:
    """Whether the round can still be answered, and is for this panellist."""
    return exists().where(
        Round.study_id == Panellist.study_id,
        Round.number == number,
        Round.state.in_(states),
        or_(Round.closes_at.is_(None), Round.closes_at > now),
        could_come(),
    )


def _has_joined(number: int | None = None) -> ColumnElement[bool]:
    mine = aliased(Participation)
    in_round = () if number is None else (mine.round == number,)
    return exists().where(mine.study_id == Panellist.study_id, mine.panellist_id == Panellist.id, *in_round)


def _has_submitted(number: int | None = None) -> ColumnElement[bool]:
    mine = aliased(Participation)
    in_round = () if number is None else (mine.round == number,)
    return exists().where(
        mine.study_id == Panellist.study_id,
        mine.panellist_id == Panellist.id,
        mine.submission > 0,
        mine.withdrawn_at.is_(None),
        *in_round,
    )


def find_waiting(
    session: Session,
    *,
    occasion: Occasion,
    now: datetime,
    audience: Audience = "not_submitted",
    only: int | None = None,
) -> list[int]:
    """The ids of those who should get this letter and have none yet, in the order of their ids.

    With `only` nobody but this panellist is looked at.
    """
    statement = select_waiting(occasion, now=now, audience=audience).order_by(Panellist.id)
    if only is not None:
        statement = statement.where(Panellist.id == only)
    return list(session.scalars(statement))


def select_waiting(occasion: Occasion, *, now: datetime, audience: Audience = "not_submitted") -> Select[int]:
    """Those who should get this letter and have none yet."""
    return select_panellists(occasion, now=now, audience=audience).where(
        not_(
            exists().where(
                OutboxMessage.study_id == Panellist.study_id,
                OutboxMessage.panellist_id == Panellist.id,
                OutboxMessage.round == occasion.round,
                OutboxMessage.kind == occasion.kind,
                OutboxMessage.number == occasion.number,
            )
        )
    )


def find_addressee(
    session: Session, *, occasion: Occasion, panellist_id: int, now: datetime | None
) -> Addressee | None:
    """What goes into this panellist's letter; None when the letter should not go to them any more.

    Without `now` nobody asks whether it should: for looking at a letter beforehand.
    """
    newest = (
        select(func.max(Invitation.number))
        .where(
            Invitation.study_id == Panellist.study_id,
            Invitation.panellist_id == Panellist.id,
            Invitation.revoked_at.is_(None),
        )
        .correlate(Panellist)
        .scalar_subquery()
    )
    closes_at = (
        select(Round.closes_at)
        .where(Round.study_id == Panellist.study_id, Round.number == occasion.round)
        .correlate(Panellist)
        .scalar_subquery()
    )
    if now is None:
        statement: Select[Any] = (
            select(Panellist.id)
            .join(Study, Study.id == Panellist.study_id)
            .join(
                Identity,
                and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
            )
            .where(Panellist.study_id == occasion.study_id)
        )
    else:
        statement = select_panellists(occasion, now=now)
    row = session.execute(
        statement.where(Panellist.id == panellist_id).with_only_columns(
            Study.slug,
            Study.title,
            Study.organisation,
            Study.contact_email,
            case((Panellist.time_zone == "", Study.time_zone), else_=Panellist.time_zone).label("time_zone"),
            Study.is_synthetic,
            Study.planned_rounds,
            Panellist.id,
            Panellist.language,
            Identity.name,
            Identity.email,
            closes_at.label("closes_at"),
            newest.label("link_number"),
        )
    ).one_or_none()
    return None if row is None else Addressee(*row)


def say_why_not(session: Session, *, occasion: Occasion, panellist_id: int) -> str:
    """Why a letter that was waiting is not needed any more, for the organiser."""
    key = (occasion.study_id, panellist_id)
    seat = session.get(Panellist, key)
    wish = session.get(LetterWish, key)
    mine = session.get(Participation, (occasion.study_id, occasion.round, panellist_id))
    if seat is None or session.get(Identity, key) is None:
        return Sentence("nobody can be written to on this seat")
    if seat.state != "invited" and occasion.kind is not Kind.WITHDRAWAL:
        words = {
            "declined": Sentence("does not want to take part"),
            "not_me": Sentence("was the wrong person"),
        }
        return words.get(seat.state, Sentence("has withdrawn"))
    if wish is not None and (wish.wish == "none" or occasion.kind is Kind.REMINDER):
        return Sentence("has switched these letters off")
    if mine is not None and mine.submission > 0 and occasion.kind in {Kind.REMINDER, Kind.NEW_ROUND}:
        return Sentence("has submitted meanwhile")
    if mine is not None and occasion.kind is Kind.INVITATION:
        return Sentence("has started meanwhile")
    return Sentence("the round is not in the state any more that the letter is about")
