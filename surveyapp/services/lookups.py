"""The custodian's look-up: who sits behind a pseudonym, or the other way round; always with a reason.

Each look is recorded with its reason before anything is shown, also when nothing was found. The record
names the seat and never the person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.models import Identity, Panellist, Study
from surveyapp.services.addresses import fold_address
from surveyapp.services.audit import record

SHORTEST_REASON = 10
MAX_REASON = 1_000
MAX_SOUGHT = 254


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A seat and the person on it."""

    pseudonym: str
    name: str
    email: str
    group: str
    state: str


def look_up(
    session: Session, *, study: Study, sought: str, reason: str, now: datetime, actor: str
) -> FoundPerson | None:
    """The person behind a pseudonym or an address, or None; the look is recorded either way.

    Raises InputError with every problem; then nothing is recorded, and nothing was looked at.
    """
    sought, reason = sought.strip(), " ".join(reason.split())
    problems = []
    if not sought or len(sought) > MAX_SOUGHT:
        problems.append(Problem("sought", Sentence("Write a pseudonym such as P-7KQ2M, or an address.")))
    if not SHORTEST_REASON <= len(reason) <= MAX_REASON:
        problems.append(
            Problem(
                "reason",
                Sentence(
                    "Write why you need to know, in {least} to {most} characters; it stands in the record.",
                    least=SHORTEST_REASON,
                    most=MAX_REASON,
                ),
            )
        )
    if problems:
        raise InputError(problems)
    by_address = "@" in sought
    wanted = (
        Identity.email_key == fold_address(sought) if by_address else Panellist.pseudonym == sought.upper()
    )
    row = session.execute(
        select(Panellist.pseudonym, Identity.name, Identity.email, Panellist.group, Panellist.state)
        .join(
            Identity,
            and_(Identity.study_id == Panellist.study_id, Identity.panellist_id == Panellist.id),
        )
        .where(Panellist.study_id == study.id, wanted)
    ).one_or_none()
    detail = {"by": "address" if by_address else "pseudonym", "found": row is not None}
    if row is not None:
        detail["seat"] = row.pseudonym
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="identity.look_up",
        detail=detail,
        reason=reason,
    )
    return None if row is None else FoundPerson(*row)
