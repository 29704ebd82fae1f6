"""The expert's door: what a personal link shows, and what its buttons do."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import may_take_part, takes_answers
from surveyapp.errors import NotFound, Refused, Sentence
from surveyapp.mail.links import hash_token, study_of
from surveyapp.models import (
    Invitation,
    Panellist,
    Participation,
    QuestionnaireVersion,
    Round,
    Study,
    WebSession,
    database_now,
)
from surveyapp.services.audit import record
from surveyapp.services.leaving import leave_study
from surveyapp.services.reading.earlier_rounds import EarlierRounds, read_earlier_rounds
from surveyapp.services.reading.seats import Seat
from surveyapp.tally.attending import is_in_cohort, previous_round

_lots = SystemRandom()
SESSION_LASTS = timedelta(days=60)
"""Longer than most rounds are open: an expert who comes back on the same device just goes on."""


@dataclass(frozen=True, slots=True)
class Invited:
    """What the first page shows to whoever holds a link. No name: a letter may have been passed on."""

    study_id: int
    slug: str
    title: str
    organisation: str
    contact_email: str
    time_zone: str
    is_synthetic: bool
    smallest_group: int
    planned_rounds: int
    panellist_id: int
    group: str
    language: str
    tags: tuple[str, ...]
    panellist_state: str
    round: int | None
    round_state: str
    takes_answers: bool
    opens_at: datetime | None
    closes_at: datetime | None
    questionnaire_number: int
    questionnaire_sha256: str
    started: bool
    submitted: bool
    earlier: EarlierRounds
    """The earlier rounds that this panellist submitted in."""
    may_take_part: bool
    """Whether the protocol lets this panellist take part in the round."""
    plan: RoundPlan
    has_ended: bool
    """Whether the study is archived: nothing can be said in it any more, and everybody may still read."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A session has begun: the cookie's value, and the study to go to."""

    cookie: str
    slug: str


