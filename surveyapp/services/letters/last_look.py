"""The last look at a reminder that goes by rule: what held when it was put in may hold no longer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import Sentence
from surveyapp.mail.kinds import Kind
from surveyapp.models import OutboxMessage, Panellist
from surveyapp.services.letters.audience import Occasion, select_panellists
from surveyapp.services.letters.reminding import APART, BY_RULE, get_plan

_ARRIVED = ("sent", "unknown")
_IN_VAIN = ("bounced", "refused")


def find_why_not(session: Session, row: OutboxMessage, *, occasion: Occasion, now: datetime) -> str:
    """Why this reminder does not go any more, for the organiser; '' where it goes, or where a person sent it.

    Two rules may have put in theirs before either went, and a worker that stood still may hold several: what
    counts is what has arrived, and of two that go at once the later reminder.
    """
    if occasion.kind is not Kind.REMINDER or row.queued_by != BY_RULE:
        return ""
    plan = get_plan(session, study_id=occasion.study_id)
    rule = next((each for each in plan.rules if each.number == occasion.number), None)
    if rule is None:
        return Sentence("the rule that asked for it is gone")
    others = session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.study_id == occasion.study_id,
            OutboxMessage.panellist_id == row.panellist_id,
            OutboxMessage.round == occasion.round,
            (OutboxMessage.kind != occasion.kind) | (OutboxMessage.number != occasion.number),
        )
    ).all()
    if any(each.state in _IN_VAIN for each in others):
        return Sentence("an earlier letter of this round did not arrive")
    reminders = [
        each
        for each in others
        if each.kind == Kind.REMINDER
        and (each.state in _ARRIVED or (each.state == "sending" and each.number > occasion.number))
    ]
    if len(reminders) >= plan.most:
        return Sentence("has had as many reminders in this round as the study allows")
    if any(each.sent_at is None or each.sent_at > now - APART for each in reminders):
        return Sentence("was reminded a short while ago")
    meant = select_panellists(occasion, now=now, audience=rule.audience)
    if session.scalar(meant.where(Panellist.id == row.panellist_id)) is None:
        return Sentence("is not one of those any more whom the rule reminds")
    return ""
