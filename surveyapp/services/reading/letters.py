"""What the outbox holds: one line for each letter, and how many are in which state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from surveyapp.models import Identity, OutboxMessage, Panellist
from surveyapp.services.letters.outbox import NUMBERED, MessageKey
from surveyapp.services.reading.panellists import seat_of

STATES = ("queued", "sending", "sent", "refused", "unknown", "bounced", "cancelled", "dropped")


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One letter in the outbox."""

    key: MessageKey
    state: str
    state_at: datetime
    due_at: datetime
    attempts: int
    answer: str
    queued_by: str
    name: str
    """Who it goes to; '' for whoever may not see names."""
    email: str


@dataclass(frozen=True, slots=True)
class Outbox:
    """One page of the outbox."""

    lines: tuple[OutboxLine, ...]
    count: int
    by_state: Mapping[str, int]


def read_outbox(
    session: Session,
    *,
    study_id: int,
    state: str = "",
    kind: str = "",
    page: int = 1,
    most: int = 50,
    shows_names: bool,
) -> Outbox:
    """The letters of a study in this state and of this kind, those that changed last first."""
    chosen = [OutboxMessage.study_id == study_id]
    if kind:
        chosen.append(OutboxMessage.kind == kind)
    by_state = count_by_state(session, study_id=study_id, kind=kind)
    if state:
        chosen.append(OutboxMessage.state == state)
    rows = session.execute(
        select(OutboxMessage, Panellist.pseudonym, Identity.name, Identity.email)
        .join(
            Panellist,
            and_(Panellist.study_id == OutboxMessage.study_id, Panellist.id == OutboxMessage.panellist_id),
        )
        .outerjoin(
            Identity,
            and_(
                Identity.study_id == OutboxMessage.study_id,
                Identity.panellist_id == OutboxMessage.panellist_id,
            ),
        )
        .where(*chosen)
        # Names in the order of pseudonyms, which stand in other lists, would tell who is who.
        .order_by(
            OutboxMessage.state_at.desc(),
            Identity.email_key if shows_names else Panellist.pseudonym,
            OutboxMessage.kind,
        )
        .limit(most)
        .offset((page - 1) * most)
    ).all()
    lines = tuple(
        OutboxLine(
            MessageKey(
                # A pseudonym beside a name would join the two, in a form that nobody reads as well.
                f"{NUMBERED}{seat_of(row.panellist_id)}" if shows_names else pseudonym,
                row.round,
                row.kind,
                row.number,
            ),
            row.state,
            row.state_at,
            row.due_at,
            row.attempts,
            row.answer,
            row.queued_by,
            (name or "") if shows_names else "",
            (email or "") if shows_names else "",
        )
        for row, pseudonym, name, email in rows
    )
    count = by_state.get(state, 0) if state else sum(by_state.values())
    return Outbox(lines, count, by_state)


def count_by_state(session: Session, *, study_id: int, kind: str = "") -> Mapping[str, int]:
    """State → how many letters of the study, or of one kind of them, are in it."""
    statement = select(OutboxMessage.state, func.count().label("number")).where(
        OutboxMessage.study_id == study_id
    )
    if kind:
        statement = statement.where(OutboxMessage.kind == kind)
    return {row.state: row.number for row in session.execute(statement.group_by(OutboxMessage.state))}


def list_seats(session: Session, *, study_id: int, ids: list[int], most: int) -> tuple[str, ...]:
    """The pseudonyms of the first of these panellists."""
    found = session.scalars(
        select(Panellist.pseudonym)
        .where(Panellist.study_id == study_id, Panellist.id.in_(ids[:most]))
        .order_by(Panellist.pseudonym)
    )
    return tuple(found)


def find_first_seat(session: Session, *, study_id: int) -> str:
    """Somebody on the panel who can be written to; '' when nobody can."""
    return (
        session.scalar(
            select(func.min(Panellist.pseudonym))
            .join(
                Identity,
                and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
            )
            .where(Panellist.study_id == study_id)
        )
        or ""
    )
