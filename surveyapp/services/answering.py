"""Answers: saved as they are given, never overwritten silently, submitted as a whole."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
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
from surveyapp.services.answer_writes import Held, NewSubmission, find_earlier, hold, key_of, write
from surveyapp.services.audit import is_archived
from surveyapp.services.instruments import Instrument, Way, get_instrument
from surveyapp.services.keeping_ratings import as_far_as_kept, with_kept
from surveyapp.services.letters.occasions import letter_of_submission
from surveyapp.services.reading.seats import (
    Seat,
    SeatKey,
    Sheet,
    Stored,
    given_of,
    read_sheet,
    stored_of,
)
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
    release: int | None = None,
    correction: int | None = None,
) -> Saved:
    """Save what an expert gave: cell number → what is given, based on revision `base` of the answers.

    All or nothing. The same `request_id` again gives the same reply and does nothing. Unchanged cells are
    left alone. `release` is the number of the release that stood on the page, where that is not the latest;
    `correction` likewise that of the latest correction of its wording.
    Raises RoundClosed; Conflicted when another window changed a cell since `base`; AnswerError when a cell is
    not among those that this expert is asked, consent is missing, or an answer is to be kept that never was.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id)
    if isinstance(held, _Earlier):
        return Saved(held.revision, repeated=True)
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    sheet = read_sheet(session, seat=seat, cells=_cells_needed(instrument, seat=seat, changes=changes))
    way = _check_asked(instrument, seat=seat, sheet=sheet, changes=changes)
    whole = with_kept(instrument, sheet, changes)
    write(
        connection,
        seat=seat,
        held=held,
        request_id=request_id,
        base=base,
        rows=_find_writes(sheet.now, whole, base=base, revision=held.revision),
        release=_shown(seat, release),
        correction=_read_wording(seat, correction),
        place=place,
    )
    return Saved(held.revision + 1, way=way)


