"""The tables of an export about the study's course: protocol, decisions, lineage, and the discussion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from surveyapp.export.decisions import (
    AMENDMENT_COLUMNS,
    CORRECTION_COLUMNS,
    DECISION_COLUMNS,
    DEVIATION_COLUMNS,
    LINEAGE_COLUMNS,
    MARK_COLUMNS,
    REPLY_COLUMNS,
    TOLD_MARK_COLUMNS,
)
from surveyapp.export.tables import Table
from surveyapp.export.writers.csv import Value
from surveyapp.models import (
    Cell,
    Decision,
    LineageEdge,
    Panellist,
    ProtocolVersion,
    Reaction,
    Reason,
    Reply,
    Study,
    WordingCorrection,
)
from surveyapp.services.reading.deviations import list_deviations
from surveyapp.services.reasons.marks import list_told

_Joined: TypeAlias = Select[*tuple[Any, ...]]
Grain: TypeAlias = Callable[[datetime | None], str]
"""A moment as the study's exports write it."""


@dataclass(frozen=True, slots=True)
class ProtocolFile:
    """One version of the protocol as it stands in a package."""

    name: str
    about: str
    text: str


def protocol_files(versions: Sequence[ProtocolVersion]) -> Iterator[ProtocolFile]:
    """Every version of the protocol: as the study uses it, and as its author wrote it."""
    for version in versions:
        stem = _stem(version, versions)
        which = "" if version is versions[-1] else f"Version {version.number}, no longer in force. "
        canonical = "The protocol as the study uses it; its SHA-256 is in protocol-versions.csv."
        yield ProtocolFile(f"{stem}.json", which + canonical, version.canonical)
        yield ProtocolFile(f"{stem}.yaml", which + "The protocol as its author wrote it.", version.source)


def _stem(version: ProtocolVersion, versions: Sequence[ProtocolVersion]) -> str:
    return "protocol" if version is versions[-1] else f"protocol-{version.number}"


def course_tables(
    session: Session, *, study: Study, versions: Sequence[ProtocolVersion], at_grain: Grain
) -> tuple[Table, ...]:
    """Protocol versions with why they were amended, decisions, lineage, corrections, marks and replies.

    Who decided is not told: a package goes to analysts and readers, and decisions are the study's.
    """
    return (
        Table(
            "protocol-versions.csv",
            "The protocol's versions, one row each, with why it was amended.",
            AMENDMENT_COLUMNS,
            _versions(versions, at_grain),
        ),
        Table(
            "deviations.csv",
            "What departed from the plan, with why, one row each; whose answers were let in is not told.",
            DEVIATION_COLUMNS,
            _deviations(session, study, at_grain),
        ),
        Table(
            "decisions.csv",
            "What was decided about items, one row per round and item.",
            DECISION_COLUMNS,
            _decisions(session, study, at_grain),
        ),
        Table(
            "lineage.csv",
            "Where wordings come from and what became of them, one row per line of descent.",
            LINEAGE_COLUMNS,
            _lineage(session, study),
        ),
        Table(
            "corrections.csv",
            "Mistakes in the wording that were corrected while a round was open, one row each.",
            CORRECTION_COLUMNS,
            _corrections(session, study, at_grain),
        ),
        Table(
            "marks.csv",
            "Which of others' reasons speak for whom, one row per panellist, round and reason.",
            MARK_COLUMNS,
            _marks(session, study),
        ),
        Table(
            "marks-released.csv",
            "How reasons were marked, as the releases told it, one row per round and reason.",
            TOLD_MARK_COLUMNS,
            _told_marks(session, study),
        ),
        Table(
            "replies.csv",
            "What experts wrote back to others' reasons, one row per reply.",
            REPLY_COLUMNS,
            _replies(session, study),
        ),
    )


def read_protocol_versions(session: Session, *, study: Study) -> Sequence[ProtocolVersion]:
    """Every version of the study's protocol, oldest first."""
    return session.scalars(
        select(ProtocolVersion).where(ProtocolVersion.study_id == study.id).order_by(ProtocolVersion.number)
    ).all()


def _versions(versions: Sequence[ProtocolVersion], at_grain: Grain) -> Iterator[tuple[Value, ...]]:
    for each in versions:
        yield (
            each.number,
            at_grain(each.created_at),
            at_grain(each.locked_at),
            each.amended_because,
            each.sha256,
            f"{_stem(each, versions)}.json",
        )


