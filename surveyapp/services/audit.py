"""Writing down who did what, in the same transaction as the act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from surveyapp.delphi.receipts import canonical_json
from surveyapp.models import AuditEntry


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
    """Record one act; `detail` holds counts and settings, never an answer, token or address of an expert."""
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
