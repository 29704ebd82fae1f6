"""Answers: saved as they are given, never overwritten silently, submitted as a whole."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json, commitments, submission_hash
from surveyapp.delphi.rounds import takes_answers
from surveyapp.errors import AnswerError, Conflict, InputError, Problem, Refused, RoundClosed, Sentence
from surveyapp.models import LateDraft, Round, SaveReceipt, Submission, UtcDateTime, database_now
from surveyapp.questionnaire.cells import BLANK, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services.instruments import Instrument, Way, get_instrument
from surveyapp.services.reading.seats import Seat, SeatKey, Stored, given_of, read_stored, stored_of

MAX_REQUEST_ID = 64
_MOST_CANONICAL = 50_000


@dataclass(frozen=True, slots=True)
class Saved:
    """The reply to a save: `revision` is what later saves of this page are based on."""

    revision: int
    repeated: bool = False
    """Whether the same request had been saved before; then nothing was done again."""
    way: Way | None = field(default=None, compare=False)
    """What the expert is asked from here on; None when the request was a repeated one."""


@dataclass(frozen=True, slots=True)
class CellConflict:
    """A cell that another window changed after this one was opened: both values."""

    cell: int
    yours: Given
    theirs: Given


class Conflicted(Conflict):
    """Another window changed some of these cells first; nothing was saved."""

    def __init__(self, conflicts: tuple[CellConflict, ...], *, revision: int) -> None:
        super().__init__(
            Sentence(
                "Some of these answers were changed in another window after this page was opened. "
                "Nothing was overwritten: choose which of the two to keep."
            )
        )
        self.conflicts = conflicts
        self.revision = revision


class Incomplete(InputError):
    """Answers that submitting needs are missing; `cells` are their numbers."""

    def __init__(self, problems: list[Problem], cells: tuple[int, ...]) -> None:
        super().__init__(problems)
        self.cells = cells


@dataclass(frozen=True, slots=True)
class Submitted:
    """The reply to a submission."""

    number: int
    sha256: str
    submitted_at: datetime
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """The round, locked against closing until this transaction ends."""

    now: datetime
    earlier_revision: int | None
    earlier_submission: int | None


_SEAT_KEY = ("study_id", "round", "panellist_id")


def _is_seat(table: Any) -> list[Any]:
    return [getattr(table, name) == bindparam(name) for name in _SEAT_KEY]


_EARLIER = [*_is_seat(SaveReceipt), SaveReceipt.request_id == bindparam("request_id")]
_HOLD_ROUND = (
    select(
        Round.state,
        Round.closes_at,
        database_now(),
        select(SaveReceipt.revision).where(*_EARLIER).scalar_subquery(),
        select(SaveReceipt.submission).where(*_EARLIER).scalar_subquery(),
    )
    .where(Round.study_id == bindparam("study_id"), Round.number == bindparam("round"))
    .with_for_update(read=True, of=Round)
)
_RAISE_REVISION = text(
    "UPDATE participation SET revision = revision + 1, place = coalesce(CAST(:place AS text), place) "
    "WHERE study_id = :study_id AND round = :round AND panellist_id = :panellist_id "
    "AND withdrawn_at IS NULL RETURNING revision"
)
_RAISE_SUBMISSION = text(
    "UPDATE participation SET revision = revision + 1, submitted_revision = revision + 1, "
    "submission = submission + 1, submitted_at = :now "
    "WHERE study_id = :study_id AND round = :round AND panellist_id = :panellist_id "
    "AND withdrawn_at IS NULL RETURNING revision, submission"
).bindparams(bindparam("now", type_=UtcDateTime()))
_KEEP_RECEIPT = insert(SaveReceipt)
_KEEP_SUBMISSION = insert(Submission)

# One statement for any number of cells. The condition repeats what `save` has checked under the lock of
# the participation: even a mistake there could not overwrite a newer answer.
_ON_CONFLICT = """
ON CONFLICT (study_id, round, panellist_id, cell) DO UPDATE
SET status = excluded.status, value = excluded.value, text = excluded.text, parts = excluded.parts,
    revision = excluded.revision