def save_and_submit(
    session: Session,
    *,
    seat: Seat,
    request_id: str,
    base: int,
    changes: Mapping[int, Given],
    place: str | None = None,
    release: int | None = None,
    correction: int | None = None,
) -> Submitted | None:
    """Save the last page and, when nothing that was asked is blank, submit everything in the same act.

    None when something is blank: then the page is saved, nothing is submitted, and the expert is shown what
    is missing. Raises what `save` raises.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id)
    if isinstance(held, _Earlier):
        return _read_submission(session, seat=seat, number=held.submission) if held.submission else None
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    sheet = read_sheet(session, seat=seat)
    way = _check_asked(instrument, seat=seat, sheet=sheet, changes=changes)
    writes = _find_writes(sheet.now, with_kept(instrument, sheet, changes), base=base, revision=held.revision)
    stored = {cell: columns for cell, (columns, _) in sheet.now.items()} | writes
    submission = None
    wording = _read_wording(seat, correction)
    if _is_all_given(instrument, way, stored):
        blanks = {cell: _BLANK for cell in way.cells if cell not in stored}
        writes |= blanks
        saw = sees(sheet, writes, wording)
        submission = make_submission(instrument, way, stored, seat=seat, held=held, saw=saw)
    write(
        connection,
        seat=seat,
        held=held,
        request_id=request_id,
        base=base,
        rows=writes,
        release=_shown(seat, release),
        correction=wording,
        place=place,
        submission=submission,
    )
    if submission is None:
        return None
    _thank(session, seat=seat, submission=submission, held=held)
    return _submitted(submission, held)


def keep_late_draft(
    session: Session,
    *,
    seat: Seat,
    request_id: str,
    changes: Mapping[int, Given],
    now: datetime,
    correction: int | None = None,
) -> bool:
    """Keep what arrived after the round had closed: nothing typed is lost, and nothing of it counts.

    A rating that is to be kept is kept with its value, as in time; where there is none, as it was sent.
    Returns whether it is kept: nothing is once the study is archived.
    """
    _check_request_id(request_id)
    if is_archived(session, study_id=seat.study_id):
        return False
    if session.get(LateDraft, (seat.study_id, seat.round, seat.panellist_id, request_id)) is not None:
        return True
    if any(given.status is Status.KEPT for given in changes.values()):
        instrument = get_instrument(
            session,
            study_id=seat.study_id,
            number=seat.questionnaire_number,
            sha256=seat.questionnaire_sha256,
        )
        changes = as_far_as_kept(instrument, read_sheet(session, seat=seat), changes)
    content = canonical_json({str(cell): stored_of(given) for cell, given in changes.items()})
    session.add(
        LateDraft(
            **key_of(seat),
            request_id=request_id,
            content=content,
            received_at=now,
            correction=_read_wording(seat, correction),
        )
    )
    session.flush()
    return True


def submit(session: Session, *, seat: Seat, request_id: str) -> Submitted:
    """Submit all answers as they stand; the latest submission of a round counts.

    The same `request_id` again gives the same reply. Raises RoundClosed, or Incomplete with every cell
    that is still needed.
    """
    connection = session.connection()
    held = _hold(connection, seat=seat, request_id=request_id)
    if isinstance(held, _Earlier):
        return _read_submission(session, seat=seat, number=held.submission)
    instrument = get_instrument(
        session, study_id=seat.study_id, number=seat.questionnaire_number, sha256=seat.questionnaire_sha256
    )
    sheet = read_sheet(session, seat=seat)
    stored = {cell: columns for cell, (columns, _) in sheet.now.items()}
    way = find_way(instrument, seat=seat, sheet=sheet, changes={})
    check_complete(instrument, way, stored)
    blanks = {cell: _BLANK for cell in way.cells if cell not in stored}
    saw = sees(sheet, blanks, seat.correction)
    submission = make_submission(instrument, way, stored, seat=seat, held=held, saw=saw)
    write(
        connection,
        seat=seat,
        held=held,
        request_id=request_id,
        base=held.revision,
        rows=blanks,
        release=seat.release,
        correction=seat.correction,
        submission=submission,
    )
    _thank(session, seat=seat, submission=submission, held=held)
    return _submitted(submission, held)


def _thank(session: Session, *, seat: Seat, submission: NewSubmission, held: Held) -> None:
    if submission.submission == 1:
        letter_of_submission(
            session,
            study_id=seat.study_id,
            round_number=seat.round,
            panellist_id=seat.panellist_id,
            now=held.now,
        )


def make_submission(
    instrument: Instrument,
    way: Way,
    stored: Mapping[int, Stored],
    *,
    seat: Seat,
    held: Held,
    saw: Mapping[int, int],
) -> NewSubmission:
    """The submission of what stands in `stored`; `saw` says which wording correction each answer saw."""
    number = held.submission + 1
    head = submission_head(seat, number=number, submitted_at=held.now)
    answers = [
        canonical_answer(instrument, cell, stored.get(cell, _BLANK), saw.get(cell, 0)) for cell in way.cells
    ]
    seed = secrets.token_hex(32)
    return NewSubmission(
        submission=number,
        content=f'{{"answers":[{",".join(answers)}],"head":{canonical_json(head)}}}',
        answer_count=len(answers),
        sha256=submission_hash(head, commitments(seed, answers)),
        salt_seed=seed,
        has_strays=not frozenset(way.cells).issuperset(stored),
    )


def _submitted(submission: NewSubmission, held: Held) -> Submitted:
    return Submitted(submission.submission, submission.sha256, held.now)


def _shown(seat: Seat, release: int | None) -> int:
    """The release that stood on the page: never one that was not there yet."""
    return seat.release if release is None else min(release, seat.release)


def _read_wording(seat: Seat, correction: int | None) -> int:
    """The correction of the wording that stood on the page: never one that was not there yet."""
    return seat.correction if correction is None else min(correction, seat.correction)


def sees(sheet: Sheet, written: Iterable[int], correction: int) -> Mapping[int, int]:
    """Cell → the wording correction that its answer saw, `written` being given to a page with this one."""
    if not correction and not sheet.corrections:
        return sheet.corrections
    return {**sheet.corrections, **dict.fromkeys(written, correction)}


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
        raise Conflicted(tuple(conflicts), revision=revision)
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


def _hold(connection: Connection, *, seat: Seat, request_id: str) -> Held | _Earlier:
    """The seat ready to be written to, or what the same request led to before. Raises when it is neither."""
    _check_request_id(request_id)
    if not seat.takes_answers:
        # Looked at before the lock is asked for: somebody may be waiting to close. What was saved before
        # that, and whose reply was lost, is acknowledged all the same.
        earlier = find_earlier(connection, seat=seat, request_id=request_id)
        if earlier is None:
            raise _closed(seat.round)
        return _Earlier(*earlier)
    held = hold(connection, seat=seat, request_id=request_id)
    if held is None:
        raise _gone()
    if held.earlier_revision is not None:
        return _Earlier(held.earlier_revision, held.earlier_submission or 0)
    if not takes_answers(held.state, now=held.now, closes_at=held.closes_at):
        raise _closed(seat.round)
    if held.is_withdrawn:
        raise _gone()
    return held


def _gone() -> Refused:
    return Refused(Sentence("You have withdrawn from this study: nothing more is stored."))


def _closed(number: int) -> RoundClosed:
    return RoundClosed(Sentence("Round {number} takes no answers now.", number=number))


def _cells_needed(instrument: Instrument, *, seat: Seat, changes: Mapping[int, Given]) -> set[int]:
    """What a save has to know: the cells that it changes, and those that decide what is asked."""
    needed = {*changes, *instrument.routing_cells}
    if seat.earlier.numbers:
        needed.update(instrument.carried_cells)
        for cell, given in changes.items():
            if given.status is Status.KEPT:
                needed.update(instrument.earlier_of.get(cell, ()))
    return needed


def find_way(instrument: Instrument, *, seat: Seat, sheet: Sheet, changes: Mapping[int, Given]) -> Way:
    known = {cell: given_of(sheet.now[cell][0]) for cell in instrument.routing_cells if cell in sheet.now}
    known.update((cell, changes[cell]) for cell in instrument.routing_cells if cell in changes)
    carried = {
        cell: given_of(sheet.earlier[cell][0]) for cell in instrument.carried_cells if cell in sheet.earlier
    }
    return instrument.way(group=seat.group, tags=seat.tags, answers=known, carried=carried)


def _check_asked(
    instrument: Instrument,
    *,
    seat: Seat,
    sheet: Sheet,
    changes: Mapping[int, Given],
) -> Way:
    way = find_way(instrument, seat=seat, sheet=sheet, changes=changes)
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


def check_complete(instrument: Instrument, way: Way, stored: Mapping[int, Stored]) -> None:
    found = list(_shortfalls(instrument, way, stored))
    if found:
        raise Incomplete([problem for _, problem in found], tuple(cell for cell, _ in found))


def _read_submission(session: Session, *, seat: SeatKey, number: int) -> Submitted:
    submission = session.get_one(Submission, (seat.study_id, seat.round, seat.panellist_id, number))
    return Submitted(number, submission.sha256, submission.submitted_at, repeated=True)