def hash_cookie(cookie: str) -> str:
    """How a browser's cookie is looked up: the database holds only this hash of it."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def find_invited(session: Session, *, token: str) -> Invited | None:
    """The seat that a link opens, or None when the link is unknown or was revoked. Reads only."""
    slug = study_of(token)
    latest = (
        select(func.max(Round.number))
        .where(
            Round.study_id == Study.id,
            Round.state.not_in(("cancelled", "draft")),
            is_in_cohort(),
        )
        .correlate(Study, Panellist)
        .scalar_subquery()
    )
    row = session.execute(
        select(
            Study,
            Panellist,
            Round,
            Participation,
            QuestionnaireVersion.sha256,
            database_now(),
            previous_round(),
        )
        .join(Invitation, Invitation.study_id == Study.id)
        .join(Panellist, and_(Panellist.study_id == Study.id, Panellist.id == Invitation.panellist_id))
        .outerjoin(Round, and_(Round.study_id == Study.id, Round.number == latest))
        .outerjoin(
            Participation,
            and_(
                Participation.study_id == Study.id,
                Participation.round == Round.number,
                Participation.panellist_id == Panellist.id,
            ),
        )
        .join(
            QuestionnaireVersion,
            and_(
                QuestionnaireVersion.study_id == Study.id,
                QuestionnaireVersion.number
                == func.coalesce(Round.questionnaire_number, Study.questionnaire_number),
            ),
        )
        .where(
            Study.slug == slug, Invitation.token_hash == hash_token(token), Invitation.revoked_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    study: Study = row[0]
    panellist: Panellist = row[1]
    # Outer joins: there may be no round yet, and nobody has begun before the first start.
    current: Round | None = row[2]
    participation: Participation | None = row[3]
    sha256: str = row[4]
    now: datetime = row[5]
    previous: int | None = row[6]
    earlier = EarlierRounds()
    if current is not None:
        earlier = (
            EarlierRounds.from_text(participation.earlier_rounds)
            if participation is not None
            else read_earlier_rounds(
                session, study_id=study.id, panellist_id=panellist.id, before=current.number
            )
        )
    return Invited(
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
        group=panellist.group,
        language=panellist.language,
        tags=tuple(json.loads(panellist.tags)),
        panellist_state=panellist.state,
        round=current.number if current else None,
        round_state=current.state if current else "draft",
        takes_answers=current is not None
        and takes_answers(current.state, now=now, closes_at=current.closes_at, closing_at=current.closing_at),
        opens_at=current.opens_at if current else None,
        closes_at=current.closes_at if current else None,
        questionnaire_number=current.questionnaire_number if current else study.questionnaire_number,
        questionnaire_sha256=sha256,
        started=participation is not None,
        submitted=participation is not None and participation.submission > 0,
        earlier=earlier,
        may_take_part=current is None
        or may_take_part(
            current.open_to,
            earlier_rounds=earlier.numbers,
            previous=previous,
        ),
        plan=RoundPlan.from_canonical(current.plan) if current else RoundPlan(),
        has_ended=study.archived_at is not None,
        now=now,
    )


def start(session: Session, *, token: str, now: datetime) -> Started:
    """Begin or go on: a browser session for the seat, and its participation in the round.

    Somebody who had declined and presses Start takes part after all. Raises NotFound for a link that opens
    nothing, Refused when the seat was withdrawn or there is nothing to see in this round.
    """
    invited = _get_invited(session, token=token)
    if invited.panellist_state == "withdrawn":
        raise Refused(
            Sentence(
                "You have withdrawn from this study. If that was a mistake, please write to the study team."
            )
        )
    if invited.has_ended and not invited.started:
        raise Refused(Sentence("This study has ended and takes no answers any more."))
    if invited.round is None or (not invited.takes_answers and not invited.started):
        raise Refused(Sentence("The study takes no answers now."))
    if not invited.started:
        if not invited.may_take_part:
            raise Refused(
                Sentence(
                    "This round is for those who answered an earlier one. Thank you for your interest; "
                    "if you think that you belong to them, please write to the study team."
                )
            )
        _join_round(session, invited=invited, now=now)
    if invited.panellist_state != "invited":
        _set_state(session, invited=invited, state="invited", now=now)
    cookie = secrets.token_urlsafe(32)
    session.add(
        WebSession(
            id_hash=hash_cookie(cookie),
            study_id=invited.study_id,
            panellist_id=invited.panellist_id,
            round=invited.round,
            csrf_secret=secrets.token_urlsafe(24),
            created_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    session.flush()
    return Started(cookie, invited.slug)


def say_not_me(session: Session, *, token: str, now: datetime) -> Invited:
    """The letter reached the wrong person: no more letters, and it counts as such in the response flow."""
    invited = _get_undecided(session, token=token)
    _set_state(session, invited=invited, state="not_me", now=now)
    return invited


def decline(session: Session, *, token: str, now: datetime) -> Invited:
    """The expert does not want to take part: no more letters, and it counts as such in the response flow."""
    invited = _get_undecided(session, token=token)
    _set_state(session, invited=invited, state="declined", now=now)
    return invited


def withdraw(session: Session, *, seat: Seat, keep_answers: bool, now: datetime) -> None:
    """Leave the study by the own button: no more letters, every session ends; answers stay or go."""
    leave_study(
        session, study_id=seat.study_id, panellist_id=seat.panellist_id, keep_answers=keep_answers, now=now
    )


def leave(session: Session, *, id_hash: str) -> None:
    """End one browser session; the link opens a new one at any time."""
    session.execute(delete(WebSession).where(WebSession.id_hash == id_hash))


def _get_invited(session: Session, *, token: str) -> Invited:
    invited = find_invited(session, token=token)
    if invited is None:
        raise NotFound(
            Sentence("This link does not open anything. It may have been replaced by a newer one.")
        )
    return invited


def _get_undecided(session: Session, *, token: str) -> Invited:
    invited = _get_invited(session, token=token)
    if invited.started:
        raise Refused(
            Sentence("You have begun to answer already. Open your link, then choose Withdraw on any page.")
        )
    if invited.panellist_state == "withdrawn":
        raise Refused(Sentence("You have withdrawn from this study already; no more letters will come."))
    if invited.has_ended:
        raise Refused(Sentence("This study has ended. No more letters will come."))
    return invited


def _join_round(session: Session, *, invited: Invited, now: datetime) -> None:
    held = session.execute(
        select(Round.state, Round.closes_at)
        .where(Round.study_id == invited.study_id, Round.number == invited.round)
        .with_for_update(read=True)
    ).one()
    if not takes_answers(held.state, now=now, closes_at=held.closes_at):
        raise Refused(Sentence("The study takes no answers now."))
    values = {
        "study_id": invited.study_id,
        "round": invited.round,
        "panellist_id": invited.panellist_id,
        "group": invited.group,
        "earlier_rounds": invited.earlier.as_text(),
        # Drawn once and kept: which variant somebody saw is part of what the study found.
        "variant": invited.plan.draw_variant(_lots.random()),
        "started_at": now,
    }
    if session.get(Participation, (invited.study_id, invited.round, invited.panellist_id)) is None:
        session.add(Participation(**values, revision=0, submitted_revision=0, place="", submission=0))
        session.flush()


def _set_state(session: Session, *, invited: Invited, state: str, now: datetime) -> None:
    session.execute(
        update(Panellist)
        .where(Panellist.study_id == invited.study_id, Panellist.id == invited.panellist_id)
        .values(state=state, state_at=now)
    )
    record(
        session,
        study_id=invited.study_id,
        now=now,
        actor="panellist",
        act=f"panellist.{state}",
    )
