"""What a panellist submitted in a round, read from the submission itself and not from the rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, select

from surveyapp.models import Participation, Submission
from surveyapp.questionnaire.cells import Status
from surveyapp.tally.submissions import name_of, read_cell_names


def read_submitted(
    connection: Connection, *, study_id: int, panellist_id: int, number: int
) -> dict[int, tuple[int, float | None, str | None, str | None]]:
    """Cell → the columns that the latest submission of round `number` stands for; empty without one."""
    content = connection.execute(
        select(Submission.content)
        .join(
            Participation,
            and_(
                Participation.study_id == Submission.study_id,
                Participation.round == Submission.round,
                Participation.panellist_id == Submission.panellist_id,
                Participation.submission == Submission.number,
            ),
        )
        .where(
            Submission.study_id == study_id,
            Submission.round == number,
            Submission.panellist_id == panellist_id,
        )
    ).scalar_one_or_none()
    if content is None:
        return {}
    names = read_cell_names(connection, study_id=study_id)
    return {names[name_of(answer)]: columns_of(answer) for answer in json.loads(content)["answers"]}


def read_ever_given(
    connection: Connection, *, study_id: int, panellist_id: int, number: int
) -> frozenset[int]:
    """The cells that held an answer in any submission of round `number`, even if it was taken back since."""
    contents = connection.execute(
        select(Submission.content).where(
            Submission.study_id == study_id,
            Submission.round == number,
            Submission.panellist_id == panellist_id,
        )
    ).scalars()
    given = {
        name_of(answer)
        for content in contents
        for answer in json.loads(content)["answers"]
        if answer["status"] != Status.BLANK.name.lower()
    }
    names = read_cell_names(connection, study_id=study_id) if given else {}
    return frozenset(names[name] for name in given)


def columns_of(answer: Mapping[str, Any]) -> tuple[int, float | None, str | None, str | None]:
    """Status, value, text and parts of one answer of a submission, as the answer's row has them."""
    parts = answer.get("parts")
    return (
        int(Status[answer["status"].upper()]),
        answer.get("value"),
        answer.get("text"),
        None if parts is None else json.dumps(parts, ensure_ascii=False),
    )
