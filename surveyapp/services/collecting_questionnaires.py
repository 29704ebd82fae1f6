"""The questionnaire of a round that only collects items: a part of the one in force, as its own version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from surveyapp.delphi.collecting import collecting_part
from surveyapp.models import QuestionnaireVersion, Study
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import corrected
from surveyapp.services.item_history import read_corrections
from surveyapp.services.questionnaire_versions import find_version, store_version


def collecting_questionnaire(session: Session, *, study: Study, cohort: str, now: datetime) -> int:
    """The number of the version that a collecting round asks; the study's own stays the one with ratings.

    What it asks stands in cells that the study has: nothing is asked in it that is not in the whole.
    """
    whole = session.get_one(QuestionnaireVersion, (study.id, study.questionnaire_number))
    part = collecting_part(Questionnaire.from_canonical(whole.canonical))
    # What was put right in such a round that was called off stays right.
    corrections = read_corrections(session, study_id=study.id, cohort=cohort)
    part = corrected(part, [each for number in sorted(corrections) for each in corrections[number]])
    known = find_version(session, study=study, canonical=part.canonical())
    if known is not None:
        return known
    return store_version(session, study=study, questionnaire=part, source=whole.source, now=now)
