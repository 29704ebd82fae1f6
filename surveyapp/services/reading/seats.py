"""What an expert's page needs to know: the seat in one query, its answers in another."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol, TypeAlias

from sqlalchemy import BindParameter, Connection, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.rounds import takes_answers
from surveyapp.models import (
    Answer,
    Panellist,
    Participation,
    QuestionnaireVersion,
    Release,
    Round,
    Study,
    WebSession,
    database_now,
)
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.services.driver_statements import DriverStatement, among
from surveyapp.services.reading.earlier_rounds import EarlierRounds
from surveyapp.services.reading.submitted import read_submitted


@dataclass(frozen=True, slots=True)
class Seat:
    """One panellist in one round, as seen through a signed-in browser. No name, no address."""

    study_id: int
    slug: str
    title: str
    organisation: str
    contact_email: str
    time_zone: str
    is_synthetic: bool
    smallest_group: int
    planned_rounds: int
    panellist_id: int
    pseudonym: str
    group: str
    language: str
    tags: tuple[str, ...]
    panellist_state: str
    round: int
    round_state: str
    takes_answers: bool
    closes_at: datetime | None
    closed_at: datetime | None
    questionnaire_number: int
    questionnaire_sha256: str
    plan: RoundPlan
    shows_round: int | None
    release: int
    """Number of the release that this round shows; 0 when there is none."""
    release_sha256: str
    correction: int
    """Number of the latest correction of the round's wording; 0 while it reads as it was opened."""
    earlier: EarlierRounds
    variant: str
    revision: int
    submitted_revision: int
    place: str
    submission: int
    submitted_at: datetime | None
    csrf_secret: str
    now: datetime

    @property
    def has_drafts(self) -> bool:
        """Whether something was changed after the latest submission and not submitted again."""
        return self.submission > 0 and self.revision > self.submitted_revision


class SeatKey(Protocol):
    """What names a seat's rows: study, round and panellist."""

    @property
    def study_id(self) -> int: ...
    @property
    def round(self) -> int: ...
    @property
    def panellist_id(self) -> int: ...


