"""Answers: saved as they are given, never overwritten silently, submitted as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json, commitments, submission_hash
from surveyapp.delphi.rounds import takes_answers
from surveyapp.errors import AnswerError, Conflict, InputError, Problem, Refused, RoundClosed, Sentence
from surveyapp.models import LateDraft, Submission
from surveyapp.questionnaire.cells import BLANK, Given, Status
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.services.answer_writes import (
    find_earlier,
    hold_and_raise,
    keep_submission,
    key_of,
    raise_again,
    write_answers,
    write_answers_and_receipt,
)
from surveyapp.services.instruments import Instrument, Way, get_instrument
from surveyapp.services.keeping import read_for_saving, with_kept
from surveyapp.services.reading.seats import Seat, SeatKey, Stored, given_of, read_stored, stored_of
from surveyapp.services.submission_text import canonical_answer, submission_head

MAX_REQUEST_ID = 64
_BLANK = stored_of(BLANK)
_NOTHING_GIVEN = frozenset({int(Status.BLANK), int(Status.WITHDRAWN)})


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
class _Ready:
    """The round is held open until the transaction ends, and the seat's next revision is ours."""

    now: datetime
    revision: int
    submission: int


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The same request was done before."""

    revision: int
    submission: int


def save(
    session: Session,
    *,
    seat: Seat,
    request_id: str,
    base: int,
    changes: Mapping[int, Given],
    place: str | None = None,
    release: int = 0,
) -> Saved:
    """Save what an expert gave: cell number → what is given, based on revision `base` of the answers.

    All or nothing. The same `request_id` again gives the same reply and does nothing. Unchanged cells are
    left alone. `release` is the number of the release that stood on the page. Raises RoundClosed; Conflicted
    when another window changed a cell since `base`; AnswerError when a cell is not among those that this
    expert is asked, consent is missing, or an answer is to be kept and there is no earlier one.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id, place=place)
    if isinstance(held, _Earlier):
        return Saved(held.revision, repeated=True)
    revision = held.revision
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    stored, changes = read_for_saving(
        session, instrument, seat=seat, changes=changes, cells={*changes, *instrument.routing_cells}
    )
    way = _check_asked(instrument, seat=seat, stored=stored, changes=changes)
    writes = _find_writes(stored, changes, base=base, revision=revision)
    write_answers_and_receipt(
        connection,
        seat=seat,
        revision=revision,
        base=base,
        rows=writes,
        release=release,
        request_id=request_id,
        now=held.now,
    )
    return Saved(revision, way=way)


def save_and_submit(
    session: Session,
    *,
    seat: Seat,
    request_id: str,
    base: int,
    changes: Mapping[int, Given],
    place: str | None = None,
    release: int = 0,
) -> Submitted | None:
    """Save the last page and, when nothing that was asked is blank, submit everything in the same act.

    None when something is blank: then the page is saved, nothing is submitted, and the expert is shown what
    is missing. Raises what `save` raises.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id, place=place)
    if isinstance(held, _Earlier):
        return _read_submission(session, seat=seat, number=held.submission) if held.submission else None
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    standing, changes = read_for_saving(session, instrument, seat=seat, changes=changes)
    way = _check_asked(instrument, seat=seat, stored=standing, changes=changes)
    writes = _find_writes(standing, changes, base=base, revision=held.revision)
    stored = {cell: columns for cell, (columns, _) in standing.items()} | writes
    if not _is_all_given(instrument, way, stored):
        write_answers_and_receipt(
            connection,
            seat=seat,
            revision=held.revision,
            base=base,
            rows=writes,
            release=release,
            request_id=request_id,
            now=held.now,
        )
        return None
    revision, number = raise_again(connection, seat=seat, now=held.now)
    writes |= {cell: _BLANK for cell in way.cells if cell not in stored}
    write_answers(connection, seat=seat, revision=revision, base=base, rows=writes, release=release)
    ready = _Ready(held.now, revision, number)
    return _keep(connection, instrument, way, stored, seat=seat, ready=ready, request_id=request_id)


def keep_late_draft(
    session: Session, *, seat: Seat, request_id: str, changes: Mapping[int, Given], now: datetime
) -> None:
    """Keep what arrived after the round had closed: nothing typed is lost, and nothing of it counts."""
    _check_request_id(request_id)
    if session.get(LateDraft, (seat.study_id, seat.round, seat.panellist_id, request_id)) is not None:
        return
    changes = with_kept(session, seat=seat, changes=changes)
    content = canonical_json({str(cell): stored_of(given) for cell, given in changes.items()})
    session.add(LateDraft(**key_of(seat), request_id=request_id, content=content, received_at=now))
    session.flush()


def submit(session: Session, *, seat: Seat, request_id: str) -> Submitted:
    """Submit all answers as they stand; the latest submission of a round counts.

    The same `request_id` again gives the same reply. Raises RoundClosed, or Incomplete with every cell
    that is still needed.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id, is_submission=True)
    if isinstance(held, _Earlier):
        return _read_submission(session, seat=seat, number=held.submission)
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    stored = {cell: columns for cell, (columns, _) in read_stored(session, seat=seat).items()}
    way = _find_way(instrument, seat=seat, stored=stored, changes={})
    _check_complete(instrument, way, stored)
    blanks = {cell: _BLANK for cell in way.cells if cell not in stored}
    write_answers(
        connection,
        seat=seat,
        revision=held.revision,
        base=held.revision,
        rows=blanks,
        release=seat.release,
    )
    return _keep(connection, instrument, way, stored, seat=seat, ready=held, request_id=request_id)


