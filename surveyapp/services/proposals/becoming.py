"""Proposals that become items: a decision names them, they name the item, and both let go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Outcome
from surveyapp.errors import InputError, Problem
from surveyapp.models import Panellist, Proposal
from surveyapp.questionnaire.model import ANY_LANGUAGE, Item, Text, is_identifier
from surveyapp.services.proposals.holding import hold_groups, place


def with_proposals(session: Session, *, study_id: int, decided: Decided, languages: Sequence[str]) -> Decided:
    """The decision with all proposals that it takes in, and with an item in their words where it has none.

    Whoever names one of a group means all that say the same. Where the study speaks several `languages`, the
    words are in their author's alone, and what is missing is then told like in any questionnaire. Raises
    NotFound for an unknown name, InputError with every proposal that has found another place already.
    """
    if decided.outcome is not Outcome.NEW or not decided.detail.proposals:
        return decided
    groups = hold_groups(session, study_id=study_id, names=decided.detail.proposals)
    problems = [
        Problem(group[0].public_id, _elsewhere(group[0]))
        for group in groups
        if group[0].state != "unread" and (group[0].state, group[0].item) != ("item", decided.item)
    ]
    if problems:
        raise InputError(problems)
    detail = decided.detail
    names = tuple(sorted(row.public_id for group in groups for row in group))
    update: dict[str, object] = {"proposals": names}
    lead = groups[0][0]
    words = " ".join((lead.released_text or lead.text).split())
    if detail.item is None and words and is_identifier(decided.item):
        language = _language_of(session, lead, languages) if len(languages) > 1 else ANY_LANGUAGE
        update["item"] = Item(id=decided.item, title=Text({language: words}))
    return replace(decided, detail=detail.model_copy(update=update))


def tie(session: Session, *, study_id: int, decided: Decided, now: datetime, actor: str) -> None:
    """Let the proposals that a decision names be the item that it makes, and those of before be free."""
    if decided.outcome is not Outcome.NEW:
        return
    named = frozenset(decided.detail.proposals)
    before = _read_tied(session, study_id=study_id, item=decided.item)
    place([row for row in before if row.public_id not in named], "unread", now=now, actor=actor)
    if named:
        for group in hold_groups(session, study_id=study_id, names=sorted(named)):
            place(group, "item", now=now, actor=actor, item=decided.item)
    session.flush()


def untie(session: Session, *, study_id: int, item: str, now: datetime, actor: str) -> None:
    """The item is none after all: what it came from, and what it covered, is to be read again."""
    rows = session.scalars(select(Proposal).where(Proposal.study_id == study_id, Proposal.item == item)).all()
    place(rows, "unread", now=now, actor=actor)
    session.flush()


def _language_of(session: Session, row: Proposal, languages: Sequence[str]) -> str:
    language = session.get_one(Panellist, (row.study_id, row.panellist_id)).language
    return language if language in languages else languages[0]


def _read_tied(session: Session, *, study_id: int, item: str) -> Sequence[Proposal]:
    return session.scalars(
        select(Proposal).where(Proposal.study_id == study_id, Proposal.item == item, Proposal.state == "item")
    ).all()


def _elsewhere(row: Proposal) -> str:
    if row.state == "set_aside":
        return "it was set aside; put it back first: surveyapp proposals put-back STUDY NAME."
    if row.state == "covered":
        return f"it is covered by '{row.item}'; put it back first: surveyapp proposals put-back STUDY NAME."
    return f"it has become the item '{row.item}' already; take that decision back first, or name another."
