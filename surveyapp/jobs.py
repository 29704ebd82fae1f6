"""The worker: takes jobs from the queue and does them, one after the other, until it is told to stop.

It may be killed at any instant and run in any number: every job may run twice without harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from surveyapp.errors import Refused
from surveyapp.mail.mailbox import MailboxTrouble
from surveyapp.services import (
    archiving,
    queue,
    refreshing,
    releasing,
    retaining,
    rounds,
    staging,
    upkeep,
)
from surveyapp.services.account_letters.asking import JOB as ACCOUNT_LETTER_JOB
from surveyapp.services.account_letters.sending import send_account_letter
from surveyapp.services.audit import is_archived
from surveyapp.services.letters.office import Office
from surveyapp.services.letters.reminding import REMIND_JOB, ask_for_reminders, remind_everywhere
from surveyapp.services.letters.returning import check_mailbox
from surveyapp.services.letters.sending import send_due
from surveyapp.services.queue import ClaimedJob
from surveyapp.services.reading.deadlines import find_overdue
from surveyapp.services.unit import Database, read_now

SWEEP_JOB = "upkeep.sweep"
DELETE_JOB = "upkeep.delete_studies"
NOTHING = "nothing"
_PAUSE_SECONDS = 1.0
_PAUSE_AFTER_TROUBLE_SECONDS = 5.0
_PAUSE_WITHOUT_LINE_SECONDS = 15.0
_PAUSE_BETWEEN_LOOKS_SECONDS = 600.0
_ACTOR = "system"
_log = logging.getLogger(__name__)


def _open_round(database: Database, job: ClaimedJob) -> None:
    """Open a scheduled round; one that was moved or called off has no need of this job any more."""
    assert job.study_id is not None
    number = int(job.payload["round"])
    with database.verb() as session:
        now = read_now(session)
        rounds.open_scheduled_round(session, study_id=job.study_id, number=number, now=now, actor=_ACTOR)


def _close_round(database: Database, job: ClaimedJob) -> None:
    """Close a round whose deadline is over; a deadline that was moved has a job of its own."""
    number = int(job.payload["round"])
    assert job.study_id is not None
    with database.reading() as session:
        slug = find_overdue(session, study_id=job.study_id, number=number, now=read_now(session))
    if slug is None:
        return
    try:
        rounds.close_round(database, slug=slug, actor=_ACTOR, number=number)
    except Refused:
        # Somebody closed it in the same moment: what was asked for is done.
        _log.info("A round was closed already when its deadline came.")


def _settle_round(database: Database, job: ClaimedJob) -> None:
    """Gather reasons and draft the release of a round that was closed."""
    assert job.study_id is not None
    number = int(job.payload["round"])
    releasing.settle_round(database, study_id=job.study_id, number=number, actor=_ACTOR)


def _refresh_round(database: Database, job: ClaimedJob) -> None:
    """Renew the figures of a round in real time, and ask for the next turn."""
    assert job.study_id is not None
    number = int(job.payload["round"])
    refreshing.refresh_round(database, study_id=job.study_id, number=number, actor=_ACTOR)
    with database.verb() as session:
        refreshing.ask_for_refresh(session, study_id=job.study_id, number=number, now=read_now(session))


def _sweep(database: Database, job: ClaimedJob) -> None:  # noqa: ARG001 - one signature for all kinds of work
    with database.verb() as session:
        upkeep.sweep(session, now=read_now(session))
    with database.verb() as session:
        retaining.forget_due_names(session, now=read_now(session))


def _rehearse(database: Database, job: ClaimedJob, link_key: bytes) -> None:
    assert job.study_id is not None
    staging.play_on(database, study_id=job.study_id, payload=job.payload, link_key=link_key, actor=_ACTOR)


def _delete_studies(database: Database, job: ClaimedJob) -> None:  # noqa: ARG001 - one signature for all
    archiving.delete_due(database, actor=_ACTOR)


def _leave_alone(database: Database, job: ClaimedJob) -> None:
    """Nothing: the study was archived since."""


def _remind(database: Database, job: ClaimedJob) -> None:  # noqa: ARG001 - one signature for all kinds of work
    remind_everywhere(database)


KINDS: Mapping[str, Callable[[Database, ClaimedJob], None]] = {
    rounds.OPEN_JOB: _open_round,
    rounds.CLOSE_JOB: _close_round,
    rounds.SETTLE_JOB: _settle_round,
    rounds.REFRESH_JOB: _refresh_round,
    SWEEP_JOB: _sweep,
    REMIND_JOB: _remind,
    DELETE_JOB: _delete_studies,
    NOTHING: _leave_alone,
}


def run_next(database: Database, *, link_key: bytes = b"") -> bool:
    """Do the job that is due, if there is one; returns whether there was.

    With the `link_key` an invented panel can open its links.
    """
    with database.verb() as session:
        job = queue.claim(session, now=read_now(session), but=(ACCOUNT_LETTER_JOB,))
    if job is None:
        return False
    error = ""
    if job.study_id is not None:
        with database.reading() as session:
            if is_archived(session, study_id=job.study_id):
                # Whoever brings the study back has what is left undone asked for again.
                job = replace(job, kind=NOTHING)
    try:
        if job.kind == staging.REHEARSE_JOB:
            _rehearse(database, job, link_key)
        else:
            KINDS[job.kind](database, job)
    except Exception as trouble:  # noqa: BLE001 - whatever went wrong, the job is tried again later
        # The class alone: a message may quote what must not stand in a log.
        error = type(trouble).__name__
        _log.warning("Job %s of kind %s failed at attempt %d: %s", job.id, job.kind, job.attempt, error)
    with database.verb() as session:
        now = read_now(session)
        if error:
            queue.fail(session, job=job, error=error, now=now)
        else:
            queue.finish(session, job=job, now=now)
    return True


def ask_for_upkeep(database: Database) -> None:
    """Make sure that this hour's sweep and due deletions are in the queue, once for all workers."""
    with database.reading() as session:
        now = read_now(session)
    hour = datetime(now.year, now.month, now.day, now.hour, tzinfo=UTC)
    with database.verb() as session:
        for kind in (SWEEP_JOB, DELETE_JOB):
            queue.enqueue(
                session,
                key=f"{kind}:{hour:%Y-%m-%dT%H}",
                kind=kind,
                study_id=None,
                payload={},
                run_at=hour,
            )


