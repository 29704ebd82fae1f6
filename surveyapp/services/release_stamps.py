"""Whether anything that a release is made from has changed: one short text tells, without counting again."""

from __future__ import annotations

import hashlib

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.models import Decision, Reaction, Reason, Release, SummarySentence, SummarySource
from surveyapp.services.release_drafts import read_input


def read_stamp(session: Session, *, study_id: int, number: int) -> str:
    """Changes with what counts in the round, its draft, its decisions, reasons, marks and summaries."""
    facts = [
        sorted([str(value) for value in row] for row in session.execute(statement))
        for statement in _statements(study_id, number)
    ]
    counted = read_input(session, study_id=study_id, number=number)
    return hashlib.sha256(canonical_json([counted, facts]).encode()).hexdigest()


def _statements(study_id: int, number: int) -> tuple[Select[*tuple[object, ...]], ...]:
    return (
        select(Release.number, Release.content_sha256).where(
            Release.study_id == study_id, Release.round == number
        ),
        select(Decision.item, Decision.outcome, Decision.decided_at).where(
            Decision.study_id == study_id, Decision.round == number
        ),
        # Of many thousand reasons only the sum: whoever handles one leaves the time.
        select(Reason.state, func.count(), func.max(Reason.handled_at))
        .where(Reason.study_id == study_id, Reason.round == number)
        .group_by(Reason.state),
        # Marks do not change after the close, but go with whoever leaves with all answers.
        select(func.count()).where(Reaction.study_id == study_id, Reaction.round == number),
        select(SummarySentence.item, SummarySentence.position, SummarySentence.written_at).where(
            SummarySentence.study_id == study_id, SummarySentence.round == number
        ),
        select(SummarySource.item, SummarySource.position, func.count())
        .where(SummarySource.study_id == study_id, SummarySource.round == number)
        .group_by(SummarySource.item, SummarySource.position),
    )
