"""What a study promises about names and answers: chosen before the first answer, and never weakened after."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.models import Participation, Study
from surveyapp.services.audit import record

LEVELS = ("attributed", "confidential", "blind")
"""From what is least promised to what is most."""


def find_why_fixed(session: Session, *, study: Study) -> Sentence | None:
    """Why another level cannot be chosen, or None while it can."""
    if study.protocol_number:
        return Sentence("The study's protocol names the level. Change it there, before the first answer.")
    if session.scalar(select(exists().where(Participation.study_id == study.id))):
        return Sentence(
            "Experts have begun to answer under '{level}', so it is fixed for this study.",
            level=study.anonymity,
        )
    return None


def set_anonymity(session: Session, *, study: Study, level: str, now: datetime, actor: str) -> None:
    """Promise another level. A study with a protocol has the level that stands there.

    Raises InputError for an unknown level, Refused where the protocol decides or answers were given.
    """
    if level not in LEVELS:
        raise InputError(
            [
                Problem(
                    "level",
                    Sentence(
                        "'{level}' is no level; choose one of: {known}.",
                        level=level[:40],
                        known=", ".join(LEVELS),
                    ),
                )
            ]
        )
    if level == study.anonymity:
        return
    # Whoever begins to answer meanwhile waits, and then reads what is promised from now on.
    session.execute(select(Study.id).where(Study.id == study.id).with_for_update())
    if why := find_why_fixed(session, study=study):
        raise Refused(why)
    before, study.anonymity = study.anonymity, level
    record(
        session,
        study_id=study.id,
        now=now,
        actor=actor,
        act="study.anonymity",
        detail={"before": before, "level": level},
    )