def run_letters(database: Database, office: Office, *, stop: Event) -> None:
    """Send what is due until `stop` is set."""
    while not stop.is_set():
        pause = _PAUSE_SECONDS
        try:
            # First those that somebody waits for in front of a screen.
            said = send_account_letter(database, office)
            sent = send_due(database, office, is_stopped=stop.is_set)
            if sent.is_line_down:
                pause = _PAUSE_WITHOUT_LINE_SECONDS
            elif sent.claimed or (said is not None and not said.is_line_down):
                continue
        except Exception as trouble:  # noqa: BLE001 - a database that restarts must not end the worker
            _log.warning("The worker could not reach its outbox: %s", type(trouble).__name__)
            pause = _PAUSE_AFTER_TROUBLE_SECONDS
        stop.wait(pause)


def run_mailbox(database: Database, office: Office, *, stop: Event) -> None:
    """Look every ten minutes for letters that came back, until `stop` is set."""
    while not stop.is_set():
        try:
            check_mailbox(database, office)
        except MailboxTrouble as trouble:
            _log.warning("Returned letters were not looked for. %s", trouble)
        except Exception as trouble:  # noqa: BLE001 - a database that restarts must not end the worker
            _log.warning("Returned letters were not looked for: %s", type(trouble).__name__)
        stop.wait(_PAUSE_BETWEEN_LOOKS_SECONDS)


def run_worker(
    database: Database,
    *,
    stop: Event,
    is_orphan: Callable[[], bool] = lambda: False,
    office: Office | None = None,
) -> None:
    """Work until `stop` is set, or until `is_orphan` says that whoever started this process is gone.

    With an `office`, letters are sent beside: a mail server that hangs keeps no round from closing.
    """
    if office is None:
        _run_jobs(database, stop=stop, is_orphan=is_orphan, link_key=b"")
        return
    is_over = Event()
    letters = Thread(target=run_letters, args=(database, office), kwargs={"stop": is_over}, daemon=True)
    letters.start()
    if office.mailbox is not None:
        # Nothing waits for it at the end: what it notes, it notes whole or not at all.
        Thread(target=run_mailbox, args=(database, office), kwargs={"stop": is_over}, daemon=True).start()
    try:
        _run_jobs(database, stop=stop, is_orphan=is_orphan, link_key=office.link_key)
    finally:
        is_over.set()
        # What is being handed over in this moment is noted; whatever takes longer may be killed.
        letters.join(timeout=_PAUSE_WITHOUT_LINE_SECONDS)


def _run_jobs(database: Database, *, stop: Event, is_orphan: Callable[[], bool], link_key: bytes) -> None:
    upkeep_due = reminders_due = datetime.min.replace(tzinfo=UTC)
    while not stop.is_set() and not is_orphan():
        try:
            with database.reading() as session:
                now = read_now(session)
            if now >= upkeep_due:
                ask_for_upkeep(database)
                upkeep_due = now + timedelta(minutes=30)
            if now >= reminders_due:
                ask_for_reminders(database)
                reminders_due = now + timedelta(minutes=1)
            if run_next(database, link_key=link_key):
                continue
        except Exception as trouble:  # noqa: BLE001 - a database that restarts must not end the worker
            _log.warning("The worker could not reach its queue: %s", type(trouble).__name__)
            stop.wait(_PAUSE_AFTER_TROUBLE_SECONDS)
        stop.wait(_PAUSE_SECONDS)
