"""Proposals taken in hand: found by their names, with all that say the same, and held until it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Proposal
from surveyapp.services.reading.reasons import get_closed_round

_AT_ONCE = 400


def hold_proposals(session: Session, *, study_id: int, names: Sequence[str]) -> list[Proposal]:
    """The proposals of these names, in the order asked for, held until the transaction ends.

    Raises NotFound with every name that there is none of, and what `get_closed_round` raises.
    """
    asked = list(dict.fromkeys(name.strip().upper() for name in names))
    found = {
        row.public_id: row
        for some in _in_parts(asked)
        for row in _hold(session, study_id, Proposal.public_id.in_(some))
    }
    missing = [name for name in asked if name not in found]
    if missing:
        raise NotFound(Sentence("This study has no proposal {missing}.", missing=", ".join(missing)))
    return [found[name] for name in asked]


def hold_groups(session: Session, *, study_id: int, names: Sequence[str]) -> list[list[Proposal]]:
    """The groups that these belong to, each once: first the one that stands for the others."""
    rows = hold_proposals(session, study_id=study_id, names=names)
    leads = list(dict.fromkeys(row.grouped_as or row.public_id for row in rows))
    groups: dict[str, list[Proposal]] = {lead: [] for lead in leads}
    for some in _in_parts(leads):
        is_one = or_(Proposal.public_id.in_(some), Proposal.grouped_as.in_(some))
        for row in sorted(_hold(session, study_id, is_one), key=lambda row: (row.grouped_as, row.public_id)):
            groups[row.grouped_as or row.public_id].append(row)
    return list(groups.values())


def place(
    rows: Iterable[Proposal], state: str, *, now: datetime, actor: str, item: str = "", because: str = ""
) -> None:
    """Put held proposals into a state, leaving nothing of the state they were in."""
    for row in rows:
        row.state, row.item, row.because = state, item, because
        row.handled_by = "" if state == "unread" else actor
        row.handled_at = None if state == "unread" else now


def _hold(session: Session, study_id: int, condition: ColumnElement[bool]) -> Sequence[Proposal]:
    """The rows, read once their rounds are held: until then somebody else may be at work on them."""
    mine = (Proposal.study_id == study_id, condition)
    rounds = session.scalars(select(Proposal.round).where(*mine).distinct()).all()
    for number in sorted(rounds):
        get_closed_round(session, study_id=study_id, round_number=number, hold=True)
    return session.scalars(select(Proposal).where(*mine).execution_options(populate_existing=True)).all()


def _in_parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]