def _keep(
    connection: Connection,
    instrument: Instrument,
    way: Way,
    stored: Mapping[int, Stored],
    *,
    seat: Seat,
    ready: _Ready,
    request_id: str,
) -> Submitted:
    """Write the submission of what stands in `stored`, and remember the request."""
    head = submission_head(seat, number=ready.submission, submitted_at=ready.now)
    answers = [canonical_answer(instrument, cell, stored.get(cell, _BLANK)) for cell in way.cells]
    seed = secrets.token_hex(32)
    sha256 = submission_hash(head, commitments(seed, answers))
    columns = {
        "number": ready.submission,
        "content": f'{{"answers":[{",".join(answers)}],"head":{canonical_json(head)}}}',
        "answer_count": len(answers),
        "sha256": sha256,
        "salt_seed": seed,
        "submitted_at": ready.now,
    }
    keep_submission(connection, seat=seat, revision=ready.revision, request_id=request_id, columns=columns)
    return Submitted(ready.submission, sha256, ready.now)


def _find_writes(
    stored: Mapping[int, tuple[Stored, int]], changes: Mapping[int, Given], *, base: int, revision: int
) -> dict[int, Stored]:
    """What of `changes` differs from what stands. Raises Conflicted where that is newer than `base`."""
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
    return writes


def _is_all_given(instrument: Instrument, way: Way, stored: Mapping[int, Stored]) -> bool:
    """Whether every question on the way is answered, and every answer is enough for submitting."""
    if not way.route.is_consented:
        return False
    for cell in way.cells:
        if instrument.specs[cell - 1].key.part:
            continue
        columns = stored.get(cell)
        if columns is None or columns[0] in _NOTHING_GIVEN:
            return False
    return next(_shortfalls(instrument, way, stored), None) is None


def _check_request_id(request_id: str) -> None:
    if not 8 <= len(request_id) <= MAX_REQUEST_ID or not request_id.isascii() or not request_id.isprintable():
        raise AnswerError(
            Sentence(
                "The page sent a save without a proper number of its own. Reload the page and try again."
            )
        )


def _hold(
    connection: Connection,
    *,
    seat: Seat,
    request_id: str,
    is_submission: bool = False,
    place: str | None = None,
) -> _Ready | _Earlier:
    """The seat ready to be written to, or what the same request led to before. Raises when it is neither."""
    _check_request_id(request_id)
    if not seat.takes_answers:
        # Looked at before the lock is asked for: somebody may be waiting to close. What was saved before
        # that, and whose reply was lost, is acknowledged all the same.
        earlier = find_earlier(connection, seat=seat, request_id=request_id)
        if earlier is None:
            raise _closed(seat.round)
        return _Earlier(*earlier)
    held = hold_and_raise(
        connection, seat=seat, request_id=request_id, is_submission=is_submission, place=place
    )
    if held is None or (
        held.earlier_revision is None
        and not takes_answers(held.state, now=held.now, closes_at=held.closes_at)
    ):
        raise _closed(seat.round)
    if held.earlier_revision is not None:
        return _Earlier(held.earlier_revision, held.earlier_submission or 0)
    if held.revision is None or held.submission is None:
        raise _gone()
    return _Ready(held.now, held.revision, held.submission)


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


def _shortfalls(
    instrument: Instrument, way: Way, stored: Mapping[int, Stored]
) -> Iterator[tuple[int, Problem]]:
    questionnaire = instrument.questionnaire
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
                yield cell, Problem(question.text.get(questionnaire.language), shortfall)


def _check_complete(instrument: Instrument, way: Way, stored: Mapping[int, Stored]) -> None:
    found = list(_shortfalls(instrument, way, stored))
    if found:
        raise Incomplete([problem for _, problem in found], tuple(cell for cell, _ in found))


def _read_submission(session: Session, *, seat: SeatKey, number: int) -> Submitted:
    submission = session.get_one(Submission, (seat.study_id, seat.round, seat.panellist_id, number))
    return Submitted(number, submission.sha256, submission.submitted_at, repeated=True)
