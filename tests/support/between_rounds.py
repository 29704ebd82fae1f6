"""Between two rounds in a test: decide, release, open the next one."""

from __future__ import annotations

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.lineage import Decided, Detail, Outcome
from surveyapp.models import Round, Study
from surveyapp.services import deciding, releasing, rounds
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.unit import read_now
from tests.support.studies import Ground


def open_next(ground: Ground) -> Round:
    """Open the next round as the protocol plans it."""
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return rounds.open_round(session, study=study, now=read_now(session), actor="test")


def decide(
    ground: Ground, item: str, outcome: Outcome, detail: Detail | None = None, number: int = 1
) -> None:
    """Decide about an item after a round."""
    with ground.database.verb() as session:
        deciding.decide(
            session,
            study=session.get_one(Study, ground.study_id),
            number=number,
            decided=Decided(item, outcome, "as discussed", detail or Detail()),
            now=read_now(session),
            actor="test",
        )


def release(ground: Ground, number: int = 1) -> ReleaseContent:
    """Release a closed round's feedback."""
    released = releasing.release_round(ground.database, slug=ground.slug, actor="test", number=number)
    return ReleaseContent.from_canonical(released.content)


def instrument_of(ground: Ground, asked: Round) -> Instrument:
    """The questionnaire version that a round asks."""
    with ground.database.reading() as session:
        return get_instrument(session, study_id=ground.study_id, number=asked.questionnaire_number)
