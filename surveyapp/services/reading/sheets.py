"""All that a panel gave, a few panellists at a time, in the order of their pseudonyms: for exports.

What counts is the latest submission. Its answers equal the answer rows unless something was edited
afterwards, or questions fell out of the expert's route before submitting; only then is the submission's
own text read. Everything else the database packs into one text of tokens per panellist and round
(`surveyapp.export.answers`), because millions of rows would cost more to fetch than to write.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import BigInteger, ColumnElement, Text, and_, case, cast, collate, func, not_, or_, select
from sqlalchemy.orm import Session

from surveyapp.export.answers import TOKEN_BASE, Entry
from surveyapp.models import Answer, LateDraft, Panellist, Participation, Study, Submission
from surveyapp.questionnaire.cells import Status

_BLOCK = 20
# Whole numbers up to here have one decimal text on every database.
_SMALL = 1_000_000_000
_LONGEST_TOKEN_TEXT = 60

GivenState = Literal["submitted", "started", "withdrawn"]
CellName = tuple[str, str, int, str, str, str]
"""question, item, item version, context, criterion, part: the key of a cell as submissions write it."""


@dataclass(frozen=True, slots=True)
class GivenSheet:
    """What one panellist gave in one round; times still at full grain."""

    round: int
    group: str
    state: GivenState
    submitted_at: datetime | None
    tokens: Sequence[str]
    entries: Sequence[Entry]
    drafts: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class LateSave:
    """What arrived in one save after the round had closed."""

    round: int
    received_at: datetime
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class PanelSeat:
    """One panellist without a name, and all that was given from this seat."""

    pseudonym: str
    group: str
    language: str
    tags: tuple[str, ...]
    state: str
    is_synthetic: bool
    sheets: tuple[GivenSheet, ...]
    late: tuple[LateSave, ...]


def iterate_seats(
    session: Session, *, study: Study, rounds: Sequence[int], cells: Mapping[CellName, int]
) -> Iterator[list[PanelSeat]]:
    """All seats of the panel in the order of their pseudonyms, in small blocks.

    That everything is read from one instant is the caller's care (`Database.snapshot`).

    `cells` names the study's cells: a submission holds their keys, not their numbers.
    """
    panel = (
        select(
            Panellist.id,
            Panellist.pseudonym,
            Panellist.group,
            Panellist.language,
            Panellist.tags,
            Panellist.state,
            Panellist.is_synthetic,
        )
        .where(Panellist.study_id == study.id)
        # Byte order, so that both databases agree; pseudonyms are random, so the order tells nothing.
        .order_by(collate(Panellist.pseudonym, "C" if _is_postgresql(session) else "BINARY"))
    )
    for block in session.execute(panel, execution_options={"yield_per": _BLOCK}).partitions():
        ids = [row.id for row in block]
        sheets = _read_sheets(session, study=study, rounds=rounds, ids=ids, cells=cells)
        late = _read_late(session, study=study, rounds=rounds, ids=ids)
        yield [
            PanelSeat(
                row.pseudonym,
                row.group,
                row.language,
                tuple(json.loads(row.tags)),
                row.state,
                row.is_synthetic,
                tuple(sheets[row.id]),
                tuple(late[row.id]),
            )
            for row in block
        ]


def _read_sheets(
    session: Session,
    *,
    study: Study,
    rounds: Sequence[int],
    ids: Sequence[int],
    cells: Mapping[CellName, int],
) -> dict[int, list[GivenSheet]]:
    found: dict[int, list[GivenSheet]] = defaultdict(list)
    for number in rounds:
        participations = _read_participations(session, study_id=study.id, number=number, ids=ids)
        whole = [
            row.panellist_id
            for row in participations
            if row.revision <= row.submitted_revision or not row.submission
        ]
        tokens = _read_tokens(session, study_id=study.id, number=number, ids=whole)
        entries = _read_entries(session, study_id=study.id, number=number, ids=whole)
        for row in participations:
            key = row.panellist_id
            mine, others, drafts = tokens.get(key, []), entries.get(key, []), []
            if row.submission and (
                (key not in tokens and key not in entries) or row.answers != len(mine) + len(others)
            ):
                mine, others, drafts = [], *_read_apart(session, study_id=study.id, row=row, cells=cells)
            state: GivenState = (
                "submitted" if row.submission else "withdrawn" if row.withdrawn_at else "started"
            )
            found[key].append(GivenSheet(number, row.group, state, row.submitted_at, mine, others, drafts))
    return found


def _read_participations(
    session: Session, *, study_id: int, number: int, ids: Sequence[int]
) -> Sequence[Any]:
    # How many answers the submission holds: each has its status once, and a written text cannot imitate
    # this piece, for its quotes are escaped. Counting here is far cheaper than taking the text along.
    mark = '"status":'
    answers = (
        func.length(Submission.content) - func.length(func.replace(Submission.content, mark, ""))
    ) / len(mark)
    return session.execute(
        select(
            Participation.round,
            Participation.panellist_id,
            Participation.group,
            Participation.revision,
            Participation.submitted_revision,
            Participation.submission,
            Participation.submitted_at,
            Participation.withdrawn_at,
            func.coalesce(cast(answers, BigInteger), 0).label("answers"),
        )
        .outerjoin(
            Submission,
            and_(
                Submission.study_id == Participation.study_id,
                Submission.round == Participation.round,
                Submission.panellist_id == Participation.panellist_id,
                Submission.number == Participation.submission,
                Participation.revision <= Participation.submitted_revision,
            ),
        )
        .where(
            Participation.study_id == study_id,
            Participation.round == number,
            Participation.panellist_id.in_(ids),
        )
    ).all()


def _is_token() -> ColumnElement[bool]:
    no_value = Answer.status.in_([Status.BLANK.value, Status.WITHDRAWN.value])
    small = and_(
        Answer.status.in_([Status.VALUE.value, Status.KEPT.value]),
        Answer.value.is_not(None),
        Answer.value.between(-_SMALL, _SMALL),
        Answer.value == func.round(Answer.value),
    )
    opt_out = and_(
        Answer.status.in_([Status.DONT_KNOW.value, Status.DECLINED.value]),
        func.length(Answer.text) <= _LONGEST_TOKEN_TEXT,
        Answer.text.not_like("% %"),
    )
    return or_(no_value, small, opt_out)


def _read_tokens(session: Session, *, study_id: int, number: int, ids: Sequence[int]) -> dict[int, list[str]]:
    rest = case(
        (Answer.value.is_not(None), cast(cast(Answer.value, BigInteger), Text)),
        else_=func.coalesce(Answer.text, ""),
    )
    token = cast(Answer.cell + TOKEN_BASE, Text) + ":" + cast(Answer.status, Text) + ":" + rest
    rows = session.execute(
        select(Answer.panellist_id, func.aggregate_strings(token, " "))
        .where(Answer.study_id == study_id, Answer.round == number, Answer.panellist_id.in_(ids), _is_token())
        .group_by(Answer.panellist_id)
    )
    return {panellist_id: packed.split(" ") for panellist_id, packed in rows}


def _read_entries(
    session: Session, *, study_id: int, number: int, ids: Sequence[int]
) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = defaultdict(list)
    rows = session.execute(
        select(
            Answer.panellist_id, Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts
        ).where(
            Answer.study_id == study_id,
            Answer.round == number,
            Answer.panellist_id.in_(ids),
            not_(_is_token()),
        )
    )
    for panellist_id, cell, status, value, text, parts in rows:
        found[panellist_id].append(_entry(cell, status, value, text, parts))
    return found


def _read_apart(
    session: Session, *, study_id: int, row: Any, cells: Mapping[CellName, int]
) -> tuple[list[Entry], list[Entry]]:
    """What was submitted, from the submission's own text, and what was edited after it."""
    content = session.execute(
        select(Submission.content).where(
            Submission.study_id == study_id,
            Submission.round == row.round,
            Submission.panellist_id == row.panellist_id,
            Submission.number == row.submission,
        )
    ).scalar_one()
    submitted = [_submitted_entry(answer, cells) for answer in json.loads(content)["answers"]]
    edits = session.execute(
        select(Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts).where(
            Answer.study_id == study_id,
            Answer.round == row.round,
            Answer.panellist_id == row.panellist_id,
            Answer.revision > row.submitted_revision,
        )
    )
    return submitted, [_entry(*edit) for edit in edits]


