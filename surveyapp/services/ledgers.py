"""The publication ledger of one round, as it is stored: what was shown of each cell, and of whose answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from surveyapp.delphi.privacy.ledger import TOTAL, Figure, Ledger, figures_shown
from surveyapp.delphi.privacy.suppression import CellShown, Hidden, Why
from surveyapp.models import Publication

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One figure that is shown; `members` where it must be known whose answers it stands on."""

    cell: int
    figure: str
    n: int
    members: str | None = None


def cell_name(cell: int) -> str:
    """What the ledger of a round calls a cell."""
    return str(cell)


def read_last_totals(session: Session, *, study_id: int, number: int) -> dict[int, Figure]:
    """Cell → the answers that its total stood on when it was last shown in the round."""
    mine = (Publication.study_id == study_id, Publication.round == number, Publication.figure == TOTAL)
    last = (
        select(Publication.cell, func.max(Publication.release).label("release"))
        .where(*mine, Publication.members.is_not(None))
        .group_by(Publication.cell)
        .subquery()
    )
    rows = session.execute(
        select(Publication.cell, Publication.members)
        .join(last, (last.c.cell == Publication.cell) & (last.c.release == Publication.release))
        .where(*mine)
    )
    return {cell: Figure.from_members(cell_name(cell), TOTAL, members) for cell, members in rows if members}


def read_ledger(session: Session, *, study_id: int, number: int, cells: Collection[int], k: int) -> Ledger:
    """All that was shown of these cells in the round, in the order in which it was shown."""
    ledger = Ledger(k)
    for some in _in_parts(sorted(cells)):
        rows = session.execute(
            select(Publication.cell, Publication.figure, Publication.members)
            .where(
                Publication.study_id == study_id,
                Publication.round == number,
                Publication.cell.in_(some),
                Publication.members.is_not(None),
            )
            .order_by(Publication.release, Publication.cell, Publication.figure)
        )
        ledger.record(
            Figure.from_members(cell_name(cell), figure, members)
            for cell, figure, members in rows
            if members is not None
        )
    return ledger


def pass_ledger(
    ledger: Ledger, cell: int, shown: CellShown, answers: Mapping[int, int], groups: Mapping[int, str]
) -> tuple[CellShown, tuple[Figure, ...]] | None:
    """What of `shown` may be shown after all that was shown before, and its figures for the ledger.

    None where the figure of everybody may not be renewed: then what was shown before stays. What is shown
    for the first time has passed the rule about remainders, and needs no other.
    """
    figures = list(figures_shown(cell_name(cell), shown, answers, groups))
    if not ledger.published(cell_name(cell)):
        ledger.record(figures)
        return shown, tuple(figures)
    if not figures or not ledger.may_publish(figures[:1]).may:
        return None
    verdicts = ledger.publish_what_may(figures)
    passed = [figure for figure, verdict in zip(figures, verdicts, strict=True) if verdict.may]
    refused = {
        figure.name.removeprefix("group:")
        for figure, verdict in zip(figures, verdicts, strict=True)
        if not verdict.may
    }
    parts = {
        group: Hidden(Why.REMAINDER) if group in refused else part for group, part in shown.groups.items()
    }
    return replace(shown, groups=parts), tuple(passed)


def write_lines(session: Session, lines: Iterable[Line], *, study_id: int, number: int, release: int) -> None:
    """Write down what a release shows."""
    session.flush()
    rows = [
        {
            "study_id": study_id,
            "round": number,
            "release": release,
            "cell": each.cell,
            "figure": each.figure,
            "n": each.n,
            "members": each.members,
        }
        for each in lines
    ]
    if rows:
        session.execute(insert(Publication), rows)


def _in_parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
