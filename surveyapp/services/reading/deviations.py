"""What did not go as it was planned: amendments, corrections, rounds put off or reopened, late answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import AuditEntry, ProtocolVersion, Study

Kind = Literal["amendment", "extension", "reopening", "cancellation", "admission", "correction"]
_KIND_OF: Final[dict[str, Kind]] = {
    "round.extend": "extension",
    "round.reopen": "reopening",
    "round.cancel": "cancellation",
    "round.correct": "correction",
    "submission.admit": "admission",
}


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure from the plan, with its reason."""

    kind: Kind
    at: datetime
    reason: str
    number: int
    """The round; of an amendment the protocol version that it made."""


def list_deviations(session: Session, *, study: Study) -> tuple[Deviation, ...]:
    """All that departed from the plan so far, in the order of time.

    Whose answers were let in is not told; who did it stands in the record of acts.
    """
    found: list[Deviation] = []
    if study.protocol_number > 1:
        found += [
            Deviation("amendment", row.created_at, row.amended_because, row.number)
            for row in session.execute(
                select(
                    ProtocolVersion.number, ProtocolVersion.created_at, ProtocolVersion.amended_because
                ).where(ProtocolVersion.study_id == study.id, ProtocolVersion.amended_because != "")
            )
        ]
    acts = session.execute(
        select(AuditEntry.act, AuditEntry.at, AuditEntry.reason, AuditEntry.detail).where(
            AuditEntry.study_id == study.id, AuditEntry.act.in_(_KIND_OF)
        )
    )
    found += [
        Deviation(_KIND_OF[act], at, reason, int(json.loads(detail)["round"]))
        for act, at, reason, detail in acts
    ]
    return tuple(sorted(found, key=lambda each: (each.at, each.kind, each.number)))
