"""Experts who propose items in round 0: a study that has none yet, and what is proposed in it."""

from __future__ import annotations

from collections.abc import Sequence

from surveyapp.delphi.lineage import NOTHING_MORE, Decided, Detail, Outcome
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.loading import load
from surveyapp.services import answering, deciding, rounds
from surveyapp.services.gathered import Gathered
from surveyapp.services.instruments import get_instrument
from surveyapp.services.proposals.gathering import gather_proposals
from surveyapp.services.reading.proposals import ProposalAtWork, list_proposals
from surveyapp.services.reading.seats import Seat
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import ROUND_ZERO, set_protocol
from tests.support.studies import QUESTIONNAIRES, Ground, lay_ground

EXAMPLE = QUESTIONNAIRES / "examples" / "round_zero.yaml"
PROTOCOL = ROUND_ZERO + "counting: {minimum_n: 3}\nanonymity: {k: 3, k_reasons: 3, unanimity: show}\n"


def lay_proposing(
    database: Database,
    *,
    slug: str = "floods",
    people: int = 5,
    protocol: str = PROTOCOL,
    is_open: bool = True,
) -> Ground:
    """A study without any item, whose round 0 is open."""
    ground = lay_ground(database, load(EXAMPLE), slug=slug, groups=("",) * people, is_open=False)
    set_protocol(ground, protocol)
    if is_open:
        open_round(ground)
    return ground


def open_round(ground: Ground) -> int:
    """Open the next round; returns its number."""
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return rounds.open_round(session, study=study, now=read_now(session), actor="test").number


def propose(ground: Ground, member: int, *lines: str, submit: bool = True) -> Seat:
    """Let a member agree, propose these, and submit."""
    return give(ground, member, {CellKey("consent"): ["1"], CellKey("measures"): lines}, submit=submit)


def rate(ground: Ground, member: int, ratings: dict[str, str], *, consent: bool = False) -> Seat:
    """Let a member rate these items, and submit."""
    first = {CellKey("consent"): ["1"]} if consent else {}
    given = {CellKey("help", item, criterion="helps"): [point] for item, point in ratings.items()}
    return give(ground, member, {**first, **given})


def give(ground: Ground, member: int, texts: dict[CellKey, Sequence[str]], *, submit: bool = True) -> Seat:
    """Save form texts in the cells of the round's own questionnaire."""
    seat = ground.sit_down(member)
    with ground.database.verb() as session:
        instrument = get_instrument(session, study_id=seat.study_id, number=seat.questionnaire_number)
        changes = {}
        for key, values in texts.items():
            number = instrument.number_of[key]
            question = instrument.questionnaire.questions_by_id[key.question]
            changes[number] = KINDS[question.kind].parse(
                instrument.questionnaire, question, instrument.spec(number), list(values)
            )
        name = f"{seat.round}-{member}-{seat.revision}"
        answering.save(session, seat=seat, request_id=f"saves-{name}", base=seat.revision, changes=changes)
    if submit:
        with ground.database.verb() as session:
            answering.submit(session, seat=seat, request_id=f"submits-{name}")
    return seat


def close(ground: Ground, number: int = 0) -> Gathered:
    """Close a round, and gather what was proposed in it."""
    rounds.close_round(ground.database, slug=ground.slug, actor="test", number=number)
    return gather(ground, number)


def gather(ground: Ground, number: int = 0) -> Gathered:
    """Gather what was proposed in a closed round."""
    with ground.database.verb() as session:
        return gather_proposals(
            session, study_id=ground.study_id, round_number=number, now=read_now(session), actor="test"
        )


def reopen(ground: Ground, number: int = 0) -> None:
    """Open a closed round again."""
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        held = rounds.reopen_round(
            session,
            study=study,
            number=number,
            reason="links were blocked",
            now=read_now(session),
            actor="test",
        )
        assert held.state == RoundState.OPEN


def read(ground: Ground, number: int = 0) -> dict[str, ProposalAtWork]:
    """The proposals of a round by their texts."""
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        found = list_proposals(session, study=study, round_number=number)
    return {each.text: each for each in found}


def name(ground: Ground, text: str, number: int = 0) -> str:
    """The public name of the proposal with this text."""
    return read(ground, number)[text].public_id


def make_item(ground: Ground, item: str, *names: str, detail: Detail = NOTHING_MORE, number: int = 0) -> None:
    """Decide that these proposals become an item."""
    detail = detail.model_copy(update={"proposals": names})
    with ground.database.verb() as session:
        deciding.decide(
            session,
            study=session.get_one(Study, ground.study_id),
            number=number,
            decided=Decided(item, Outcome.NEW, "the panel proposed it", detail),
            now=read_now(session),
            actor="test",
        )
