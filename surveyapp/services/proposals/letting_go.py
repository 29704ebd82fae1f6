"""What follows when a proposal goes: its group finds another to stand for it, and an item one source less."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.lineage import Detail
from surveyapp.models import Decision, Proposal
from surveyapp.services.audit import record


def erase_proposals(
    session: Session, *, study_id: int, panellist_id: int, now: datetime, actor: str = "panellist"
) -> int:
    """Take out all that one panellist proposed, who leaves with all answers; returns how many proposals.

    An item that came of one stays: what the panel rates is the study's. Its decision goes on naming the
    proposal, whose random name leads to nobody any more. The audit keeps a hash of each.
    """
    mine = session.scalars(
        select(Proposal).where(Proposal.study_id == study_id, Proposal.panellist_id == panellist_id)
    ).all()
    hashes = sorted(hashlib.sha256(f"{row.public_id}\n{row.text}".encode()).hexdigest() for row in mine)
    _delete(session, mine)
    if hashes:
        detail = {"sha256": hashes}
        record(session, study_id=study_id, now=now, actor=actor, act="proposals.erase", detail=detail)
    session.flush()
    return len(hashes)


def let_go(session: Session, rows: Sequence[Proposal]) -> None:
    """Delete proposals that their authors have replaced; what was decided is not theirs any more."""
    if rows:
        _forget(session, rows)
        _delete(session, rows)


def _delete(session: Session, rows: Sequence[Proposal]) -> None:
    """Those that say the same find another to stand for them."""
    if not rows:
        return
    _hand_over(session, rows)
    for row in rows:
        session.delete(row)
    session.flush()


def _hand_over(session: Session, rows: Sequence[Proposal]) -> None:
    leaving = {row.public_id for row in rows}
    members: dict[str, list[Proposal]] = defaultdict(list)
    for row in session.scalars(
        select(Proposal)
        .where(
            Proposal.study_id == rows[0].study_id,
            Proposal.grouped_as.in_(leaving),
            Proposal.public_id.not_in(leaving),
        )
        .order_by(Proposal.public_id)
    ):
        members[row.grouped_as].append(row)
    for heir, *others in members.values():
        heir.grouped_as = ""
        for row in others:
            row.grouped_as = heir.public_id
    session.flush()


def _forget(session: Session, rows: Sequence[Proposal]) -> None:
    """Decisions about items that came from these name them no more."""
    study_id, leaving = rows[0].study_id, {row.public_id for row in rows}
    items = {row.item for row in rows if row.state == "item"}
    if not items:
        return
    for decision in session.scalars(
        select(Decision).where(
            Decision.study_id == study_id, Decision.item.in_(items), Decision.outcome == "new"
        )
    ):
        detail = Detail.model_validate(json.loads(decision.detail), strict=False)
        left = tuple(name for name in detail.proposals if name not in leaving)
        decision.detail = detail.model_copy(update={"proposals": left}).canonical()
    session.flush()
