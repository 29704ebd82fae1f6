"""Versions of a study's questionnaire as they are stored: each text once, under its own number."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.models import QuestionnaireVersion, Study
from surveyapp.questionnaire.model import Questionnaire


def next_number(session: Session, *, study: Study) -> int:
    """The number that the next version gets."""
    last = session.scalar(
        select(func.max(QuestionnaireVersion.number)).where(QuestionnaireVersion.study_id == study.id)
    )
    return (last or 0) + 1


def find_version(session: Session, *, study: Study, canonical: str) -> int | None:
    """The latest version that says just this; None where there is none.

    One that puts another's texts right is not meant: it has that one's cells, whatever was decided since.
    """
    return session.scalar(
        select(func.max(QuestionnaireVersion.number)).where(
            QuestionnaireVersion.study_id == study.id,
            QuestionnaireVersion.corrects.is_(None),
            QuestionnaireVersion.sha256 == hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )


def store_version(
    session: Session,
    *,
    study: Study,
    questionnaire: Questionnaire,
    source: str,
    now: datetime,
    corrects: int | None = None,
) -> int:
    """Keep a questionnaire as the study's next version; returns its number.

    `corrects` is the version whose texts it puts right, if it does just that.
    """
    canonical = questionnaire.canonical()
    number = next_number(session, study=study)
    session.add(
        QuestionnaireVersion(
            study_id=study.id,
            number=number,
            canonical=canonical,
            sha256=hashlib.sha256(canonical.encode()).hexdigest(),
            source=source,
            created_at=now,
            corrects=corrects,
        )
    )
    session.flush()
    return number