WHERE answer.revision <= :base
"""
_COLUMNS = "INSERT INTO answer (study_id, round, panellist_id, cell, status, value, text, parts, revision)"
_FROM_ARRAYS = """
SELECT :study_id, :round, :panellist_id, cell, status, value, text, parts, :revision
FROM unnest(CAST(:cells AS integer[]), CAST(:statuses AS smallint[]), CAST(:numbers AS float8[]),
            CAST(:texts AS text[]), CAST(:parts AS text[])) AS given (cell, status, value, text, parts)
"""
_FROM_JSON = """
SELECT :study_id, :round, :panellist_id,
       value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, :revision
FROM json_each(:rows) WHERE true
"""
_WRITE = {
    "postgresql": text(_COLUMNS + _FROM_ARRAYS + _ON_CONFLICT),
    "sqlite": text(_COLUMNS + _FROM_JSON + _ON_CONFLICT),
}


def save(
    session: Session,
    *,
    seat: Seat,
    request_id: str,
    base: int,
    changes: Mapping[int, Given],
    place: str | None = None,
) -> Saved:
    """Save what an expert gave: cell number → what is given, based on revision `base` of the answers.

    All or nothing. The same `request_id` again gives the same reply and does nothing. Unchanged cells are
    left alone. Raises RoundClosed; Conflicted when another window changed a cell since `base`; AnswerError
    when a cell is not among those that this expert is asked, or consent is missing.
    """
    key = _key_of(seat)
    held = _hold_round(session, seat=seat, request_id=request_id)
    if held.earlier_revision is not None:
        return Saved(held.earlier_revision, repeated=True)
    connection = session.connection()
    revision = connection.execute(_RAISE_REVISION, {**key, "place": place}).scalar_one_or_none()
    if revision is None:
        raise _gone()
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    stored = read_stored(session, seat=seat, cells={*changes, *instrument.routing_cells})
    way = _check_asked(instrument, seat=seat, stored=stored, changes=changes)
    writes: dict[int, Stored] = {}
    conflicts = []
    for cell, given in changes.items():
        wanted = stored_of(given)
        standing = stored.get(cell)
        if standing is None:
            if given.status is not Status.BLANK:
                writes[cell] = wanted
        elif standing[0] != wanted:
            if standing[1] > base:
                conflicts.append(CellConflict(cell, yours=given, theirs=given_of(standing[0])))
            writes[cell] = wanted
    if conflicts:
        raise Conflicted(tuple(conflicts), revision=revision - 1)
    _write(session, seat=seat, revision=revision, base=base, rows=writes)
    _keep_receipt(session, key=key, request_id=request_id, revision=revision, now=held.now)
    return Saved(revision, way=way)


def keep_late_draft(
    session: Session, *, seat: SeatKey, request_id: str, changes: Mapping[int, Given], now: datetime
) -> None:
    """Keep what arrived after the round had closed: nothing typed is lost, and nothing of it counts."""
    _check_request_id(request_id)
    if session.get(LateDraft, (seat.study_id, seat.round, seat.panellist_id, request_id)) is not None:
        return
    content = canonical_json({str(cell): stored_of(given) for cell, given in changes.items()})
    session.add(LateDraft(**_key_of(seat), request_id=request_id, content=content, received_at=now))
    session.flush()


def submit(session: Session, *, seat: Seat, request_id: str) -> Submitted:
    """Submit all answers as they stand; the latest submission of a round counts.

    The same `request_id` again gives the same reply. Raises RoundClosed, or Incomplete with every cell
    that is still needed.
    """
    key = _key_of(seat)
    held = _hold_round(session, seat=seat, request_id=request_id)
    if held.earlier_submission is not None:
        return _read_submission(session, seat=seat, number=held.earlier_submission)
    connection = session.connection()
    raised = connection.execute(_RAISE_SUBMISSION, {**key, "now": held.now}).one_or_none()
    if raised is None:
        raise _gone()
    revision, number = raised
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    stored = {cell: columns for cell, (columns, _) in read_stored(session, seat=seat).items()}
    way = _find_way(instrument, seat=seat, stored=stored, changes={})
    _check_complete(instrument, way, stored)
    blank = stored_of(BLANK)
    blanks = {cell: blank for cell in way.cells if cell not in stored}
    _write(session, seat=seat, revision=revision, base=revision, rows=blanks)
    head = submission_head(seat, number=number, submitted_at=held.now)
    answers = [canonical_answer(instrument, cell, stored.get(cell, blank)) for cell in way.cells]
    seed = secrets.token_hex(32)
    sha256 = submission_hash(head, commitments(seed, answers))
    connection.execute(
        _KEEP_SUBMISSION,
        {
            **key,
            "number": number,
            "content": f'{{"answers":[{",".join(answers)}],"head":{canonical_json(head)}}}',
            "answer_count": len(answers),
            "sha256": sha256,
            "salt_seed": seed,
            "submitted_at": held.now,
        },
    )
    _keep_receipt(session, key=key, request_id=request_id, revision=revision, submission=number, now=held.now)
    return Submitted(number, sha256, held.now)


def submission_head(seat: Seat, *, number: int, submitted_at: datetime) -> dict[str, Any]:
    """Whose, when and for what a submission is: the part of it that its hash covers beside the answers."""
    return {
        "study": seat.slug,
        "questionnaire": seat.questionnaire_sha256,
        "round": seat.round,
        "panellist": seat.pseudonym,
        "number": number,
        "submitted_at": submitted_at.isoformat(timespec="milliseconds"),
    }


def canonical_answer(instrument: Instrument, cell: int, stored: Stored) -> str:
    """One answer as canonical JSON: its cell's key, its status in words, and what was given."""
    if stored[2] is not None and stored[0] == Status.VALUE:
        # What people write is theirs alone and comes once; ratings come again with every expert.
        return _write_canonical(instrument, cell, stored)
    kept = instrument.canonical_ratings
    text = kept.get((cell, stored))
    if text is None:
        text = _write_canonical(instrument, cell, stored)
        if len(kept) < _MOST_CANONICAL:
            kept[cell, stored] = text
    return text