def _submitted_entry(answer: Mapping[str, Any], cells: Mapping[CellName, int]) -> Entry:
    name = (
        answer["question"],
        answer["item"],
        answer["item_version"],
        answer["context"],
        answer["criterion"],
        answer["part"],
    )
    number = answer.get("value")
    parts = answer.get("parts")
    return Entry(
        cells[name],
        Status[answer["status"].upper()].value,
        None if number is None else Decimal(str(number)),
        answer.get("text"),
        None if parts is None else tuple(parts),
    )


def _entry(cell: int, status: int, value: float | None, text: str | None, parts: str | None) -> Entry:
    return Entry(cell, status, value, text, None if parts is None else tuple(json.loads(parts)))


def _read_late(
    session: Session, *, study: Study, rounds: Sequence[int], ids: Sequence[int]
) -> dict[int, list[LateSave]]:
    found: dict[int, list[LateSave]] = defaultdict(list)
    rows = session.execute(
        select(LateDraft.panellist_id, LateDraft.round, LateDraft.received_at, LateDraft.content)
        .where(LateDraft.study_id == study.id, LateDraft.round.in_(rounds), LateDraft.panellist_id.in_(ids))
        .order_by(LateDraft.round, LateDraft.received_at, LateDraft.request_id)
    )
    for panellist_id, number, received_at, content in rows:
        given = sorted((int(cell), columns) for cell, columns in json.loads(content).items())
        found[panellist_id].append(
            LateSave(number, received_at, tuple(_entry(cell, *columns) for cell, columns in given))
        )
    return found


def _is_postgresql(session: Session) -> bool:
    return session.connection().dialect.name == "postgresql"
