"""Rounds: schedule one, open it, move its deadline, close it exactly, open it again, or call it off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import RoundAct, RoundState, next_state
from surveyapp.errors import InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import Panellist, Release, Round, Study
from surveyapp.services import queue
from surveyapp.services.audit import record
from surveyapp.services.letters.occasions import letters_of_opening
from surveyapp.services.round_plans import Plan, plan_next_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now

OPEN_JOB = "round.open"
CLOSE_JOB = "round.close"
SETTLE_JOB = "round.settle"
REFRESH_JOB = "round.refresh"
REFRESH_EVERY = timedelta(seconds=30)
_UNDER_WAY = (RoundState.DRAFT, RoundState.SCHEDULED)


def get_current_round(session: Session, *, study_id: int) -> Round | None:
    """The round with the highest number that was not cancelled, or None before the first."""
    return session.scalars(
        select(Round)
        .where(Round.study_id == study_id, Round.state != RoundState.CANCELLED)
        .order_by(Round.number.desc())
        .limit(1)
    ).first()


def get_round(session: Session, *, study_id: int, number: int | None = None) -> Round:
    """Round `number`, or the latest one. Raises NotFound, and Refused when there is no round yet."""
    found = (
        get_current_round(session, study_id=study_id)
        if number is None
        else session.get(Round, (study_id, number))
    )
    if found is not None:
        return found
    if number is None:
        raise Refused(Sentence("This study has no round yet. Open one first: surveyapp round open STUDY"))
    raise NotFound(Sentence("This study has no round {number}.", number=number))


def list_rounds(session: Session, *, study_id: int) -> Sequence[Round]:
    """All rounds of the study, cancelled ones too, in the order of their numbers."""
    return session.scalars(select(Round).where(Round.study_id == study_id).order_by(Round.number)).all()


def schedule_round(
    session: Session,
    *,
    study: Study,
    now: datetime,
    actor: str,
    opens_at: datetime,
    closes_at: datetime | None = None,
    cohort: str = "",
) -> Round:
    """Plan the study's next round: it opens by itself at `opens_at`, and closes by itself at `closes_at`.

    Scheduling a round that is scheduled already moves it. Raises Refused for times that are over or in the
    wrong order, and for whatever keeps a round from opening.
    """
    problems = []
    if opens_at <= now:
        problems.append(
            Problem(
                "opening",
                Sentence(
                    "{opens_at} is over already; it is {now} now. Give a later time.",
                    opens_at=iso(opens_at),
                    now=iso(now),
                ),
            )
        )
    if closes_at is not None and closes_at <= opens_at:
        problems.append(
            Problem(
                "deadline",
                Sentence(
                    "{closes_at} is not after the opening {opens_at}. Give a later time.",
                    closes_at=iso(closes_at),
                    opens_at=iso(opens_at),
                ),
            )
        )
    if problems:
        raise InputError(problems)
    planned = _next_round(session, study=study, now=now, actor=actor, cohort=cohort)
    planned.state = next_state(RoundState(planned.state), RoundAct.SCHEDULE, number=planned.number)
    planned.opens_at = opens_at
    planned.closes_at = closes_at
    session.flush()
    _ask(session, OPEN_JOB, planned, run_at=opens_at)
    _record(session, planned, "round.schedule", now=now, actor=actor, opens_at=opens_at, closes_at=closes_at)
    return planned


def open_round(
    session: Session,
    *,
    study: Study,
    now: datetime,
    actor: str,
    closes_at: datetime | None = None,
    cohort: str = "",
) -> Round:
    """Open the study's next round, or the one that is scheduled; with `closes_at` it closes by itself.

    `cohort` is the tag of those whom it is for, where the protocol lets cohorts overlap. Raises Refused when
    another round is open, nobody is on the panel, the protocol is not locked, the earlier round is not
    released, or the deadline is over already.
    """
    if closes_at is not None and closes_at <= now:
        raise Refused(
            Sentence(
                "The deadline {closes_at} is over already; it is {now} now. Give a later one.",
                closes_at=iso(closes_at),
                now=iso(now),
            )
        )
    opened = _next_round(session, study=study, now=now, actor=actor, cohort=cohort)
    opened.state = next_state(RoundState(opened.state), RoundAct.OPEN, number=opened.number)
    opened.opened_at = now
    if closes_at is not None or opened.closes_at is None or opened.closes_at <= now:
        opened.closes_at = closes_at
    session.flush()
    if opened.closes_at is not None:
        _ask(session, CLOSE_JOB, opened, run_at=opened.closes_at)
    _ask_for_refresh(session, opened, now=now)
    _record(session, opened, "round.open", now=now, actor=actor, closes_at=opened.closes_at)
    letters_of_opening(session, opened=opened, now=now, actor=actor)
    return opened


def open_scheduled_round(session: Session, *, study_id: int, number: int, now: datetime, actor: str) -> bool:
    """Open a scheduled round whose time has come; returns whether it was. A round that was moved waits."""
    found = session.get(Round, (study_id, number))
    if found is None or found.state != RoundState.SCHEDULED or found.opens_at is None or found.opens_at > now:
        return False
    open_round(session, study=session.get_one(Study, study_id), now=now, actor=actor, cohort=found.cohort)
    return True


def extend_round(
    session: Session,
    *,
    study: Study,
    closes_at: datetime,
    reason: str,
    now: datetime,
    actor: str,
    number: int | None = None,
) -> Round:
    """Give an open round a later deadline, and say why. Raises Refused for an earlier one."""
    held = _hold(session, study_id=study.id, number=number)
    held.state = next_state(RoundState(held.state), RoundAct.EXTEND, number=held.number)
    if closes_at <= now:
        raise Refused(
            Sentence(
                "The deadline {closes_at} is over already; it is {now} now. Give a later one.",
                closes_at=iso(closes_at),
                now=iso(now),
            )
        )
    if held.closes_at is not None and closes_at < held.closes_at:
        raise Refused(
            Sentence(
                "Round {number} closes {closes_at}, and experts were told so: a deadline is "
                "only ever moved to a later time. To end the round now, close it.",
                number=held.number,
                closes_at=iso(held.closes_at),
            )
        )
    before, held.closes_at = held.closes_at, closes_at
    _ask(session, CLOSE_JOB, held, run_at=closes_at)
    _record(
        session,
        held,
        "round.extend",
        now=now,
        actor=actor,
        reason=_needed(reason, Sentence("the deadline is moved")),
        before=before,
        closes_at=closes_at,
    )
    return held


def reopen_round(
    session: Session,
    *,
    study: Study,
    reason: str,
    now: datetime,
    actor: str,
    closes_at: datetime | None = None,
    number: int | None = None,
) -> Round:
    """Open a closed round again, and say why; only before its feedback is released.

    A release draft made from the answers until then goes: the next closing makes another. Raises Refused.
    """
    if closes_at is not None and closes_at <= now:
        raise Refused(
            Sentence(
                "The deadline {closes_at} is over already; it is {now} now. Give a later one.",
                closes_at=iso(closes_at),
                now=iso(now),
            )
        )
    held = _hold(session, study_id=study.id, number=number)
    why = _needed(reason, Sentence("the round is opened again"))
    state = next_state(RoundState(held.state), RoundAct.REOPEN, number=held.number)
    _refuse_a_second(session, study=study, cohort=held.cohort, besides=held.number)
    held.state = state
    held.closed_at = None
    held.closing_at = None
    held.closes_at = closes_at
    session.execute(
        delete(Release).where(
            Release.study_id == study.id, Release.round == held.number, Release.released_at.is_(None)
        )
    )
    if closes_at is not None:
        _ask(session, CLOSE_JOB, held, run_at=closes_at)
    _ask_for_refresh(session, held, now=now)
    _record(session, held, "round.reopen", now=now, actor=actor, reason=why, closes_at=closes_at)
    return held


def cancel_round(
    session: Session, *, study: Study, reason: str, now: datetime, actor: str, number: int | None = None
) -> Round:
    """Call a round off, and say why. What was answered in it is kept and counts nowhere. Raises Refused."""
    held = _hold(session, study_id=study.id, number=number)
    why = _needed(reason, Sentence("the round is cancelled"))
    held.state = next_state(RoundState(held.state), RoundAct.CANCEL, number=held.number)
    held.closed_at = now
    _record(session, held, "round.cancel", now=now, actor=actor, reason=why)
    return held


def mark_closing(session: Session, *, study_id: int, number: int, now: datetime) -> None:
    """Say that somebody waits to close: saves that have not begun yet step back, those in flight finish."""
    session.execute(
        update(Round)
        .where(Round.study_id == study_id, Round.number == number, Round.state == RoundState.OPEN)
        .values(closing_at=now)
    )


def close_held_round(session: Session, *, study_id: int, number: int, now: datetime, actor: str) -> Round:
    """Flip an open round to closed, once no save is in flight any more. Raises Refused when it is not.

    What follows from the answers is worked out afterwards, on rows that can no longer change.
    """
    held = _hold(session, study_id=study_id, number=number)
    held.state = next_state(RoundState(held.state), RoundAct.CLOSE, number=number)
    held.closed_at = now
    held.closing_at = None
    _ask(session, SETTLE_JOB, held, run_at=now)
    _record(session, held, "round.close", now=now, actor=actor)
    return held


def close_round(database: Database, *, slug: str, actor: str, number: int | None = None) -> Round:
    """Close the study's open round, or round `number`: two transactions, first the mark, then the state.

    What was acknowledged before is in; what comes later is a late draft. Raises Refused when there is
    no open round.
    """
    with database.verb() as session:
        study = get_study(session, slug=slug)
        study_id = study.id
        if number is None:
            number = _find_closable(session, study_id=study_id)
        mark_closing(session, study_id=study_id, number=number, now=read_now(session))
    with database.verb() as session:
        return close_held_round(session, study_id=study_id, number=number, now=read_now(session), actor=actor)


def _find_closable(session: Session, *, study_id: int) -> int:
    """The open round, or the latest one, whose state then says why it cannot be closed."""
    open_numbers = session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.state == RoundState.OPEN)
        .order_by(Round.number)
    ).all()
    if len(open_numbers) > 1:
        listed = ", ".join(map(str, open_numbers))
        raise Refused(
            Sentence(
                "Rounds {listed} are open for different cohorts: say which one, with --round NUMBER.",
                listed=listed,
            )
        )
    return open_numbers[0] if open_numbers else get_round(session, study_id=study_id).number


def _next_round(session: Session, *, study: Study, now: datetime, actor: str, cohort: str) -> Round:
    """The round that is scheduled for this cohort, or a new one; refused while anything stands in its way.

    What it asks and shows is what stands decided now, whatever did when it was scheduled.
    """
    _refuse_a_second(session, study=study, cohort=cohort)
    panel = session.scalar(select(func.count()).select_from(Panellist).where(Panellist.study_id == study.id))
    if not panel:
        raise Refused(
            Sentence(
                "There is nobody on the panel yet. Import the panel first: surveyapp panel import STUDY FILE"
            )
        )
    waiting = session.scalars(
        select(Round)
        .where(Round.study_id == study.id, Round.state.in_(_UNDER_WAY), Round.cohort == cohort)
        .order_by(Round.number)
        .limit(1)
    ).first()
    plan: Plan = plan_next_round(session, study=study, now=now, actor=actor, cohort=cohort, waiting=waiting)
    planned = waiting or Round(study_id=study.id, number=plan.number, state=RoundState.DRAFT, cohort=cohort)
    planned.questionnaire_number = plan.questionnaire_number
    planned.protocol_number = study.protocol_number
    planned.open_to = plan.open_to
    planned.plan = plan.for_pages
    planned.shows_round = plan.shows_round
    session.add(planned)
    session.flush()
    return planned


def _refuse_a_second(session: Session, *, study: Study, cohort: str, besides: int | None = None) -> None:
    """One round at a time; with a cohort named on both sides, one at a time for each cohort."""
    others: list[ColumnElement[bool]] = [Round.study_id == study.id, Round.state == RoundState.OPEN]
    if cohort:
        others.append(Round.cohort.in_(["", cohort]))
    if besides is not None:
        others.append(Round.number != besides)
    number = session.scalars(select(Round.number).where(*others).order_by(Round.number).limit(1)).first()
    if number is not None:
        raise Refused(
            Sentence("Round {number} is open already. Close it before you open another.", number=number)
        )


def _hold(session: Session, *, study_id: int, number: int | None) -> Round:
    """The round, locked until the transaction ends, as it is now."""
    if number is None:
        number = get_round(session, study_id=study_id).number
    held = session.scalars(
        select(Round)
        .where(Round.study_id == study_id, Round.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if held is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    return held


def _needed(reason: str, what: Sentence) -> str:
    words = " ".join(reason.split())
    if not words:
        raise InputError(
            [
                Problem(
                    "reason",
                    Sentence(
                        "it is empty; write why {what}: it stands in the record and in every report.",
                        what=what,
                    ),
                )
            ]
        )
    return words


def _ask_for_refresh(session: Session, of: Round, *, now: datetime) -> None:
    """A round in real time renews its figures as long as it is open: each turn asks for the next."""
    if RoundPlan.from_canonical(of.plan).batch is not None:
        _ask(session, REFRESH_JOB, of, run_at=now + REFRESH_EVERY)


def _ask(session: Session, kind: str, of: Round, *, run_at: datetime) -> None:
    queue.enqueue(
        session,
        key=f"{kind}:{of.study_id}:{of.number}:{run_at.isoformat()}",
        kind=kind,
        study_id=of.study_id,
        payload={"round": of.number},
        run_at=run_at,
    )


def _record(
    session: Session, of: Round, act: str, *, now: datetime, actor: str, reason: str = "", **times: Any
) -> None:
    detail: dict[str, Any] = {"round": of.number}
    if of.cohort:
        detail["cohort"] = of.cohort
    detail |= {name: iso(moment) if moment else None for name, moment in times.items()}
    record(session, study_id=of.study_id, now=now, actor=actor, act=act, detail=detail, reason=reason)
    session.flush()