class AnsweringSeat(SeatKey, Protocol):
    """A seat whose earlier rounds are known."""

    @property
    def earlier(self) -> EarlierRounds: ...


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What stands in a cell, and the revision that wrote it."""

    given: Given
    revision: int


_shown = aliased(Release)
_LATEST_RELEASE = (
    select(func.max(_shown.number))
    .where(
        _shown.study_id == Round.study_id,
        _shown.round == Round.shows_round,
        _shown.released_at.is_not(None),
    )
    .correlate(Round)
    .scalar_subquery()
)
_FIND_SEAT = DriverStatement(
    select(
        Study.id,
        Study.slug,
        Study.title,
        Study.organisation,
        Study.contact_email,
        Study.time_zone,
        Study.is_synthetic,
        Study.smallest_group,
        Study.planned_rounds,
        Panellist.id,
        Panellist.pseudonym,
        Participation.group,
        Panellist.language,
        Panellist.tags,
        Panellist.state,
        Round.number,
        Round.state,
        Round.closes_at,
        Round.closing_at,
        Round.closed_at,
        Round.questionnaire_number,
        QuestionnaireVersion.sha256,
        Round.plan,
        Round.shows_round,
        Release.number,
        Release.content_sha256,
        Round.correction,
        Participation.earlier_rounds,
        Participation.variant,
        Participation.revision,
        Participation.submitted_revision,
        Participation.place,
        Participation.submission,
        Participation.submitted_at,
        WebSession.csrf_secret,
        database_now(),
    )
    .select_from(WebSession)
    .join(Study, Study.id == WebSession.study_id)
    .join(Panellist, and_(Panellist.study_id == WebSession.study_id, Panellist.id == WebSession.panellist_id))
    .join(Round, and_(Round.study_id == WebSession.study_id, Round.number == WebSession.round))
    .join(
        QuestionnaireVersion,
        and_(
            QuestionnaireVersion.study_id == Round.study_id,
            QuestionnaireVersion.number == Round.questionnaire_number,
        ),
    )
    .join(
        Participation,
        and_(
            Participation.study_id == WebSession.study_id,
            Participation.round == WebSession.round,
            Participation.panellist_id == WebSession.panellist_id,
        ),
    )
    .outerjoin(
        Release,
        and_(
            Release.study_id == Round.study_id,
            Release.round == Round.shows_round,
            Release.number == _LATEST_RELEASE,
        ),
    )
    .where(WebSession.id_hash == bindparam("id_hash"), WebSession.expires_at > database_now())
)


def _connection_of(reader: Session | Connection) -> Connection:
    return reader.connection() if isinstance(reader, Session) else reader


# Columns stand in the order of Seat's fields, but for these, which `find_seat` turns into others.
_TAGS, _ROUND_STATE, _CLOSING_AT = 13, 16, 18
# Without the column before them that is taken out.
_PLAN, _RELEASE, _RELEASE_SHA256, _EARLIER = 21, 23, 24, 26
_read_plan = lru_cache(maxsize=256)(RoundPlan.from_canonical)
_read_earlier = lru_cache(maxsize=1_024)(EarlierRounds.from_text)


def find_seat(reader: Session | Connection, *, id_hash: str) -> Seat | None:
    """The seat behind a browser session, or None when the session is unknown, ended or expired. One query."""
    row = _FIND_SEAT.row(_connection_of(reader), {"id_hash": id_hash})
    if row is None:
        return None
    values = list(row)
    closing_at = values.pop(_CLOSING_AT)
    values[_TAGS] = tuple(json.loads(values[_TAGS]))
    values[_PLAN] = _read_plan(values[_PLAN])
    values[_RELEASE] = values[_RELEASE] or 0
    values[_RELEASE_SHA256] = values[_RELEASE_SHA256] or ""
    values[_EARLIER] = _read_earlier(values[_EARLIER])
    state, closes_at, now = values[_ROUND_STATE], values[_ROUND_STATE + 1], values[-1]
    may_answer = takes_answers(state, now=now, closes_at=closes_at, closing_at=closing_at)
    values.insert(_ROUND_STATE + 1, may_answer)
    return Seat(*values)


_SEAT_ANSWERS = select(
    Answer.cell, Answer.status, Answer.value, Answer.text, Answer.parts, Answer.revision, Answer.correction
).where(
    Answer.study_id == bindparam("study_id"),
    Answer.round == bindparam("round"),
    Answer.panellist_id == bindparam("panellist_id"),
)
_ALL_ANSWERS = DriverStatement(_SEAT_ANSWERS)
_SOME_ANSWERS = DriverStatement(_SEAT_ANSWERS.where(among(Answer.cell, "cells")))
_EMPTY = frozenset({int(Status.BLANK), int(Status.WITHDRAWN)})
_FEW = 24
"""Up to so many cells are asked for by number; beyond, reading the whole seat is cheaper."""

Stored: TypeAlias = tuple[int, float | None, str | None, str | None]
"""status, value, text and parts as the columns hold them."""


def read_stored(
    reader: Session | Connection, *, seat: SeatKey, cells: Collection[int] | None = None
) -> dict[int, tuple[Stored, int]]:
    """Cell number → (the stored columns, revision) for `cells`, or for all; may give more than asked."""
    return {row[0]: (row[1:5], row[5]) for row in _read_rows(reader, seat=seat, cells=cells)}


def _read_rows(
    reader: Session | Connection, *, seat: SeatKey, cells: Collection[int] | None
) -> Sequence[tuple[Any, ...]]:
    key = {"study_id": seat.study_id, "round": seat.round, "panellist_id": seat.panellist_id}
    connection = _connection_of(reader)
    if cells is not None and len(cells) <= _FEW:
        return _SOME_ANSWERS.rows(connection, {**key, "cells": cells})
    return _ALL_ANSWERS.rows(connection, key)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands in a seat's cells now, and what was submitted in them in earlier rounds."""

    now: Mapping[int, tuple[Stored, int]]
    """Cell → the stored columns and the revision that wrote them."""
    earlier: Mapping[int, tuple[Stored, int]]
    """Cell → the stored columns and the round that they were last given in."""
    corrections: Mapping[int, int] = field(default_factory=dict)
    """Cell → the wording correction that its answer saw; none where the round read as it was opened."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a page needs to know of earlier rounds: from which cell to which. Those between do no harm."""

    shown: tuple[int, int]
    """Whose earlier answer it shows."""
    carried: tuple[int, int]
    """What decides what is asked now."""


