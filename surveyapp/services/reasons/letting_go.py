"""What follows when a reason goes or is written anew: nothing that stood on it stays as if it still did."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from surveyapp.models import (
    CodedReason,
    Participation,
    Reaction,
    Reason,
    ReasonTheme,
    Reply,
    SummarySentence,
    SummarySource,
)
from surveyapp.services.audit import record

_AT_ONCE = 500


def erase_reasons(
    session: Session, *, study_id: int, panellist_id: int, now: datetime, actor: str = "panellist"
) -> int:
    """Take out all that one panellist wrote, who leaves with all answers; returns how many reasons.

    With the reasons go sentences of summaries that stood on them alone, and the panellist's own replies and
    marks. A release that is out stays as it is; the next one is without them. The audit keeps a hash of each.
    """
    mine = session.scalars(
        select(Reason).where(Reason.study_id == study_id, Reason.panellist_id == panellist_id)
    ).all()
    hashes = sorted(hashlib.sha256(f"{row.public_id}\n{row.text}".encode()).hexdigest() for row in mine)
    let_go(session, mine, with_sentences=True)
    session.execute(
        update(Participation)
        .where(Participation.study_id == study_id, Participation.panellist_id == panellist_id)
        .values(gathered=0)
        .execution_options(synchronize_session=False)
    )
    for table in (Reaction, Reply):
        session.execute(delete(table).where(table.study_id == study_id, table.panellist_id == panellist_id))
    if hashes:
        detail = {"sha256": hashes}
        record(session, study_id=study_id, now=now, actor=actor, act="reasons.erase", detail=detail)
    session.flush()
    return len(hashes)


def let_go(session: Session, rows: Sequence[Reason], *, with_sentences: bool = False) -> None:
    """Delete these reasons with their codes, marks and replies; what was merged into them is unread again.

    With `with_sentences` the sentences go that stand on nothing else; otherwise they stay, without a source,
    and whoever wrote them has to look again.
    """
    if not rows:
        return
    _unlink(session, rows, with_sentences=with_sentences)
    for row in rows:
        session.delete(row)
    session.flush()


def start_again(session: Session, rows: Sequence[Reason], *, texts: Sequence[str]) -> None:
    """These reasons were rewritten: each gets its new text and is unread, as if it had just arrived."""
    if not rows:
        return
    _unlink(session, rows, with_sentences=False)
    for row, text in zip(rows, texts, strict=True):
        row.text = text
        row.state, row.released_text, row.merged_into, row.because = "unread", "", "", ""
        row.handled_by, row.handled_at = "", None
        for table in (ReasonTheme, CodedReason):
            session.execute(
                delete(table).where(
                    table.study_id == row.study_id,
                    table.round == row.round,
                    table.panellist_id == row.panellist_id,
                    table.cell == row.cell,
                )
            )
    session.flush()


def _unlink(session: Session, rows: Sequence[Reason], *, with_sentences: bool) -> None:
    study_id = rows[0].study_id
    public_ids = [row.public_id for row in rows]
    for start in range(0, len(public_ids), _AT_ONCE):
        _unlink_some(session, study_id, public_ids[start : start + _AT_ONCE], with_sentences=with_sentences)


def _unlink_some(
    session: Session, study_id: int, public_ids: Collection[str], *, with_sentences: bool
) -> None:
    is_source = exists().where(
        SummarySource.study_id == Reason.study_id, SummarySource.public_id == Reason.public_id
    )
    merged = select(Reason, is_source).where(
        Reason.study_id == study_id,
        Reason.merged_into.in_(public_ids),
        Reason.public_id.not_in(public_ids),
    )
    for row, has_sentence in session.execute(merged).all():
        row.merged_into = ""
        row.state = "summarised" if has_sentence else "unread"
        if not has_sentence:
            row.handled_by, row.handled_at = "", None
    session.flush()
    links = session.execute(
        delete(SummarySource)
        .where(SummarySource.study_id == study_id, SummarySource.public_id.in_(public_ids))
        .returning(SummarySource.round, SummarySource.item, SummarySource.position)
    ).all()
    if not links or not with_sentences:
        return
    for (round_number, item), places in groupby(
        sorted({tuple(link) for link in links}), key=lambda each: each[:2]
    ):
        positions = [each[2] for each in places]
        session.execute(
            delete(SummarySentence).where(
                SummarySentence.study_id == study_id,
                SummarySentence.round == round_number,
                SummarySentence.item == item,
                SummarySentence.position.in_(positions),
                ~exists().where(
                    SummarySource.study_id == SummarySentence.study_id,
                    SummarySource.round == SummarySentence.round,
                    SummarySource.item == SummarySentence.item,
                    SummarySource.position == SummarySentence.position,
                ),
            )
        )
