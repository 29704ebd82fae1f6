"""How submissions name cells: by what they ask, so that a submission can be read without the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from surveyapp.models import Cell

CellName: TypeAlias = tuple[str, str, int, str, str, str]
"""question, item, item version, context, criterion, part."""
_NAME = ("question", "item", "item_version", "context", "criterion", "part")


def name_of(answer: Mapping[str, Any]) -> CellName:
    """The cell that one answer of a submission stands in."""
    question, item, version, context, criterion, part = (answer[each] for each in _NAME)
    return question, item, version, context, criterion, part


def read_cell_names(reader: Session | Connection, *, study_id: int) -> dict[CellName, int]:
    """How submissions name each cell of the study → its number."""
    rows = reader.execute(
        select(
            Cell.number, Cell.question, Cell.item, Cell.item_version, Cell.context, Cell.criterion, Cell.part
        ).where(Cell.study_id == study_id)
    )
    return {(row[1], row[2], row[3], row[4], row[5], row[6]): row[0] for row in rows}
