"""Reminders by rule: so many days before a round closes, at an hour of the panellist's own day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.rounds import RoundState
from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.mail.kinds import MOST_REMINDERS, REMINDERS, Kind
from surveyapp.models import LetterSetting, OutboxMessage, Panellist, ReminderRule, Round, Study
from surveyapp.services import queue
from surveyapp.services.audit import record
from surveyapp.services.letters.audience import AUDIENCES, Audience, Occasion, select_waiting
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.unit import Database, read_now

REMIND_JOB = "letters.remind"
Anchor: TypeAlias = Literal["before_closing", "after_opening"]
ANCHORS: tuple[Anchor, ...] = ("before_closing", "after_opening")
LATE = timedelta(hours=12)
"""A reminder whose moment is longer ago is left out: the worker stood still, or the rule is newer."""
APART = timedelta(hours=20)
"""Two reminders to one panellist are at least this far apart."""
BY_RULE = "system"
"""Who asks for a reminder that goes by rule."""
_NOT_SENT = ("cancelled", "dropped")


@dataclass(frozen=True, slots=True)
class Rule:
    """When one reminder goes, and to whom."""

    number: int
    anchor: Anchor
    days: int
    minute: int
    """Minutes after midnight, where the panellist is."""
    audience: Audience


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """All rules of a study, and how many reminders one panellist gets in a round at most."""

    rules: tuple[Rule, ...]
    most: int


def get_plan(session: Session, *, study_id: int) -> ReminderPlan:
    """The study's rules, in the order of the reminders."""
    rows = session.scalars(
        select(ReminderRule).where(ReminderRule.study_id == study_id).order_by(ReminderRule.number)
    )
    setting = session.get(LetterSetting, (study_id, str(Kind.REMINDER)))
    rules = tuple(
        Rule(row.number, cast("Anchor", row.anchor), row.days, row.minute, cast("Audience", row.audience))
        for row in rows
    )
    return ReminderPlan(rules, MOST_REMINDERS if setting is None else setting.most)


def set_plan(session: Session, *, study: Study, plan: ReminderPlan, now: datetime, actor: str) -> None:
    """Put these rules in the place of all others. Raises InputError with everything that is wrong."""
    problems = _find_problems(plan)
    if problems:
        raise InputError(problems)
    session.execute(delete(ReminderRule).where(ReminderRule.study_id == study.id))
    for rule in plan.rules:
        session.add(
            ReminderRule(
                study_id=study.id,
                number=rule.number,
                anchor=rule.anchor,
                days=rule.days,
                minute=rule.minute,
                audience=rule.audience,
            )
        )
    setting = session.get(LetterSetting, (study.id, str(Kind.REMINDER)))
    if setting is None:
        session.add(
            LetterSetting(study_id=study.id, kind=str(Kind.REMINDER), is_automatic=True, most=plan.most)
        )
    else:
        setting.most = plan.most
    detail = {"rules": len(plan.rules), "most": plan.most}
    record(session, study_id=study.id, now=now, actor=actor, act="letters.rules", detail=detail)
    session.flush()


def _find_problems(plan: ReminderPlan) -> list[Problem]:
    found = []
    if not 0 <= plan.most <= REMINDERS:
        found.append(Problem("most", Sentence("write a number from 0 to {most}.", most=REMINDERS)))
    numbers = [rule.number for rule in plan.rules]
    for rule in plan.rules:
        where = f"reminder {rule.number}"
        if not 1 <= rule.number <= REMINDERS or numbers.count(rule.number) > 1:
            found.append(
                Problem(where, Sentence("each reminder from 1 to {most} has one rule.", most=REMINDERS))
            )
        if not 0 <= rule.days <= 365:
            found.append(Problem(where, Sentence("write 0 to 365 days.")))
        if not 0 <= rule.minute < 24 * 60:
            found.append(Problem(where, Sentence("write an hour of the day, such as 9:00.")))
        if rule.anchor not in ANCHORS or rule.audience not in AUDIENCES:
            found.append(Problem(where, Sentence("choose when it goes and to whom.")))
    return found


