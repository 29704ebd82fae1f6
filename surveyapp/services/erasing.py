"""Erasing a person from a study: name, address, link and letters go, and what leads back to them.

Two ways, which the person chooses: the answers stay under the pseudonym, linked to nobody, or they go too.
Figures that are released stay, for nothing of a person can be told from them. What is left is a line that
says that it was done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.models import (
    AuditEntry,
    Erasure,
    Identity,
    Invitation,
    LetterWish,
    OutboxMessage,
    Panellist,
    Round,
    SaveReceipt,
    SeatRequest,
    Study,
    WebSession,
)
from surveyapp.services.audit import record
from surveyapp.services.leaving import has_answers, leave_study, problems_of_fate, remove_answers
from surveyapp.services.panellists import check_reason, hold_panellist, names_somebody
from surveyapp.services.reading.panellists import seat_of

ERASED = "(erased)"
"""What stands in the record where a reason named the person."""


@dataclass(frozen=True, slots=True)
class Erased:
    """Who is erased: known this once, so that letters in files can go too."""

    email: str


def erase_panellist(
    session: Session,
    *,
    study: Study,
    panellist_id: int,
    answers: str,
    typed: str | None,
    reason: str,
    now: datetime,
    actor: str,
) -> Erased:
    """Erase a panellist for good; `typed` is the address, which somebody typed to mean it.

    Raises InputError with every problem, Refused for somebody who is erased already.
    """
    seat = hold_panellist(session, study=study, panellist_id=panellist_id)
    identity = session.get(Identity, (study.id, panellist_id))
    if identity is None:
        raise Refused(Sentence("This panellist is erased already."))
    problems = problems_of_fate(answers)
    # Never compared with the pseudonym: that would tell whose it is.
    if typed is not None and typed.strip().casefold() != identity.email.casefold():
        what = Sentence("Type the address of the person to be erased; this is another one.")
        problems.append(Problem("typed", what))
    try:
        reason = check_reason(session, study=study, panellist_id=panellist_id, reason=reason, is_needed=True)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return forget_panellist(session, seat=seat, answers=answers, reason=reason, now=now, actor=actor)


def forget_panellist(
    session: Session,
    *,
    seat: Panellist,
    answers: str,
    reason: str,
    now: datetime,
    actor: str,
    leaves: bool = True,
) -> Erased:
    """Do it, without asking anything; doing it again changes nothing. Without `leaves` only the name goes."""
    identity = session.get(Identity, (seat.study_id, seat.id))
    keeps = answers == "keep"
    if seat.state == "invited" and leaves:
        leave_study(
            session,
            study_id=seat.study_id,
            panellist_id=seat.id,
            keep_answers=keeps,
            now=now,
            actor=actor,
            sends_letter=False,
        )
        session.refresh(seat)
    elif not keeps and has_answers(session, study_id=seat.study_id, panellist_id=seat.id):
        remove_answers(session, study_id=seat.study_id, panellist_id=seat.id, now=now, actor=actor)
    if not keeps:
        _forget_tags(session, seat)
    email = identity.email if identity is not None else ""
    if identity is not None:
        _scrub_record(session, study_id=seat.study_id, name=identity.name, email=identity.email)
        session.execute(
            delete(SeatRequest).where(
                SeatRequest.study_id == seat.study_id, SeatRequest.email_key == identity.email_key
            )
        )
        session.delete(identity)
    _forget_ways_in(session, seat)
    _leave_a_line(session, seat, answers="kept" if keeps else "removed", now=now, actor=actor)
    detail = {"seat": seat_of(seat.id), "answers": "kept" if keeps else "removed"}
    record(
        session,
        study_id=seat.study_id,
        now=now,
        actor=actor,
        act="panellist.erase",
        detail=detail,
        reason=reason,
    )
    session.flush()
    return Erased(email)


def _forget_ways_in(session: Session, seat: Panellist) -> None:
    for table in (Invitation, LetterWish, WebSession, SaveReceipt):
        session.execute(delete(table).where(table.study_id == seat.study_id, table.panellist_id == seat.id))
    letters = (OutboxMessage.study_id == seat.study_id, OutboxMessage.panellist_id == seat.id)
    session.execute(delete(OutboxMessage).where(*letters, OutboxMessage.state.in_(("queued", "sending"))))
    # That letters went is part of how the study went; what mail servers said of an address is not.
    session.execute(update(OutboxMessage).where(*letters).values(answer=""))


def _forget_tags(session: Session, seat: Panellist) -> None:
    """Tags can describe a person. Those that a round was held for stay: it is counted by them."""
    cohorts = set(session.scalars(select(Round.cohort).where(Round.study_id == seat.study_id)))
    seat.tags = json.dumps([tag for tag in json.loads(seat.tags) if tag in cohorts], ensure_ascii=False)
    seat.time_zone = ""


def _scrub_record(session: Session, *, study_id: int, name: str, email: str) -> None:
    """Reasons in the record that name the person name nobody any more; the acts stay."""
    for entry in session.scalars(
        select(AuditEntry).where(AuditEntry.study_id == study_id, AuditEntry.reason != "")
    ):
        if names_somebody(entry.reason, name=name, email=email):
            entry.reason = ERASED
    session.flush()


def _leave_a_line(session: Session, seat: Panellist, *, answers: str, now: datetime, actor: str) -> None:
    line = session.get(Erasure, (seat.study_id, seat.id))
    if line is None:
        session.add(
            Erasure(
                study_id=seat.study_id, panellist_id=seat.id, answers=answers, erased_at=now, erased_by=actor
            )
        )
    elif answers == "removed":
        line.answers = answers
