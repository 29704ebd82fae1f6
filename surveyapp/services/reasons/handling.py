"""What becomes of a reason: redacted, released, merged with one that says the same, or set aside and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.empty_words import is_empty_word
from surveyapp.errors import Conflict, InputError, NotFound, Problem, Refused, Sentence
from surveyapp.models import Reason, SummarySource
from surveyapp.questionnaire.kinds.written import read_text
from surveyapp.services.audit import record
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.reasons import get_closed_round

SAYS_NOTHING = "It says nothing."
MAX_RELEASED_TEXT = 20_000
MAX_BECAUSE = 1_000
_AT_ONCE = 500


def redact_reason(
    session: Session,
    *,
    study_id: int,
    public_id: str,
    released_text: str,
    now: datetime,
    actor: str,
    seen: str | None = None,
) -> None:
    """Say how experts will read the reason: with what identifies its author taken out.

    It is not released by that. The text as it was submitted stays beside it; the audit keeps hashes of both.
    `seen` is the released text that the writer had before the eyes: raises Conflict when it has changed
    since. Raises InputError for an empty or too long text.
    """
    (row,) = hold_reasons(session, study_id=study_id, public_ids=[public_id])
    if seen is not None and seen != row.released_text:
        raise Conflict(
            Sentence(
                "Somebody else has redacted {public_id} in the meantime; look at it again.",
                public_id=public_id,
            )
        )
    row.released_text = _read_released(public_id, released_text)
    if row.state != "unread":
        # What would be released has changed, and only the time of handling tells it.
        row.handled_by, row.handled_at = actor, now
    detail = {"reason": public_id, "text": _hash(row.text), "released_text": _hash(row.released_text)}
    record(session, study_id=study_id, now=now, actor=actor, act="reason.redact", detail=detail)
    session.flush()


def release_reasons(
    session: Session, *, study_id: int, public_ids: Sequence[str], now: datetime, actor: str
) -> int:
    """Mark these to be shown to experts with the next release, redacted or as they are; returns how many."""
    rows = hold_reasons(session, study_id=study_id, public_ids=public_ids)
    for row in rows:
        place(row, "released", now=now, actor=actor, released_text=row.released_text or row.text)
    _record(session, study_id, rows, now=now, actor=actor, act="reason.release")
    return len(rows)


def put_back(session: Session, *, study_id: int, public_ids: Sequence[str], now: datetime, actor: str) -> int:
    """Undo a release, a merge or a setting aside: a reason is unread again, or summarised where it is.

    What was redacted stays written. What panels have been shown stays shown. Returns how many.
    """
    rows = hold_reasons(session, study_id=study_id, public_ids=public_ids)
    sources = sources_among(session, study_id=study_id, rows=rows)
    for row in rows:
        place(row, "summarised" if row.public_id in sources else "unread", now=now, actor=actor)
    _record(session, study_id, rows, now=now, actor=actor, act="reason.put_back")
    return len(rows)


def merge_reasons(
    session: Session, *, study_id: int, public_ids: Sequence[str], into: str, now: datetime, actor: str
) -> int:
    """Let the reason `into` stand for these, which say the same about the same item; returns how many.

    What had been merged into one of them goes along. Raises Refused for one that is about another item or of
    another round, merged into itself, or merged into one that was set aside.
    """
    asked = list(dict.fromkeys(public_ids))
    rows = hold_reasons(session, study_id=study_id, public_ids=[*asked, *([] if into in asked else [into])])
    by_id = {row.public_id: row for row in rows}
    target = by_id[into]
    if target.state == "merged" and target.merged_into not in asked:
        (target,) = hold_reasons(session, study_id=study_id, public_ids=[target.merged_into])
    moving = [by_id[public_id] for public_id in asked]
    _check_merge(moving, target)
    if target.state == "merged":
        # It was merged into one of those that it now stands for.
        place(target, "unread", now=now, actor=actor)
    carried = session.scalars(
        select(Reason).where(
            Reason.study_id == study_id,
            Reason.merged_into.in_(asked),
            Reason.public_id.not_in([*asked, target.public_id]),
        )
    ).all()
    for row in (*moving, *carried):
        place(row, "merged", now=now, actor=actor, merged_into=target.public_id)
    _record(session, study_id, moving, now=now, actor=actor, act="reason.merge", into=target.public_id)
    return len(moving)


def set_aside_reasons(
    session: Session, *, study_id: int, public_ids: Sequence[str], because: str, now: datetime, actor: str
) -> int:
    """Decide that these are neither shown nor summarised, and say why; returns how many.

    Raises InputError without a reason for it, Refused for one that a sentence of the summary stands on.
    """
    why = " ".join(because.split())
    if not why:
        raise InputError(Sentence("Say why these are set aside: the report will show it."))
    if len(why) > MAX_BECAUSE:
        raise InputError(
            Sentence(
                "Why it is set aside has {length} characters; at most {most} are kept.",
                length=len(why),
                most=MAX_BECAUSE,
            )
        )
    rows = hold_reasons(session, study_id=study_id, public_ids=public_ids)
    sources = sources_among(session, study_id=study_id, rows=rows)
    if sources:
        raise Refused(
            Sentence(
                "The summary stands on {names}: take it out of the summary first, or let it be summarised.",
                names=", ".join(sorted(sources)),
            )
        )
    for row in rows:
        place(row, "set_aside", now=now, actor=actor, because=why)
    _record(session, study_id, rows, now=now, actor=actor, act="reason.set_aside", because=why)
    return len(rows)


def find_empty(session: Session, *, study_id: int, round_number: int) -> Mapping[str, str]:
    """The unread reasons of the round that say nothing in any of the study's languages: name → text."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    rows = session.execute(
        select(Reason.public_id, Reason.text)
        .where(Reason.study_id == study_id, Reason.round == round_number, Reason.state == "unread")
        .order_by(Reason.public_id)
    )
    languages = instrument.questionnaire.languages
    return {public_id: text for public_id, text in rows if is_empty_word(text, languages)}