def _write_canonical(instrument: Instrument, cell: int, stored: Stored) -> str:
    status, value, written, parts = stored
    head, question = instrument.canonical_frames[cell - 1]
    pieces = [head]
    if parts is not None:
        pieces.append(f',"parts":{json.dumps(json.loads(parts), ensure_ascii=False, separators=(",", ":"))}')
    pieces.append(f'{question},"status":"{Status(status).name.lower()}"')
    if written is not None:
        pieces.append(f',"text":{json.dumps(written, ensure_ascii=False)}')
    if value is not None:
        pieces.append(f',"value":{int(value) if value == int(value) else repr(value)}')
    pieces.append("}")
    return "".join(pieces)


def _key_of(seat: SeatKey) -> dict[str, int]:
    return {"study_id": seat.study_id, "round": seat.round, "panellist_id": seat.panellist_id}


def _check_request_id(request_id: str) -> None:
    if not 8 <= len(request_id) <= MAX_REQUEST_ID or not request_id.isascii() or not request_id.isprintable():
        raise AnswerError(
            Sentence(
                "The page sent a save without a proper number of its own. Reload the page and try again."
            )
        )


def _hold_round(session: Session, *, seat: Seat, request_id: str) -> _Held:
    _check_request_id(request_id)
    if not seat.takes_answers:
        # Looked at before the lock is asked for: somebody may be waiting to close.
        raise _closed(seat.round)
    row = session.connection().execute(_HOLD_ROUND, {**_key_of(seat), "request_id": request_id}).one_or_none()
    if row is None:
        raise _closed(seat.round)
    state, closes_at, now, revision, submission = row
    if revision is None and not takes_answers(state, now=now, closes_at=closes_at):
        raise _closed(seat.round)
    return _Held(now, revision, submission or None)


