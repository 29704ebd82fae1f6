"""All that is kept about one panellist, for the person who asks for it: every row, and nobody else's.

Made from the tables as they are, so that a table which is added later is in it by itself. What only opens
doors (hashes of links and of sessions) tells nothing about a person and is left out.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from surveyapp.clock import iso
from surveyapp.models import Base, Cell, Panellist, Study
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.panellists import check_reason, hold_panellist
from surveyapp.services.reading.panellists import seat_of

FORMAT = "surveyapp-person-1"
_SECRET = frozenset({"token_hash", "id_hash", "csrf_secret"})
_JSON = frozenset({"tags", "parts", "content", "canonical"})


def export_person(
    session: Session, *, study: Study, panellist_id: int, reason: str, now: datetime, actor: str
) -> dict[str, Any]:
    """Everything about one panellist, by table; the record says that it was taken, and why.

    Name and answers stand in it together: it is for the person alone. Raises InputError for a missing reason.
    """
    hold_panellist(session, study=study, panellist_id=panellist_id)
    reason = check_reason(session, study=study, panellist_id=panellist_id, reason=reason, is_needed=True)
    found: dict[str, Any] = {
        "format": FORMAT,
        "study": study.title,
        "made_at": iso(now),
        "panellist": _rows(session, Panellist.__table__, study_id=study.id, column="id", value=panellist_id),
    }
    for table in Base.metadata.sorted_tables:
        if {"study_id", "panellist_id"} <= set(table.columns.keys()):
            rows = _rows(session, table, study_id=study.id, column="panellist_id", value=panellist_id)
            if rows:
                found[table.name] = rows
    _name_cells(session, study, found)
    detail = {"seat": seat_of(panellist_id)}
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="panellist.export",
        detail=detail,
        reason=reason,
    )
    session.flush()
    return found


def _rows(session: Session, table: Any, *, study_id: int, column: str, value: int) -> list[dict[str, Any]]:
    assert isinstance(table, Table)
    columns = [each for each in table.columns if each.name not in _SECRET and each.name != "study_id"]
    rows = session.execute(
        select(*columns)
        .where(table.c.study_id == study_id, table.c[column] == value)
        .order_by(*table.primary_key.columns)
    )
    names = [each.name for each in columns]
    return [{name: _value(name, cell) for name, cell in zip(names, row, strict=True)} for row in rows]


def _value(name: str, cell: Any) -> Any:
    if isinstance(cell, datetime):
        return iso(cell)
    if name in _JSON and isinstance(cell, str):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell


def _name_cells(session: Session, study: Study, found: dict[str, Any]) -> None:
    """Beside a cell's number, what was asked there."""
    questionnaire = get_instrument(
        session, study_id=study.id, number=study.questionnaire_number
    ).questionnaire
    cells = {cell.number: cell for cell in session.scalars(select(Cell).where(Cell.study_id == study.id))}
    for rows in found.values():
        for row in rows if isinstance(rows, list) else ():
            cell = cells.get(row.get("cell", -1))
            if cell is None:
                continue
            names = ("question", "item", "context", "criterion", "part")
            row["asked"] = {name: getattr(cell, name) for name in names if getattr(cell, name)}
            question = questionnaire.questions_by_id.get(cell.question)
            text = getattr(question, "text", None)
            if text is not None:
                row["asked"]["text"] = text.get(questionnaire.language)
