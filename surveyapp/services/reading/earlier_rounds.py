"""Which earlier rounds a panellist submitted in: found once, at the start of a round, and kept with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from surveyapp.models import Participation, Round


@dataclass(frozen=True, slots=True)
class EarlierRounds:
    """The earlier rounds that a panellist submitted in, ascending."""

    numbers: tuple[int, ...] = ()
    edited: frozenset[int] = frozenset()
    """Those whose answers differ from what was submitted, by later edits or by questions that had fallen away
    before: there the submission's own text counts."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a participation keeps: ``1,2*``, a star for an edited one."""
        return cls(
            tuple(int(each.rstrip("*")) for each in text.split(",") if each),
            frozenset(int(each.rstrip("*")) for each in text.split(",") if each.endswith("*")),
        )

    def as_text(self) -> str:
        """What a participation keeps."""
        return ",".join(f"{number}*" if number in self.edited else str(number) for number in self.numbers)


def read_earlier_rounds(session: Session, *, study_id: int, panellist_id: int, before: int) -> EarlierRounds:
    """The rounds before `before` that this panellist submitted in; cancelled ones do not count."""
    numbers = session.scalars(
        select(Round.number)
        .where(Round.study_id == study_id, Round.number < before, Round.state != "cancelled")
        .order_by(Round.number)
    ).all()
    if not numbers:
        return EarlierRounds()
    rows = session.execute(
        select(
            Participation.round,
            or_(
                Participation.revision > Participation.submitted_revision, Participation.has_strays.is_(True)
            ).label("edited"),
        )
        .where(
            Participation.study_id == study_id,
            # By number, so that the key finds each row at once.
            Participation.round.in_(numbers),
            Participation.panellist_id == panellist_id,
            Participation.submission > 0,
            Participation.withdrawn_at.is_(None),
        )
        .order_by(Participation.round)
    ).all()
    return EarlierRounds(tuple(row.round for row in rows), frozenset(row.round for row in rows if row.edited))
