"""What a rehearsal does with the items that its invented panel proposed: each thought becomes one item."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Decided, Detail, Outcome
from surveyapp.delphi.plan import RoundPlan
from surveyapp.errors import InputError
from surveyapp.models import Round, Study
from surveyapp.questionnaire.model import Item, Rating, Text
from surveyapp.services import deciding, item_history
from surveyapp.services.item_history import list_all_items
from surveyapp.services.proposals import handling
from surveyapp.services.protocols import find_protocol
from surveyapp.services.reading.proposals import list_proposals, suggest
from surveyapp.services.unit import Database, read_now

_MADE = "Rehearsal: the invented panel proposed it."
_NOT_RATED = "Rehearsal: no rating asks about new items."
_TOO_LATE = "Rehearsal: there is no further round to rate it in."


def take_up_proposals(database: Database, *, study_id: int, number: int, actor: str) -> tuple[int, int]:
    """Group what is worded alike, cover what is an item already, and make items of the rest.

    Returns how many different proposals there were, and how many became items.
    """
    with database.verb() as session:
        study, now = session.get_one(Study, study_id), read_now(session)
        _gather_alike(session, study=study, number=number, now=now, actor=actor)
        waiting = sorted(
            (
                each
                for each in list_proposals(session, study=study, round_number=number, state="unread")
                if not each.grouped_as
            ),
            key=lambda each: (each.words, each.public_id),
        )
        is_last = _is_last(session, study=study, number=number)
        tags = _read_tags(session, study_id=study_id)
        known = set(list_all_items(session, study_id=study_id))
        made = 0
        for each in waiting:
            item = next(name for place in range(1, 10_000) if (name := f"proposed-{place}") not in known)
            because = _TOO_LATE
            if not is_last:
                detail = Detail(
                    item=Item(id=item, title=Text({"*": each.words}), tags=tags), proposals=(each.public_id,)
                )
                decided = Decided(item, Outcome.NEW, _MADE, detail)
                try:
                    deciding.decide(
                        session, study=study, number=number, decided=decided, now=now, actor=actor
                    )
                except InputError:
                    because = _NOT_RATED
                else:
                    known.add(item)
                    made += 1
                    continue
            handling.set_aside_proposals(
                session, study_id=study_id, names=[each.public_id], because=because, now=now, actor=actor
            )
        return len(waiting), made


def _gather_alike(session: Session, *, study: Study, number: int, now: datetime, actor: str) -> None:
    found = suggest(session, study=study, round_number=number)
    covered: set[str] = set()
    for like in found.like_items:
        if like.public_id not in covered:
            covered.add(like.public_id)
            handling.cover_proposals(
                session,
                study_id=study.id,
                names=[like.public_id],
                item=like.item,
                now=now,
                actor=actor,
            )
    for group in found.groups:
        lead, *others = [name for name in group if name not in covered] or [""]
        if others:
            handling.group_proposals(
                session, study_id=study.id, lead=lead, others=others, now=now, actor=actor
            )


def _is_last(session: Session, *, study: Study, number: int) -> bool:
    protocol = find_protocol(session, study=study)
    held = session.get_one(Round, (study.id, number))
    return protocol is None or RoundPlan.from_canonical(held.plan).number >= protocol.last_round


def _read_tags(session: Session, *, study_id: int) -> tuple[str, ...]:
    """The tags by which ratings choose their items: with them, a new item is rated."""
    asked = item_history.read_first(session, study_id=study_id).questions_by_id.values()
    return tuple(dict.fromkeys(each.tagged for each in asked if isinstance(each, Rating) and each.tagged))
