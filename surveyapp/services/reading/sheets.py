"""All that a panel gave, a few panellists at a time, in the order of their pseudonyms: for exports.

What counts is the latest submission. Its answers equal the answer rows unless something was edited
afterwards, or questions fell out of the expert's route before submitting; only then is the submission's
own text read. Everything else the database packs into one text of tokens per panellist and round
(`surveyapp.export.tokens`), because millions of rows would cost more to fetch than to write.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    collate,
    exists,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session

from surveyapp.export.tokens import (
    TOKEN_BASE,
    TOKEN_MIDDLE,
    TOKEN_REACH,
    TOKEN_STATUS,
    TOKEN_STEP,
    Entry,
)
from surveyapp.models import Answer, LateDraft, Panellist, Participation, Study, Submission
from surveyapp.questionnaire.cells import Status

_BLOCK = 50
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
    receipt: str | None
    """Hash of the latest submission, as its author's receipt shows it."""
    variant: str
    """The variant of the feedback that was drawn; '' where the protocol has none."""
    is_admitted: bool
    """Whether the submission was let in after the close."""
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
    # Few studies have any; asking for them in every block would cost as much as a hundredth of all answers.
    has_late = session.scalar(
        select(exists().where(LateDraft.study_id == study.id, LateDraft.round.in_(rounds)))
    )
    for block in session.execute(panel, execution_options={"yield_per": _BLOCK}).partitions():
        ids = [row.id for row in block]
        sheets = _read_sheets(session, study=study, rounds=rounds, ids=ids, cells=cells)
        late = _read_late(session, study=study, rounds=rounds, ids=ids) if has_late else {}
        yield [
            PanelSeat(
                row.pseudonym,
                row.group,
                row.language,
                tuple(json.loads(row.tags)),
                row.state,
                row.is_synthetic,
                tuple(sheets[row.id]),
                tuple(late.get(row.id, ())),
            )
            for row in block
        ]


def _is_token() -> ColumnElement[bool]:
    # Most rounds read to their end as they were opened; what saw a correction says so beside what it is.
    return (Answer.correction == 0) & or_(
        Answer.status.in_([Status.BLANK.value, Status.WITHDRAWN.value]),
        and_(
            Answer.value.is_not(None),
            Answer.value.between(-TOKEN_REACH, TOKEN_REACH),
            Answer.value == func.round(Answer.value),
        ),
        and_(
            Answer.status.in_([Status.DONT_KNOW.value, Status.DECLINED.value]),
            func.length(Answer.text) <= _LONGEST_TOKEN_TEXT,
            Answer.text.not_like("% %"),
        ),
    )


def _token() -> ColumnElement[str]:
    cell = cast(Answer.cell, BigInteger) + TOKEN_BASE
    digits = (
        cell * TOKEN_STEP
        + cast(Answer.status, BigInteger) * TOKEN_STATUS
        + TOKEN_MIDDLE
        + func.coalesce(Answer.value, 0)
    )
    return case(
        (Answer.text.is_(None), cast(cast(digits, BigInteger), Text)),
        else_=cast(cell, Text) + ":" + cast(Answer.status, Text) + ":" + Answer.text,
    )


# Made once: building a statement costs more than running it on so few rows.
_THESE_ANSWERS = (
    Answer.study_id == bindparam("study_id"),
    Answer.round == bindparam("round"),
    Answer.panellist_id.in_(bindparam("ids", expanding=True)),
)


def _select_given(*, is_sqlite: bool) -> Select[int, str, str]:
    """One row per panellist: tokens in one text, and what is no token as a JSON list of lists."""
    tokens = func.aggregate_strings(_token(), " ").filter(_is_token())
    if is_sqlite:
        # Its JSON would round numbers to fifteen digits; as texts they keep all that they have.
        number = case((Answer.value.is_not(None), func.printf("%!.17g", Answer.value)))
        row = func.json_array(
            Answer.cell, Answer.status, number, Answer.text, Answer.parts, Answer.correction
        )
        rows = func.json_group_array(row)
    else:
        row = func.json_build_array(
            Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts, Answer.correction
        )
        rows = func.json_agg(row)
    entries = cast(rows.filter(not_(_is_token())), Text)
    return select(Answer.panellist_id, tokens, entries).where(*_THESE_ANSWERS).group_by(Answer.panellist_id)


