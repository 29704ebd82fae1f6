"""Gathering what experts wrote, a few hundred panellists at a time, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Participation, Proposal, Reason
from surveyapp.services.public_names import read_names
from surveyapp.services.unit import Database, read_now

_PART = 200


@dataclass(frozen=True, slots=True)
class Gathered:
    """What gathering found: records that are new, changed since the last time, gone, or as they were."""

    added: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0

    def __add__(self, other: Gathered) -> Gathered:
        """Both together."""
        return Gathered(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


Gather = Callable[[Session, datetime, Collection[int], set[str]], Gathered]
"""Gathers from these panellists, with the public names that are taken."""


def gather_by_parts(
    database: Database,
    gather: Gather,
    *,
    table: type[Reason | Proposal],
    study_id: int,
    round_number: int,
    only: Sequence[int] | None = None,
) -> Gathered:
    """Everything that `gather` finds in a round, in acts so short that nobody waits long for their turn.

    `only` names those to look at, where that is not everybody.
    """
    if only is not None and not only:
        return Gathered()
    with database.reading() as session:
        everybody = (
            session.scalars(
                select(Participation.panellist_id)
                .where(Participation.study_id == study_id, Participation.round == round_number)
                .order_by(Participation.panellist_id)
            ).all()
            if only is None
            else only
        )
        # Once for all parts: to look for each part's names anew costs more with every part.
        taken = read_names(session, table, study_id=study_id)
    found = Gathered()
    for start in range(0, len(everybody), _PART):
        with database.verb() as session:
            found += gather(session, read_now(session), everybody[start : start + _PART], taken)
    return found