def moment_of(rule: Rule, *, opened_at: datetime, closes_at: datetime | None, zone: str) -> datetime | None:
    """When this reminder is due for panellists in `zone`; None where the round has no deadline to count from.

    A moment that the clocks leave out is the one an hour later; of one that comes twice the first is meant.
    """
    local = ZoneInfo(zone)
    if rule.anchor == "before_closing":
        if closes_at is None:
            return None
        day = closes_at.astimezone(local).date() - timedelta(days=rule.days)
    else:
        day = opened_at.astimezone(local).date() + timedelta(days=rule.days)
    return datetime.combine(day, time(rule.minute // 60, rule.minute % 60), tzinfo=local)


def list_studies_to_remind(session: Session) -> list[int]:
    """The studies with rules and an open round."""
    return list(
        session.scalars(
            select(Study.id)
            .where(
                Study.archived_at.is_(None),
                select(ReminderRule.number).where(ReminderRule.study_id == Study.id).exists(),
                select(Round.number)
                .where(Round.study_id == Study.id, Round.state == RoundState.OPEN)
                .exists(),
            )
            .order_by(Study.id)
        )
    )


def remind_everywhere(database: Database) -> int:
    """Put the reminders of all studies that are due now into the outbox, study by study; returns how many."""
    with database.reading() as session:
        studies = list_studies_to_remind(session)
    total = 0
    for study_id in studies:
        # One unit of work each: what is wrong in one study holds no other up.
        with database.verb() as session:
            total += remind(session, study_id=study_id, now=read_now(session))
    return total


def ask_for_reminders(database: Database) -> None:
    """Make sure that the reminders of these five minutes are looked for once, by whichever worker."""
    with database.verb() as session:
        now = read_now(session)
        slot = now.replace(minute=now.minute - now.minute % 5, second=0, microsecond=0)
        queue.enqueue(
            session,
            key=f"{REMIND_JOB}:{slot:%Y-%m-%dT%H:%M}",
            kind=REMIND_JOB,
            study_id=None,
            payload={},
            run_at=slot,
        )


def remind(session: Session, *, study_id: int, now: datetime) -> int:
    """Put every reminder of this study that is due now into the outbox; returns how many.

    Running it again at once puts in nothing more. Nobody gets two on one day, nor one whose moment lies
    before the round's opening or long ago, nor one more than the study allows; nobody is reminded whose
    letters of this round were refused or came back.
    """
    study = session.get_one(Study, study_id)
    plan = get_plan(session, study_id=study_id)
    rounds = session.scalars(
        select(Round).where(
            Round.study_id == study_id, Round.state == RoundState.OPEN, Round.opened_at.is_not(None)
        )
    ).all()
    return sum(_remind_in(session, study, each, plan, now=now) for each in rounds)


def _remind_in(session: Session, study: Study, held: Round, plan: ReminderPlan, *, now: datetime) -> int:
    if plan.most == 0:
        return 0
    stopped = _find_stopped(session, held, most=plan.most, now=now)
    zones = session.scalars(
        select(Panellist.time_zone).where(Panellist.study_id == study.id).distinct()
    ).all()
    total = 0
    # The latest first: whoever gets that one gets no other today.
    for rule in sorted(plan.rules, key=lambda each: each.number, reverse=True):
        due = _zones_due(rule, study, held, zones, now=now)
        if not due:
            continue
        occasion = Occasion(study.id, held.number, Kind.REMINDER, rule.number)
        statement = select_waiting(occasion, now=now, audience=rule.audience).where(
            Panellist.time_zone.in_(due)
        )
        chosen = [each for each in session.scalars(statement.order_by(Panellist.id)) if each not in stopped]
        count = put_in(session, occasion=occasion, panellists=chosen, now=now, actor=BY_RULE)
        stopped.update(chosen)
        if count:
            detail = {
                "kind": str(Kind.REMINDER), "number": rule.number, "round": held.number, "letters": count,
            }  # fmt: skip
            record(session, study_id=study.id, now=now, actor=BY_RULE, act="letters.remind", detail=detail)
        total += count
    session.flush()
    return total


def _zones_due(rule: Rule, study: Study, held: Round, zones: Sequence[str], *, now: datetime) -> list[str]:
    assert held.opened_at is not None
    due = []
    for zone in zones:
        moment = moment_of(
            rule, opened_at=held.opened_at, closes_at=held.closes_at, zone=zone or study.time_zone
        )
        if moment is not None and held.opened_at <= moment <= now <= moment + LATE:
            due.append(zone)
    return due


def _find_stopped(session: Session, held: Round, *, most: int, now: datetime) -> set[int]:
    """Who is not reminded now, whatever the rules say."""
    rows = session.execute(
        select(
            OutboxMessage.panellist_id,
            OutboxMessage.kind,
            OutboxMessage.state,
            func.count(),
            func.max(OutboxMessage.queued_at),
        )
        .where(OutboxMessage.study_id == held.study_id, OutboxMessage.round == held.number)
        .group_by(OutboxMessage.panellist_id, OutboxMessage.kind, OutboxMessage.state)
    )
    reminders: dict[int, int] = defaultdict(int)
    stopped = set()
    for panellist_id, kind, state, count, latest in rows:
        if state in {"bounced", "refused"}:
            stopped.add(panellist_id)
        if kind == Kind.REMINDER and state not in _NOT_SENT:
            reminders[panellist_id] += count
            if latest > now - APART:
                stopped.add(panellist_id)
    return stopped | {each for each, count in reminders.items() if count >= most}
