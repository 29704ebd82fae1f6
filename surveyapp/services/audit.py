"""Writing down who did what, in the same transaction as the act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import Refused, Sentence
from surveyapp.models import AuditEntry, Study

# What goes on in an archived study: looking, saying who may look, the way back, and what every panellist may
# do at any time. An act's first word, or the whole of it.
_GOES_ON = frozenset(
    {
        "identity",
        "member",
        "organiser",
        "panel.csv",
        "panel.links",
        "panellist",
        "proposals.erase",
        "proposals.export",
        "reasons.erase",
        "reasons.export",
        "study.archive",
        "study.copy",
        "study.delete",
        "study.export",
        "study.keep",
        "study.rehearsal_removed",
        "study.unarchive",
    }
)


def record(
    session: Session,
    *,
    study_id: int | None,
    now: datetime,
    actor: str,
    act: str,
    detail: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Record one act; `detail` holds counts and settings, never an answer, token or address of an expert.

    Every act passes here, and belongs together with its record. So this is where one is refused that would
    change something in a study that is archived: raises Refused, and nothing of the act stays.
    """
    if study_id is not None and not _goes_on(act):
        _refuse_archived(session, study_id)
    session.add(
        AuditEntry(
            study_id=study_id,
            at=now,
            actor=actor,
            act=act,
            detail=canonical_json(detail or {}),
            reason=reason,
        )
    )


def is_archived(session: Session, *, study_id: int) -> bool:
    """Whether a study is put away, or not there any more: nothing in it changes."""
    study = session.get(Study, study_id)
    return study is None or study.archived_at is not None


def _refuse_archived(session: Session, study_id: int) -> None:
    if is_archived(session, study_id=study_id):
        raise Refused(
            Sentence(
                "The study is archived: it can be read, and nothing in it changes any more. Whoever owns it "
                "can bring it back."
            )
        )


def _goes_on(act: str) -> bool:
    return act in _GOES_ON or act.partition(".")[0] in _GOES_ON
