"""Putting a text of an open round right in a test."""

from __future__ import annotations

from surveyapp.models import Study
from surveyapp.services.correcting import Corrected, correct_wording
from surveyapp.services.unit import read_now
from tests.support.studies import Ground

TITLE = "items.apples.title"


def correct(
    ground: Ground,
    to: str,
    *,
    path: str = TITLE,
    number: int = 1,
    reason: str = "a slip",
    base: int | None = None,
) -> Corrected:
    """Correct one text, as somebody of the team would."""
    with ground.database.verb() as session:
        return correct_wording(
            session,
            study=session.get_one(Study, ground.study_id),
            number=number,
            path=path,
            to=to,
            reason=reason,
            now=read_now(session),
            actor="ann@example.org",
            base=base,
        )
