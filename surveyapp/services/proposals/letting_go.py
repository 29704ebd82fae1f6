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


def erase_proposals(session: Session, *, study_id: int, panellist_id: int, now: datetime) -> int:
    """Take out all that one panellist proposed, who leaves with all answers; returns how many proposals.

    What is no item yet goes without a trace but its hash in the audit. Of what became an item, or is covered
    by one, the panellist's words go; that there was such a proposal stays, for the item stands on it.
    """
    mine = session.scalars(
        select(Proposal).where(Proposal.study_id == study_id, Proposal.panellist_id == panellist_id)
    ).all()
    hashes = sorted(hashlib.sha256(f"{row.public_id}\n{row.text}".encode()).hexdigest() for row in mine)
    staying = [row for row in mine if row.item]
    let_go(session, [row for row in mine if not row.item])
    _hand_over(session, staying)
    for row in staying:
        row.text = row.released_text = ""
    if hashes:
        detail = {"sha256": hashes, "of_items": len(staying)}
        record(session, study_id=study_id, now=now, actor="panellist", act="proposals.erase", detail=detail)
    session.flush()
    return len(hashes)


def let_go(session: Session, rows: Sequence[Proposal]) -> None:
    """Delete these proposals; decisions forget that they came from them, and groups find another lead."""
    if not rows:
        return
    _hand_over(session, rows)
    _forget(session, rows)
    for row in rows:
        session.delete(row)
    session.flush()


def _hand_over(session: Session, rows: Sequence[Proposal]) -> None:
    """Whoever stood for others hands that over to one of those that stay, and keeps none."""
    if not rows:
        return
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
    for lead, others in members.items():
        # One whose words are still there can be read for all.
        heir = next((row for row in others if row.text), others[0])
        for row in others:
            row.grouped_as = "" if row is heir else heir.public_id
        for row in rows:
            if lead in {row.public_id, row.grouped_as}:
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