def _deviations(session: Session, study: Study, at_grain: Grain) -> Iterator[tuple[Value, ...]]:
    for each in list_deviations(session, study=study):
        yield (at_grain(each.at), each.kind, each.number, each.reason)


def _decisions(session: Session, study: Study, at_grain: Grain) -> Iterator[tuple[Value, ...]]:
    rows = session.scalars(select(Decision).where(Decision.study_id == study.id)).all()
    # Sorted here: databases disagree on the order of texts.
    for each in sorted(rows, key=lambda row: (row.round, row.item)):
        yield (
            each.round,
            each.item,
            each.item_version,
            each.outcome,
            each.proposed,
            each.reason,
            at_grain(each.decided_at),
            each.detail,
        )


def _lineage(session: Session, study: Study) -> Iterator[tuple[Value, ...]]:
    rows = session.scalars(select(LineageEdge).where(LineageEdge.study_id == study.id)).all()
    for each in sorted(rows, key=lambda row: (row.round, row.parent_item, row.child_item)):
        yield (
            each.round,
            each.parent_item,
            each.parent_version,
            each.child_item,
            each.child_version,
            each.kind,
            "yes" if each.is_comparable else "no",
            each.reason,
        )


def _corrections(session: Session, study: Study, at_grain: Grain) -> Iterator[tuple[Value, ...]]:
    rows = session.scalars(
        select(WordingCorrection)
        .where(WordingCorrection.study_id == study.id)
        .order_by(WordingCorrection.round, WordingCorrection.number)
    )
    for each in rows:
        yield (
            each.round,
            each.number,
            each.path,
            each.item,
            each.item_version,
            each.before,
            each.after,
            each.reason,
            at_grain(each.at),
            each.questionnaire_before,
            each.questionnaire_after,
        )


_OF_REASON = (Reason.public_id, Reason.item, Cell.context, Cell.criterion)


def _beside_reason(statement: _Joined, said: type[Reaction | Reply]) -> _Joined:
    """Joined to the reason that it is about and to its author's seat."""
    return (
        statement.join(Reason, (Reason.study_id == said.study_id) & (Reason.public_id == said.public_id))
        .join(Cell, (Cell.study_id == Reason.study_id) & (Cell.number == Reason.cell))
        .join(Panellist, (Panellist.study_id == said.study_id) & (Panellist.id == said.panellist_id))
    )


def _marks(session: Session, study: Study) -> Iterator[tuple[Value, ...]]:
    columns = (Panellist.pseudonym, Panellist.is_synthetic, Reaction.round, *_OF_REASON, Reaction.stance)
    rows = session.execute(
        _beside_reason(select(*columns).select_from(Reaction), Reaction).where(Reaction.study_id == study.id)
    ).all()
    for row in sorted(rows, key=lambda row: (row.pseudonym, row.round, row.public_id)):
        yield (row.pseudonym, _invented(row, study), *row[2:])


def _told_marks(session: Session, study: Study) -> Iterator[tuple[Value, ...]]:
    for number, marks in list_told(session, study_id=study.id):
        for each in sorted(marks, key=lambda one: one.reason.id):
            reason = each.reason
            yield (
                number,
                reason.id,
                reason.item,
                reason.context,
                reason.criterion,
                each.n,
                each.for_me,
                each.not_for_me,
                each.at_least,
                each.mostly,
            )


def _replies(session: Session, study: Study) -> Iterator[tuple[Value, ...]]:
    columns = (
        Reply.reply_id,
        Panellist.pseudonym,
        Panellist.is_synthetic,
        Reply.round,
        *_OF_REASON,
        Reply.state,
        Reply.text,
    )
    rows = session.execute(
        _beside_reason(select(*columns).select_from(Reply), Reply).where(Reply.study_id == study.id)
    ).all()
    for row in sorted(rows, key=lambda row: row.reply_id):
        yield (row.reply_id, row.pseudonym, _invented(row, study), *row[3:])


def _invented(row: Row[*tuple[Any, ...]], study: Study) -> str:
    return "yes" if study.is_synthetic or row.is_synthetic else "no"
