"""The end of a study: put away and brought back, deleted after a time in which it can be called back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.models import Base, DeletedStudy, Round, Study
from surveyapp.services import queue
from surveyapp.services.audit import record
from surveyapp.services.rounds import SETTLE_JOB
from surveyapp.services.unit import Database, read_now

_UNDER_WAY = (RoundState.DRAFT, RoundState.SCHEDULED, RoundState.OPEN)


def archive_study(session: Session, *, study: Study, now: datetime, actor: str) -> None:
    """Put a study away: it can be read and taken home, and nothing in it changes any more.

    Raises Refused while a round is open or planned for a time, and where it is archived already.
    """
    if study.archived_at is not None:
        raise Refused(Sentence("The study is archived already."))
    _refuse_under_way(session, study=study)
    study.archived_at = now
    record(session, study_id=study.id, now=now, actor=actor, act="study.archive")
    session.flush()


def unarchive_study(session: Session, *, study: Study, now: datetime, actor: str) -> None:
    """Bring an archived study back. Raises Refused where it is not archived, or is to be deleted."""
    if study.archived_at is None:
        raise Refused(Sentence("The study is not archived."))
    if study.delete_at is not None:
        raise Refused(Sentence("The study is to be deleted. Call that back first."))
    study.archived_at = None
    record(session, study_id=study.id, now=now, actor=actor, act="study.unarchive")
    session.flush()
    for number in session.scalars(
        select(Round.number).where(Round.study_id == study.id, Round.state == RoundState.CLOSED)
    ):
        # What the worker left undone while the study was away; doing it twice does no harm.
        queue.enqueue(
            session,
            key=f"{SETTLE_JOB}:{study.id}:{number}:unarchived:{iso(now)}",
            kind=SETTLE_JOB,
            study_id=study.id,
            payload={"round": number},
            run_at=now,
        )


def ask_to_delete(
    session: Session, *, study: Study, typed_slug: str, wait_days: int, now: datetime, actor: str
) -> datetime:
    """Have a study deleted with everything in it, `wait_days` from now; until then an owner can call it back.

    It is archived meanwhile. Raises InputError unless the slug was typed, Refused while a round is open or
    planned for a time, and where the deletion was asked for already.
    """
    if typed_slug.strip() != study.slug:
        raise InputError(
            [
                Problem(
                    "slug",
                    Sentence("write the short name of this study just as it is: {slug}", slug=study.slug),
                )
            ]
        )
    if study.delete_at is not None:
        raise Refused(Sentence("The study is to be deleted already."))
    _refuse_under_way(session, study=study)
    study.archived_at = study.archived_at or now
    study.delete_at = now + timedelta(days=wait_days)
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="study.delete",
        detail={"delete_at": iso(study.delete_at)},
    )
    session.flush()
    return study.delete_at


def keep_study(session: Session, *, study: Study, now: datetime, actor: str) -> None:
    """Call a deletion back: the study stays, archived as it is. Raises Refused where none was asked for."""
    if study.delete_at is None:
        raise Refused(Sentence("Nobody has asked for this study to be deleted."))
    study.delete_at = None
    record(session, study_id=study.id, now=now, actor=actor, act="study.keep")
    session.flush()


def find_due(session: Session, *, now: datetime) -> Sequence[int]:
    """The studies whose waiting time is over."""
    return session.scalars(select(Study.id).where(Study.delete_at <= now).order_by(Study.id)).all()


def delete_due(database: Database, *, actor: str) -> int:
    """Delete the studies whose waiting time is over, each in a transaction of its own; returns how many."""
    with database.reading() as session:
        due = find_due(session, now=read_now(session))
    deleted = 0
    for study_id in due:
        with database.verb() as session:
            now = read_now(session)
            study = session.scalars(select(Study).where(Study.id == study_id).with_for_update()).one_or_none()
            # Somebody may have called it back, or another worker been faster, in this very moment.
            if study is not None and study.delete_at is not None and study.delete_at <= now:
                delete_now(session, study=study, now=now, actor=actor)
                deleted += 1
    return deleted


def delete_now(session: Session, *, study: Study, now: datetime, actor: str) -> None:
    """Delete a study, and the studies that rehearse it, with every row that belongs to them.

    What stays is its number, its slug, and the record that it was deleted: no title, no name, no answer.
    """
    doomed = session.scalars(
        select(Study).where(or_(Study.id == study.id, Study.rehearsal_of == study.id)).order_by(Study.id)
    ).all()
    for each in doomed:
        detail = {"slug": each.slug, "synthetic": each.is_synthetic}
        session.add(DeletedStudy(id=each.id, slug=each.slug, deleted_at=now))
        session.expunge(each)
        # What refers to others goes first, so that no row is looked at twice.
        for table in reversed(Base.metadata.sorted_tables):
            if "study_id" in table.c:
                session.execute(delete(table).where(table.c.study_id == each.id))
        session.execute(delete(Study).where(Study.id == each.id))
        record(session, study_id=None, now=now, actor=actor, act="study.deleted", detail=detail)
        session.flush()


def list_deleted(session: Session) -> Sequence[DeletedStudy]:
    """What is left of the studies that were deleted, the latest first."""
    return session.scalars(
        select(DeletedStudy).order_by(DeletedStudy.deleted_at.desc(), DeletedStudy.id.desc())
    ).all()


def _refuse_under_way(session: Session, *, study: Study) -> None:
    number = session.scalar(
        select(Round.number).where(Round.study_id == study.id, Round.state.in_(_UNDER_WAY)).limit(1)
    )
    if number is not None:
        raise Refused(
            Sentence(
                "Round {number} is open or about to open. Close it, or call it off, before the study is put "
                "away.",
                number=number,
            )
        )
