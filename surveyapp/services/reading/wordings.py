"""The texts that a round asks with, to find the one to correct, and what was corrected in it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.models import QuestionnaireVersion, Round, Study, WordingCorrection, database_now
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.wordings import ReadText, list_texts
from surveyapp.services.correcting import find_refusal


@dataclass(frozen=True, slots=True)
class CorrectedText:
    """One correction of a round's wording, as it stands on record."""

    round: int
    number: int
    path: str
    before: str
    after: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundWording:
    """The wording of one round: every text that experts read in it, and every correction."""

    round: int
    correction: int
    """Number of the latest correction; 0 before the first."""
    refusal: Sentence | None
    """Why it cannot be corrected now; None where it can."""
    questionnaire: Questionnaire
    corrections: tuple[CorrectedText, ...]

    @property
    def texts(self) -> tuple[ReadText, ...]:
        """Every text, in the order of the questionnaire."""
        return list_texts(self.questionnaire)


def get_round_wording(session: Session, *, study: Study, number: int) -> RoundWording:
    """The wording of round `number`. Raises NotFound where there is none."""
    held = session.get(Round, (study.id, number))
    if held is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    asked = session.get_one(QuestionnaireVersion, (study.id, held.questionnaire_number))
    now = session.execute(select(database_now())).scalar_one()
    return RoundWording(
        round=number,
        correction=held.correction,
        refusal=find_refusal(held, study=study, now=now),
        questionnaire=Questionnaire.from_canonical(asked.canonical),
        corrections=tuple(list_corrections(session, study_id=study.id, number=number)),
    )


def list_corrections(
    session: Session, *, study_id: int, number: int | None = None, after: int = 0, up_to: int | None = None
) -> Sequence[CorrectedText]:
    """What was corrected in round `number`, or in every round, in the order in which it was.

    `after` and `up_to` say from which to which correction of the round.
    """
    rows = (
        select(WordingCorrection)
        .where(WordingCorrection.study_id == study_id, WordingCorrection.number > after)
        .order_by(WordingCorrection.round, WordingCorrection.number)
    )
    if number is not None:
        rows = rows.where(WordingCorrection.round == number)
    if up_to is not None:
        rows = rows.where(WordingCorrection.number <= up_to)
    return [
        CorrectedText(row.round, row.number, row.path, row.before, row.after, row.reason, row.actor, row.at)
        for row in session.scalars(rows)
    ]
