"""Bring back a spreadsheet of reasons: everything that was changed in it, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import Conflict, InputError, Problem, Sentence
from surveyapp.exchange.reason_file import ReasonFile
from surveyapp.models import Reason
from surveyapp.services.audit import record
from surveyapp.services.reading.reasons import get_closed_round
from surveyapp.services.reasons.coding import add_theme, change_theme, code_reasons, forget_codes
from surveyapp.services.reasons.handling import hold_reasons, place, sources_among
from surveyapp.services.reasons.sheet_plan import Change, Plan, plan_import
from surveyapp.services.reasons.summarising import write_summary
from surveyapp.services.reasons.to_sheet import read_file


@dataclass(frozen=True, slots=True)
class ImportedReasons:
    """What an import changed, or would change."""

    round: int
    coder: str
    changes: tuple[Change, ...]
    unchanged: int
    """Rows that stay as they are."""


class ChangedMeanwhile(Conflict):
    """Somebody has changed, since the export, what the file changes too; nothing was imported."""

    def __init__(self, conflicts: Sequence[Problem]) -> None:
        self.conflicts = tuple(conflicts)
        lines = "\n".join(str(each) for each in conflicts)
        super().__init__(
            "Nothing was imported: these were changed here after the file was exported, and the file changes "
            f"them too. Export again, or delete these rows from the file:\n{lines}"
        )


def import_reasons(
    session: Session, *, study_id: int, file: ReasonFile, now: datetime, actor: str, coder: str = ""
) -> ImportedReasons:
    """Do what was changed in `file` since it was exported: all of it, or nothing.

    The themes are those of `coder`, or of whoever the file was exported for. Whoever only wants to know what
    would happen calls this in a unit of work that is not committed. Raises InputError with every bad row,
    ChangedMeanwhile with everything that somebody else has changed since.
    """
    round_number = _find_round(session, study_id=study_id, file=file)
    get_closed_round(session, study_id=study_id, round_number=round_number, hold=True)
    name = _find_coder(file, coder=" ".join(coder.split()), actor=actor)
    current = read_file(session, study_id=study_id, round_number=round_number, coder=name)
    plan = plan_import(current, file)
    if plan.problems:
        raise InputError([*plan.problems, *plan.conflicts])
    if plan.conflicts:
        raise ChangedMeanwhile(plan.conflicts)
    _apply(session, plan, study_id=study_id, round_number=round_number, coder=name, now=now, actor=actor)
    return ImportedReasons(round_number, name, tuple(plan.changes), plan.unchanged)


def _find_round(session: Session, *, study_id: int, file: ReasonFile) -> int:
    if not file.reasons:
        raise InputError(Sentence("The file holds no reason."))
    rounds = dict(
        session.execute(select(Reason.public_id, Reason.round).where(Reason.study_id == study_id)).all()
    )
    found = {rounds[row.id] for row in file.reasons if row.id in rounds}
    if not found:
        raise InputError(Sentence("None of the reasons in the file belongs to this study."))
    if len(found) > 1:
        named = ", ".join(str(number) for number in sorted(found))
        raise InputError(
            Sentence(
                "The file holds reasons of the rounds {named}; import each round by itself.", named=named
            )
        )
    return found.pop()


def _find_coder(file: ReasonFile, *, coder: str, actor: str) -> str:
    named = sorted({row.coder for row in file.reasons if row.coder})
    if len(named) > 1:
        raise InputError(
            Sentence(
                "The column 'coder' names {named}; a file holds one coder's themes.", named=", ".join(named)
            )
        )
    if named and coder and named[0] != coder:
        raise InputError(
            Sentence(
                "This file was exported with the themes of {named} and cannot be imported as "
                "those of {coder}. Export again for {coder}, or leave the coder out.",
                named=named[0],
                coder=coder,
            )
        )
    return coder or (named[0] if named else actor)


def _apply(
    session: Session,
    plan: Plan,
    *,
    study_id: int,
    round_number: int,
    coder: str,
    now: datetime,
    actor: str,
) -> None:
    for theme in plan.new_themes:
        add_theme(
            session,
            study_id=study_id,
            theme=theme.id,
            title=theme.title,
            definition=theme.definition,
            now=now,
            actor=actor,
        )
    for theme in plan.changed_themes:
        change_theme(
            session,
            study_id=study_id,
            theme=theme.id,
            title=theme.title,
            definition=theme.definition,
            now=now,
            actor=actor,
        )
    _apply_handling(session, plan, study_id=study_id, now=now, actor=actor)
    for item, sentences in plan.summaries.items():
        write_summary(
            session,
            study_id=study_id,
            round_number=round_number,
            item=item,
            sentences=sentences,
            now=now,
            actor=actor,
        )
    codes = {public_id: themes for public_id, themes in plan.codes.items() if themes is not None}
    if codes:
        code_reasons(session, study_id=study_id, codes=codes, coder=coder, now=now, actor=actor)
    taken_back = [public_id for public_id, themes in plan.codes.items() if themes is None]
    if taken_back:
        forget_codes(session, study_id=study_id, public_ids=taken_back, coder=coder, now=now, actor=actor)


def _apply_handling(session: Session, plan: Plan, *, study_id: int, now: datetime, actor: str) -> None:
    if not plan.handling:
        return
    redacted = {}
    rows = hold_reasons(session, study_id=study_id, public_ids=list(plan.handling))
    sources = sources_among(session, study_id=study_id, rows=rows)
    for row in rows:
        wanted = plan.handling[row.public_id]
        # What no sentence stands on yet is summarised when the summary is written.
        is_early = wanted.state == "summarised" and row.public_id not in sources
        state = "unread" if is_early else wanted.state
        if wanted.released_text != row.released_text.strip():
            redacted[row.public_id] = hashlib.sha256(wanted.released_text.encode()).hexdigest()
            row.released_text = wanted.released_text
        place(row, state, now=now, actor=actor, merged_into=wanted.merged_into, because=wanted.because)
    session.flush()
    merged = {name: wanted.merged_into for name, wanted in plan.handling.items() if wanted.state == "merged"}
    carried = session.scalars(
        select(Reason).where(
            Reason.study_id == study_id,
            Reason.merged_into.in_(merged),
            Reason.public_id.not_in(list(plan.handling)),
        )
    )
    for row in carried:
        place(row, "merged", now=now, actor=actor, merged_into=merged[row.merged_into])
    detail = {
        "states": {name: wanted.state for name, wanted in sorted(plan.handling.items())},
        "redacted": redacted,
    }
    record(session, study_id=study_id, now=now, actor=actor, act="reasons.import", detail=detail)
    session.flush()
