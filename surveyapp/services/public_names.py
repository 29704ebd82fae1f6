"""Random names for what experts wrote: all that is ever shown of who wrote it and where."""

from __future__ import annotations

from collections.abc import Collection
from random import Random, SystemRandom

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Proposal, Reason

# Without letters and digits that look alike: public names are read aloud and typed.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LETTERS = 7
_AT_ONCE = 500
_PREFIX = {Reason: "R-", Proposal: "N-"}

system_chance = SystemRandom()


def draw_names(
    session: Session,
    table: type[Reason | Proposal],
    number: int,
    *,
    study_id: int,
    taken: set[str] | None,
    chance: Random,
) -> list[str]:
    """So many names that no row of the study has; `taken`, where it is known, learns them."""
    found: set[str] = set()
    while len(found) < number:
        missing = min(number - len(found), _AT_ONCE)
        drawn = {_PREFIX[table] + "".join(chance.choices(_ALPHABET, k=_LETTERS)) for _ in range(missing)}
        drawn -= found
        found |= drawn - (_find_taken(session, table, drawn, study_id) if taken is None else taken)
    if taken is not None:
        taken |= found
    # A set has no order that would tell who came first; sorted, it is the same for the same chance.
    return chance.sample(sorted(found), number)


def read_names(session: Session, table: type[Reason | Proposal], *, study_id: int) -> set[str]:
    """All names that are taken: read once where many are drawn in parts."""
    return set(session.scalars(select(table.public_id).where(table.study_id == study_id)))


def _find_taken(
    session: Session, table: type[Reason | Proposal], names: Collection[str], study_id: int
) -> set[str]:
    return set(
        session.scalars(select(table.public_id).where(table.study_id == study_id, table.public_id.in_(names)))
    )