def _gone() -> Refused:
    return Refused(Sentence("You have withdrawn from this study: nothing more is stored."))


def _closed(number: int) -> RoundClosed:
    return RoundClosed(Sentence("Round {number} takes no answers now.", number=number))


def _find_way(
    instrument: Instrument, *, seat: Seat, stored: Mapping[int, Stored], changes: Mapping[int, Given]
) -> Way:
    known = {cell: given_of(stored[cell]) for cell in instrument.routing_cells if cell in stored}
    known.update((cell, changes[cell]) for cell in instrument.routing_cells if cell in changes)
    return instrument.way(group=seat.group, tags=seat.tags, answers=known)


def _check_asked(
    instrument: Instrument,
    *,
    seat: Seat,
    stored: Mapping[int, tuple[Stored, int]],
    changes: Mapping[int, Given],
) -> Way:
    way = _find_way(
        instrument,
        seat=seat,
        stored={cell: columns for cell, (columns, _) in stored.items()},
        changes=changes,
    )
    if changes.keys() <= way.open_cells:
        return way
    known = frozenset(way.cells)
    if any(cell in known for cell in changes.keys() - way.open_cells):
        raise AnswerError(Sentence("Your consent is needed first: nothing is stored without it."))
    raise AnswerError(
        Sentence("This page holds a question that you are not asked. Reload the page and try again.")
    )


def _check_complete(instrument: Instrument, way: Way, stored: Mapping[int, Stored]) -> None:
    questionnaire = instrument.questionnaire
    problems = []
    cells = []
    for page in way.route.pages:
        for cell in way.pages[page.key]:
            if cell not in instrument.may_fall_short:
                continue
            spec = instrument.specs[cell - 1]
            question = questionnaire.questions_by_id[spec.key.question]
            columns = stored.get(cell)
            given = None if columns is None else given_of(columns)
            shortfall = KINDS[question.kind].shortfall(questionnaire, question, spec, given)
            if shortfall is not None:
                problems.append(Problem(question.text.get(questionnaire.language), shortfall))
                cells.append(cell)
    if problems:
        raise Incomplete(problems, tuple(cells))


def _write(session: Session, *, seat: Seat, revision: int, base: int, rows: Mapping[int, Stored]) -> None:
    if not rows:
        return
    connection = session.connection()
    values: dict[str, Any] = {**_key_of(seat), "revision": revision, "base": base}
    if connection.dialect.name == "sqlite":
        values["rows"] = json.dumps([(cell, *columns) for cell, columns in rows.items()])
    else:
        values["cells"] = _array_of(rows)
        columns = zip(*rows.values(), strict=True)
        for name, column in zip(("statuses", "numbers", "texts", "parts"), columns, strict=True):
            values[name] = _array_of(column)
    written = connection.execute(_WRITE[connection.dialect.name], values).rowcount
    if written != len(rows):
        raise RuntimeError(f"{len(rows)} answers were to be written and {written} were: nothing is kept")


def _array_of(values: Iterable[object]) -> str:
    """A PostgreSQL array as text: the driver's own way takes three times as long for a page of answers."""
    return "{" + ",".join([_element_of(value) for value in values]) + "}"


def _element_of(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)


def _keep_receipt(
    session: Session,
    *,
    key: dict[str, int],
    request_id: str,
    revision: int,
    now: datetime,
    submission: int = 0,
) -> None:
    values = {
        **key,
        "request_id": request_id,
        "revision": revision,
        "submission": submission,
        "created_at": now,
    }
    try:
        session.connection().execute(_KEEP_RECEIPT, values)
    except IntegrityError as error:
        # The same request ran at the same moment and was first. This one undoes itself; sent again, it
        # finds the reply of the first.
        raise Conflict(Sentence("This was being saved already. Nothing was saved twice.")) from error


def _read_submission(session: Session, *, seat: SeatKey, number: int) -> Submitted:
    submission = session.get_one(Submission, (seat.study_id, seat.round, seat.panellist_id, number))
    return Submitted(number, submission.sha256, submission.submitted_at, repeated=True)
