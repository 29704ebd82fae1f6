"""Figures after figures: what may be shown of a round that was shown before, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ReleaseContent, ShownCell
from surveyapp.delphi.privacy.batches import changed_since
from surveyapp.delphi.privacy.ledger import Figure
from surveyapp.delphi.privacy.suppression import CellShown, Hidden, Why
from surveyapp.models import Study
from surveyapp.services.figures import RoundFigures
from surveyapp.services.ledgers import Line, pass_ledger, read_last_totals, read_ledger
from surveyapp.services.release_drafts import privacy_rules, show_cell, suppressed_cells
from surveyapp.services.standing_answers import read_standing_answers

IsDue = Callable[[Collection[int]], bool]
"""Whether a cell's figures may be renewed, by whose answers in it changed since they were shown last."""

_NOTHING_YET = CellShown(Hidden(Why.TOO_FEW), {})


@dataclass(frozen=True, slots=True)
class Renewed:
    """All rated cells as they are shown from now on; `lines` are the figures that were not shown before."""

    cells: tuple[ShownCell, ...]
    lines: tuple[Line, ...]


def renew_cells(
    session: Session,
    figures: RoundFigures,
    *,
    study: Study,
    earlier: ReleaseContent | None,
    is_due: IsDue,
) -> Renewed:
    """Renew what is due and passes the ledger; the other cells stay as `earlier` shows them.

    A cell that nothing was shown of yet says that too few have answered, whether it is some or none.
    """
    number, rules = figures.number, privacy_rules(figures, study=study)
    suppressed = dict(suppressed_cells(figures, study=study))
    standing = read_standing_answers(session, study_id=study.id, number=number, cells=suppressed, rules=rules)
    last = read_last_totals(session, study_id=study.id, number=number)
    due = [
        cell
        for cell in suppressed
        if is_due(changed_since(_answers_of(last, cell), standing.versions.get(cell, {})))
    ]
    ledger = read_ledger(session, study_id=study.id, number=number, cells=due, k=rules.k)
    known = earlier.cells_by_number if earlier is not None else {}
    renewed: dict[int, ShownCell] = {}
    lines: list[Line] = []
    for cell in due:
        answers = standing.versions.get(cell, {})
        passed = pass_ledger(ledger, cell, suppressed[cell], answers, standing.groups)
        if passed is not None and not isinstance(passed[0].total, Hidden):
            renewed[cell] = show_cell(figures, cell, passed[0])
            lines += [Line(cell, each.name, len(each.answers), each.members()) for each in passed[1]]
    return Renewed(
        tuple(
            renewed.get(cell) or known.get(cell) or show_cell(figures, cell, _NOTHING_YET)
            for cell in suppressed
        ),
        tuple(lines),
    )


def _answers_of(last: Mapping[int, Figure], cell: int) -> Mapping[int, int]:
    figure = last.get(cell)
    return figure.answers if figure is not None else {}
