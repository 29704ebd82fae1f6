"""Letting in what came too late: an organiser's act, before the release, with a reason that reports show."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import Answer, LateDraft, Panellist, Participation, Round, Study, Submission
from surveyapp.questionnaire.cells import BLANK, Given, Status
from surveyapp.services.answer_writes import Held, write
from surveyapp.services.answering import Submitted, check_complete, find_way, make_submission
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.keeping_ratings import with_kept
from surveyapp.services.reading.earlier_rounds import EarlierRounds
from surveyapp.services.reading.seats import Seat, given_of, read_sheet, stored_of

_LATEST = 2**31 - 1


def admit_late(
    session: Session,
    *,
    study: Study,
    number: int,
    pseudonym: str,
    reason: str,
    now: datetime,
    actor: str,
) -> Submitted:
    """Count what a panellist gave and did not submit in time: the answers that stand, and the late drafts.

    Only between the close and the release of a round; the submission says that it was admitted, and why. What
    lies outside the panellist's way is left out. Raises NotFound, Refused while the round is in another state
    or when there is nothing to admit, and InputError where answers are missing that submitting needs.
    """
    words = " ".join(reason.split())
    if not words:
        raise InputError(
            [
                Problem(
                    "reason",
                    Sentence("it is empty; write why the answers are let in: every report shows it."),
                )
            ]
        )
    held = _hold_closed(session, study=study, number=number)
    seat = _read_seat(session, study=study, held=held, pseudonym=pseudonym, now=now)
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    sheet = read_sheet(session, seat=seat)
    late, saw_late = _read_late(session, seat=seat)
    if not late and (seat.submission and not seat.has_drafts):
        raise Refused(
            Sentence(
                "{pseudonym} has submitted in round {number}, and nothing came after it.",
                pseudonym=pseudonym,
                number=number,
            )
        )
    if not late and not sheet.now:
        raise Refused(
            Sentence(
                "{pseudonym} has given nothing in round {number} that could be let in.",
                pseudonym=pseudonym,
                number=number,
            )
        )
    changes = with_kept(instrument, sheet, late)
    way = find_way(instrument, seat=seat, sheet=sheet, changes=changes)
    asked = frozenset(way.cells)
    stored = {cell: columns for cell, (columns, _) in sheet.now.items()}
    rows = {
        cell: stored_of(given)
        for cell, given in changes.items()
        if cell in asked and stored.get(cell) != stored_of(given)
    }
    stored |= rows
    check_complete(instrument, way, stored)
    rows |= {cell: stored_of(BLANK) for cell in way.cells if cell not in stored}
    place = Held(held.state, None, now, seat.revision, seat.submission, False, None, None)
    # What was given late saw the texts of the page that it was sent from.
    saw = {**sheet.corrections, **{cell: saw_late.get(cell, seat.correction) for cell in rows}}
    submission = make_submission(instrument, way, stored, seat=seat, held=place, saw=saw)
    write(
        session.connection(),
        seat=seat,
        held=place,
        request_id=f"admitted-{secrets.token_hex(12)}",
        base=_LATEST,
        rows=rows,
        release=seat.release,
        correction=seat.correction,
        submission=submission,
    )
    _keep_wordings(session, seat=seat, saw={cell: saw[cell] for cell in rows if saw[cell] != seat.correction})
    session.execute(
        update(Submission)
        .where(
            Submission.study_id == study.id,
            Submission.round == number,
            Submission.panellist_id == seat.panellist_id,
            Submission.number == submission.submission,
        )
        .values(admitted_because=words)
    )
    detail = {"round": number, "pseudonym": pseudonym, "sha256": submission.sha256, "late": len(late)}
    record(
        session, study_id=study.id, now=now, actor=actor, act="submission.admit", detail=detail, reason=words
    )
    session.flush()
    return Submitted(submission.submission, submission.sha256, now)


def _hold_closed(session: Session, *, study: Study, number: int) -> Round:
    held = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        raise NotFound(Sentence("'{slug}' has no round {number}.", slug=study.slug, number=number))
    if held.state == RoundState.RELEASED:
        raise Refused(
            Sentence(
                "The feedback of round {number} is released: nothing can be let in any more.", number=number
            )
        )
    if held.state != RoundState.CLOSED:
        raise Refused(
            Sentence(
                "Round {number} is {state}: late answers are let in after it is closed.",
                number=number,
                state=Sentence(held.state),
            )
        )
    return held


def _read_seat(session: Session, *, study: Study, held: Round, pseudonym: str, now: datetime) -> Seat:
    row = session.execute(
        select(Panellist, Participation)
        .join(
            Participation,
            and_(
                Participation.study_id == Panellist.study_id,
                Participation.panellist_id == Panellist.id,
                Participation.round == held.number,
            ),
        )
        .where(Panellist.study_id == study.id, Panellist.pseudonym == pseudonym)
    ).one_or_none()
    if row is None:
        raise NotFound(
            Sentence(
                "Nobody called {pseudonym} has begun round {number}.", pseudonym=pseudonym, number=held.number
            )
        )
    panellist, mine = row[0], row[1]
    if mine.withdrawn_at is not None:
        raise Refused(
            Sentence("{pseudonym} has withdrawn: nothing of theirs is let in.", pseudonym=pseudonym)
        )
    instrument = get_instrument(session, study_id=study.id, number=held.questionnaire_number)
    return Seat(
        study_id=study.id,
        slug=study.slug,
        title=study.title,
        organisation=study.organisation,
        contact_email=study.contact_email,
        time_zone=study.time_zone,
        is_synthetic=study.is_synthetic,
        smallest_group=study.smallest_group,
        planned_rounds=study.planned_rounds,
        panellist_id=panellist.id,
        pseudonym=panellist.pseudonym,
        group=mine.group,
        language=panellist.language,
        tags=tuple(json.loads(panellist.tags)),
        panellist_state=panellist.state,
        round=held.number,
        round_state=held.state,
        takes_answers=False,
        closes_at=held.closes_at,
        closed_at=held.closed_at,
        questionnaire_number=held.questionnaire_number,
        questionnaire_sha256=instrument.sha256,
        plan=RoundPlan.from_canonical(held.plan),
        shows_round=held.shows_round,
        release=0,
        release_sha256="",
        correction=held.correction,
        earlier=EarlierRounds.from_text(mine.earlier_rounds),
        variant=mine.variant,
        revision=mine.revision,
        submitted_revision=mine.submitted_revision,
        place=mine.place,
        submission=mine.submission,
        submitted_at=mine.submitted_at,
        csrf_secret="",
        now=now,
    )


def _keep_wordings(session: Session, *, seat: Seat, saw: Mapping[int, int]) -> None:
    """Say for answers to texts that were corrected since which texts they saw."""
    for number in sorted(set(saw.values())):
        session.execute(
            update(Answer)
            .where(
                Answer.study_id == seat.study_id,
                Answer.round == seat.round,
                Answer.panellist_id == seat.panellist_id,
                Answer.cell.in_([cell for cell, each in saw.items() if each == number]),
            )
            .values(correction=number)
        )


def _read_late(session: Session, *, seat: Seat) -> tuple[dict[int, Given], dict[int, int]]:
    """What arrived after the close, the latest last, and the wording correction that each of it saw.

    What was submitted after a late draft, in a round that was opened again, has taken its place.
    """
    since = () if seat.submitted_at is None else (LateDraft.received_at > seat.submitted_at,)
    drafts = session.execute(
        select(LateDraft.content, LateDraft.correction)
        .where(
            LateDraft.study_id == seat.study_id,
            LateDraft.round == seat.round,
            LateDraft.panellist_id == seat.panellist_id,
            *since,
        )
        .order_by(LateDraft.received_at, LateDraft.request_id)
    )
    found: dict[int, Given] = {}
    saw: dict[int, int] = {}
    for content, correction in drafts:
        for cell, columns in json.loads(content).items():
            status, value, text, parts = columns
            given = Given(Status.KEPT) if status == Status.KEPT else given_of((status, value, text, parts))
            found[int(cell)] = given
            saw[int(cell)] = correction
    return found, saw