@lru_cache(maxsize=64)
def _of_rounds(count: int, *, is_some: bool, is_some_before: bool) -> DriverStatement:
    """A seat's answers now and in `count` earlier rounds: all of them, or those in `cells`, or in `before`.

    The rounds are written out: given as one value, SQLite would walk through all answers of the study.
    """
    rounds: list[BindParameter[int]] = [bindparam(f"round_{place}") for place in range(count)]
    both = select(
        Answer.cell,
        Answer.status,
        Answer.value,
        Answer.text,
        Answer.parts,
        Answer.revision,
        Answer.round,
        Answer.correction,
    ).where(
        Answer.study_id == bindparam("study_id"),
        Answer.round.in_([bindparam("round"), *rounds]),
        Answer.panellist_id == bindparam("panellist_id"),
    )
    if is_some:
        both = both.where(among(Answer.cell, "cells"))
    if is_some_before:
        both = both.where(
            or_(
                Answer.round == bindparam("round"),
                # A blank is nothing to show, but it tells that a page was asked already.
                and_(
                    Answer.status != int(Status.BLANK),
                    Answer.cell.between(bindparam("shown_from"), bindparam("shown_to")),
                ),
                Answer.cell.between(bindparam("carried_from"), bindparam("carried_to")),
            )
        )
    return DriverStatement(both)


def read_sheet(
    reader: Session | Connection,
    *,
    seat: AnsweringSeat,
    cells: Collection[int] | None = None,
    before: Before | None = None,
) -> Sheet:
    """What stands now and what stood in earlier rounds, for `cells` or for all; may give more than asked.

    With `before`, earlier rounds are read for its cells. One query; two more for each earlier round
    that was edited and never submitted again.
    """
    if not seat.earlier.numbers:
        rows = _read_rows(reader, seat=seat, cells=cells)
        standing = {row[0]: (row[1:5], row[5]) for row in rows}
        return Sheet(standing, {}, {row[0]: row[6] for row in rows if row[6]})
    connection = _connection_of(reader)
    earlier = [each for each in seat.earlier.numbers if each not in seat.earlier.edited]
    key: dict[str, object] = {
        "study_id": seat.study_id,
        "panellist_id": seat.panellist_id,
        "round": seat.round,
    }
    key |= {f"round_{place}": number for place, number in enumerate(earlier)}
    is_some = cells is not None and len(cells) <= _FEW
    if is_some:
        key["cells"] = cells
    if before is not None:
        key |= {"shown_from": before.shown[0], "shown_to": before.shown[1]}
        key |= {"carried_from": before.carried[0], "carried_to": before.carried[1]}
    statement = _of_rounds(len(earlier), is_some=is_some, is_some_before=before is not None)
    current = seat.round
    now: dict[int, tuple[Stored, int]] = {}
    saw: dict[int, int] = {}
    found: dict[int, dict[int, Stored]] = {each: {} for each in seat.earlier.numbers}
    for row in statement.rows(connection, key):
        if row[6] == current:
            now[row[0]] = (row[1:5], row[5])
            if row[7]:
                saw[row[0]] = row[7]
        else:
            found[row[6]][row[0]] = row[1:5]
    for each in seat.earlier.edited:
        found[each] = dict(
            read_submitted(connection, study_id=seat.study_id, panellist_id=seat.panellist_id, number=each)
        )
    return Sheet(now, _last_given(found), saw)


def _last_given(before: Mapping[int, Mapping[int, Stored]]) -> dict[int, tuple[Stored, int]]:
    """The latest round's answer in each cell; a blank does not hide what was given before it."""
    found: dict[int, tuple[Stored, int]] = {}
    for number, answers in before.items():
        for cell, stored in answers.items():
            if stored[0] not in _EMPTY or cell not in found:
                found[cell] = (stored, number)
    return found


def given_of(stored: Stored) -> Given:
    """What the stored columns mean."""
    # Ratings and options come again and again; what people write does not, and must not be kept about.
    return (
        _given_of(stored) if stored[0] == Status.VALUE and stored[2] is not None else _kept_given_of(stored)
    )


def _given_of(stored: Stored) -> Given:
    status, value, text, parts = stored
    number = None
    if value is not None:
        number = Decimal(int(value)) if value == int(value) else Decimal(repr(value))
    return Given(Status(status), number, text, None if parts is None else tuple(json.loads(parts)))


_kept_given_of = lru_cache(maxsize=4_096)(_given_of)


def stored_of(given: Given) -> Stored:
    """How `given` is stored."""
    parts = None if given.parts is None else json.dumps(list(given.parts), ensure_ascii=False)
    return int(given.status), None if given.number is None else float(given.number), given.text, parts


def read_answers(reader: Session | Connection, *, seat: SeatKey) -> dict[int, StoredAnswer]:
    """Cell number → what stands in it, for every cell that has a row. One query."""
    return {
        cell: StoredAnswer(given_of(stored), revision)
        for cell, (stored, revision) in read_stored(reader, seat=seat).items()
    }
