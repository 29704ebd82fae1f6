"""Whether anything that a release is made from has changed: one short text tells, without counting again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.selectable import CompoundSelect

from surveyapp.delphi.receipts import canonical_json
from surveyapp.models import Decision, Reaction, Reason, Release, SummarySentence, SummarySource
from surveyapp.services.release_drafts import read_input


@dataclass(frozen=True, slots=True)
class Standing:
    """What a release of the round would be made from, as far as keys, numbers and times tell it."""

    input_sha256: str
    """The hash over everything that counts in the round."""
    decided: Mapping[str, str]
    """Item → its outcome."""
    states: Mapping[str, int]
    """State of reasons → how many are in it."""
    sources: Mapping[tuple[str, int], int]
    """Item and position of each sentence of a summary → how many reasons it stands on."""
    stamp: str
    """Changes with what counts in the round, its draft, its decisions, reasons, marks and summaries."""


def read_stamp(session: Session, *, study_id: int, number: int) -> str:
    """The stamp of a round as it stands now."""
    return read_standing(session, study_id=study_id, number=number).stamp


def read_standing(session: Session, *, study_id: int, number: int) -> Standing:
    """What stands in a round now: two queries, and no text of anybody."""
    counted = read_input(session, study_id=study_id, number=number)
    facts = sorted(tuple(row) for row in session.execute(_facts(study_id, number)))
    return Standing(
        input_sha256=counted[0],
        decided={item: outcome for kind, item, outcome, *_ in facts if kind == "decision"},
        states={state: int(count) for kind, state, count, *_ in facts if kind == "reasons"},
        sources={
            (item, int(position)): int(count)
            for kind, item, position, _, count in facts
            if kind == "sentence"
        },
        stamp=hashlib.sha256(canonical_json([counted, facts]).encode()).hexdigest(),
    )


def _facts(study_id: int, number: int) -> CompoundSelect[*tuple[Any, ...]]:
    links = (
        select(func.count())
        .where(
            SummarySource.study_id == study_id,
            SummarySource.round == number,
            SummarySource.item == SummarySentence.item,
            SummarySource.position == SummarySentence.position,
        )
        .scalar_subquery()
    )
    return union_all(
        select(*_texts("draft", Release.number, Release.content_sha256)).where(
            Release.study_id == study_id, Release.round == number
        ),
        select(*_texts("decision", Decision.item, Decision.outcome, Decision.decided_at)).where(
            Decision.study_id == study_id, Decision.round == number
        ),
        # Of many thousand reasons only the sum: whoever handles one leaves the time.
        select(*_texts("reasons", Reason.state, func.count(), func.max(Reason.handled_at)))
        .where(Reason.study_id == study_id, Reason.round == number)
        .group_by(Reason.state),
        # Marks do not change after the close, but go with whoever leaves with all answers.
        select(*_texts("marks", func.count())).where(Reaction.study_id == study_id, Reaction.round == number),
        select(
            *_texts(
                "sentence", SummarySentence.item, SummarySentence.position, SummarySentence.written_at, links
            )
        ).where(SummarySentence.study_id == study_id, SummarySentence.round == number),
    )


def _texts(kind: str, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> list[Any]:
    told = [func.coalesce(cast(column, Text), "") for column in columns]
    return [literal(kind), *told, *[literal("")] * (4 - len(told))]