# By whether the database is SQLite.
_GIVEN = {is_sqlite: _select_given(is_sqlite=is_sqlite) for is_sqlite in (True, False)}
_PARTICIPATIONS = (
    select(
        Participation.round,
        Participation.panellist_id,
        Participation.group.label("group"),
        Participation.revision,
        Participation.submitted_revision,
        Participation.submission,
        Participation.submitted_at,
        Participation.withdrawn_at,
        Participation.variant,
        Submission.answer_count,
        Submission.sha256,
        (func.coalesce(Submission.admitted_because, "") != "").label("is_admitted"),
    )
    .outerjoin(
        Submission,
        and_(
            Submission.study_id == Participation.study_id,
            Submission.round == Participation.round,
            Submission.panellist_id == Participation.panellist_id,
            Submission.number == Participation.submission,
        ),
    )
    .where(
        Participation.study_id == bindparam("study_id"),
        Participation.round == bindparam("round"),
        Participation.panellist_id.in_(bindparam("ids", expanding=True)),
    )
)


def _read_sheets(
    session: Session,
    *,
    study: Study,
    rounds: Sequence[int],
    ids: Sequence[int],
    cells: Mapping[CellName, int],
) -> dict[int, list[GivenSheet]]:
    found: dict[int, list[GivenSheet]] = defaultdict(list)
    # Not through the session: what it does for objects would be done for nothing, hundreds of times.
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    for number in rounds:
        key = {"study_id": study.id, "round": number, "ids": ids}
        participations = connection.execute(_PARTICIPATIONS, key).all()
        given = {
            seat: (packed.split(" ") if packed else [], _read_entries(entries))
            for seat, packed, entries in connection.execute(_GIVEN[is_sqlite], key)
        }
        for row in participations:
            mine, others = given.get(row.panellist_id, ([], []))
            drafts: list[Entry] = []
            if row.submission and (
                row.revision > row.submitted_revision or row.answer_count != len(mine) + len(others)
            ):
                mine, others = [], _submitted_entries(_read_content(session, key=key, row=row), cells)
                drafts = _read_edits(session, key=key, row=row)
            state: GivenState = (
                "submitted" if row.submission else "withdrawn" if row.withdrawn_at else "started"
            )
            found[row.panellist_id].append(
                GivenSheet(
                    number,
                    row.group,
                    state,
                    row.submitted_at,
                    row.sha256,
                    row.variant,
                    bool(row.is_admitted),
                    mine,
                    others,
                    drafts,
                )
            )
    return found


def _read_content(session: Session, *, key: Mapping[str, Any], row: Any) -> str:
    return session.execute(
        select(Submission.content).where(
            Submission.study_id == key["study_id"],
            Submission.round == key["round"],
            Submission.panellist_id == row.panellist_id,
            Submission.number == row.submission,
        )
    ).scalar_one()


def _submitted_entries(content: str, cells: Mapping[CellName, int]) -> list[Entry]:
    """What was submitted, from the submission's own text."""
    return [_submitted_entry(answer, cells) for answer in json.loads(content)["answers"]]


def _read_edits(session: Session, *, key: Mapping[str, Any], row: Any) -> list[Entry]:
    """What was edited after the latest submission."""
    edits = session.execute(
        select(Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts, Answer.correction).where(
            Answer.study_id == key["study_id"],
            Answer.round == key["round"],
            Answer.panellist_id == row.panellist_id,
            Answer.revision > row.submitted_revision,
        )
    )
    return [_entry(edit) for edit in edits]


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
        answer.get("correction", 0),
    )


def _read_entries(packed: str | None) -> list[Entry]:
    return [_entry(columns) for columns in json.loads(packed)] if packed else []


def _entry(columns: Sequence[Any]) -> Entry:
    """Cell, status, value, text, parts and correction, as a row has them."""
    cell, status, value, text, parts, correction = columns
    number = None if value is None else float(value)
    several = None if parts is None else tuple(json.loads(parts))
    return Entry(cell, status, number, text, several, correction)


def _read_late(
    session: Session, *, study: Study, rounds: Sequence[int], ids: Sequence[int]
) -> dict[int, list[LateSave]]:
    found: dict[int, list[LateSave]] = defaultdict(list)
    rows = session.execute(
        select(
            LateDraft.panellist_id,
            LateDraft.round,
            LateDraft.received_at,
            LateDraft.content,
            LateDraft.correction,
        )
        .where(LateDraft.study_id == study.id, LateDraft.round.in_(rounds), LateDraft.panellist_id.in_(ids))
        .order_by(LateDraft.round, LateDraft.received_at, LateDraft.request_id)
    )
    for panellist_id, number, received_at, content, correction in rows:
        given = sorted((int(cell), columns) for cell, columns in json.loads(content).items())
        found[panellist_id].append(
            LateSave(
                number, received_at, tuple(_entry((cell, *columns, correction)) for cell, columns in given)
            )
        )
    return found


def _is_postgresql(session: Session) -> bool:
    return session.connection().dialect.name == "postgresql"
