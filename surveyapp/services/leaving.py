"""Leaving a study: by the expert's own button, or done by the study team for somebody who wrote to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.models import Answer, LateDraft, Participation, Study, Submission, WebSession
from surveyapp.models import Panellist as Seat
from surveyapp.questionnaire.cells import Status
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import NO_ROUND, Occasion
from surveyapp.services.letters.occasions import letter_of_withdrawal
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.panellists import check_reason, hold_panellist
from surveyapp.services.proposals.letting_go import erase_proposals
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.reasons.letting_go import erase_reasons

FATES = ("keep", "remove")
"""What becomes of answers: they stay as they were given, or they go."""


def leave_study(
    session: Session,
    *,
    study_id: int,
    panellist_id: int,
    keep_answers: bool,
    now: datetime,
    actor: str = "panellist",
    reason: str = "",
    sends_letter: bool | None = None,
) -> None:
    """No more letters, every session ends; answers stay or go as the panellist chooses.

    Answers that go leave rows with the status 'withdrawn', so that counts stay honest; what was written,
    submitted or left as a draft is deleted. The letter that confirms it goes where the study sends it, unless
    `sends_letter` says otherwise.
    """
    session.execute(
        update(Seat)
        .where(Seat.study_id == study_id, Seat.id == panellist_id)
        .values(state="withdrawn", state_at=now)
    )
    # Waits for a save in flight, and stops every later one.
    mine = (Participation.study_id == study_id, Participation.panellist_id == panellist_id)
    session.execute(update(Participation).where(*mine).values(withdrawn_at=now))
    if not keep_answers:
        remove_answers(session, study_id=study_id, panellist_id=panellist_id, now=now, actor=actor)
    session.execute(
        delete(WebSession).where(WebSession.study_id == study_id, WebSession.panellist_id == panellist_id)
    )
    detail: dict[str, object] = {"answers_kept": keep_answers}
    if actor != "panellist":
        detail["seat"] = seat_of(panellist_id)
    record(
        session,
        study_id=study_id,
        now=now,
        actor=actor,
        act="panellist.withdraw",
        detail=detail,
        reason=reason,
    )
    if sends_letter is None:
        letter_of_withdrawal(session, study_id=study_id, panellist_id=panellist_id, now=now)
    elif sends_letter:
        occasion = Occasion(study_id, NO_ROUND, Kind.WITHDRAWAL)
        put_in(session, occasion=occasion, panellists=[panellist_id], now=now, actor=actor)


def withdraw_for(
    session: Session,
    *,
    study: Study,
    panellist_id: int,
    answers: str,
    reason: str,
    sends_letter: bool,
    now: datetime,
    actor: str,
) -> None:
    """Let a panellist leave who asked the study team for it; `answers` is what the person chose.

    Raises InputError with every problem, Refused for somebody who has left already.
    """
    seat = hold_panellist(session, study=study, panellist_id=panellist_id)
    if seat.state == "withdrawn":
        raise Refused(Sentence("This panellist has withdrawn already."))
    problems = problems_of_fate(answers)
    try:
        reason = check_reason(session, study=study, panellist_id=panellist_id, reason=reason, is_needed=True)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    leave_study(
        session,
        study_id=study.id,
        panellist_id=panellist_id,
        keep_answers=answers == "keep",
        now=now,
        actor=actor,
        reason=reason,
        sends_letter=sends_letter,
    )


def problems_of_fate(answers: str) -> list[Problem]:
    """What is wrong with what shall become of the answers."""
    if answers in FATES:
        return []
    return [Problem("answers", Sentence("Say what becomes of the answers: do they stay, or do they go?"))]


def remove_answers(
    session: Session, *, study_id: int, panellist_id: int, now: datetime, actor: str = "panellist"
) -> None:
    """Take out all that one panellist answered, wrote and proposed."""
    mine = (Participation.study_id == study_id, Participation.panellist_id == panellist_id)
    session.execute(update(Participation).where(*mine).values(submission=0, submitted_at=None))
    session.execute(
        update(Answer)
        .where(Answer.study_id == study_id, Answer.panellist_id == panellist_id)
        .values(status=int(Status.WITHDRAWN), value=None, text=None, parts=None)
    )
    for table in (Submission, LateDraft):
        session.execute(delete(table).where(table.study_id == study_id, table.panellist_id == panellist_id))
    erase_reasons(session, study_id=study_id, panellist_id=panellist_id, now=now, actor=actor)
    erase_proposals(session, study_id=study_id, panellist_id=panellist_id, now=now, actor=actor)


def has_answers(session: Session, *, study_id: int, panellist_id: int) -> bool:
    """Whether anything of what the panellist answered is still there."""
    return bool(
        session.scalar(
            select(
                or_(
                    exists().where(
                        Answer.study_id == study_id,
                        Answer.panellist_id == panellist_id,
                        Answer.status != int(Status.WITHDRAWN),
                    ),
                    exists().where(Submission.study_id == study_id, Submission.panellist_id == panellist_id),
                )
            )
        )
    )