def set_aside_empty(
    session: Session, *, study_id: int, round_number: int, now: datetime, actor: str
) -> tuple[str, ...]:
    """Set aside, in one act, every unread reason that says nothing ("none", "-"); returns their names."""
    get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    public_ids = tuple(find_empty(session, study_id=study_id, round_number=round_number))
    if public_ids:
        set_aside_reasons(
            session, study_id=study_id, public_ids=public_ids, because=SAYS_NOTHING, now=now, actor=actor
        )
    return public_ids


def hold_reasons(session: Session, *, study_id: int, public_ids: Sequence[str]) -> list[Reason]:
    """These reasons, in the order asked for, held until the transaction ends, and their rounds with them.

    Raises NotFound with every name that there is none of, and what `get_closed_round` raises.
    """
    asked = list(dict.fromkeys(public_ids))
    rounds = {
        number
        for some in _in_parts(asked)
        for number in session.scalars(
            select(Reason.round).where(Reason.study_id == study_id, Reason.public_id.in_(some)).distinct()
        )
    }
    for number in sorted(rounds):
        get_closed_round(session, study_id=study_id, round_number=number, hold=True)
    found = {
        row.public_id: row
        for some in _in_parts(asked)
        for row in session.scalars(
            select(Reason)
            .where(Reason.study_id == study_id, Reason.public_id.in_(some))
            .execution_options(populate_existing=True)
        )
    }
    missing = [public_id for public_id in asked if public_id not in found]
    if missing:
        raise NotFound(Sentence("This study has no reason {names}.", names=", ".join(missing)))
    return [found[public_id] for public_id in asked]


def sources_among(session: Session, *, study_id: int, rows: Sequence[Reason]) -> frozenset[str]:
    """Which of these a sentence of a summary stands on."""
    return frozenset(
        public_id
        for some in _in_parts([row.public_id for row in rows])
        for public_id in session.scalars(
            select(SummarySource.public_id)
            .where(SummarySource.study_id == study_id, SummarySource.public_id.in_(some))
            .distinct()
        )
    )


def place(
    row: Reason,
    state: str,
    *,
    now: datetime,
    actor: str,
    released_text: str | None = None,
    merged_into: str = "",
    because: str = "",
) -> None:
    """Put a held reason into a state, leaving nothing of the state it was in."""
    row.state, row.merged_into, row.because = state, merged_into, because
    if released_text is not None:
        row.released_text = released_text
    row.handled_by = "" if state == "unread" else actor
    row.handled_at = None if state == "unread" else now


def _check_merge(moving: Sequence[Reason], target: Reason) -> None:
    problems = []
    for row in moving:
        if row.public_id == target.public_id:
            problems.append(f"{row.public_id} cannot be merged into itself.")
        elif (row.round, row.item) != (target.round, target.item):
            problems.append(
                f"{row.public_id} is not about the same item in the same round as {target.public_id}; only "
                "reasons on one item are merged."
            )
    if target.state == "set_aside":
        problems.append(f"{target.public_id} was set aside and cannot stand for others; put it back first.")
    if problems:
        raise Refused("\n".join(problems))


def _read_released(public_id: str, text: str) -> str:
    given = read_text([text.strip()], public_id, MAX_RELEASED_TEXT)
    if given.text is None:
        raise InputError(
            [
                Problem(
                    public_id,
                    Sentence("nothing would be left to read; set the reason aside instead, and say why."),
                )
            ]
        )
    return given.text


def _record(
    session: Session,
    study_id: int,
    rows: Sequence[Reason],
    *,
    now: datetime,
    actor: str,
    act: str,
    into: str = "",
    because: str = "",
) -> None:
    detail: dict[str, object] = {"reasons": [row.public_id for row in rows]}
    if into:
        detail["into"] = into
    record(session, study_id=study_id, now=now, actor=actor, act=act, detail=detail, reason=because)
    session.flush()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _in_parts(values: Sequence[str]) -> Sequence[Sequence[str]]:
    return [values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE)]
