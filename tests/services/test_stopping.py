"""What the rule of stopping says after each round: as things stand, as it was released, and in the record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.lineage import Outcome
from surveyapp.delphi.stopping import Progress
from surveyapp.models import AuditEntry, Release, Study
from surveyapp.services import releasing
from surveyapp.services.stopping import AfterRound, find_stopping, read_stopping
from surveyapp.services.unit import Database
from tests.support import second_round
from tests.support.answering import answer
from tests.support.between_rounds import decide, open_next, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

STOPPING = PROTOCOL + (
    'stability: {for: {criterion: effect}, rule: "changed <= 15%", minimum_pairs: 3}\n'
    "decisions:\n  - {propose: accept, when: agreed is consensus}\n"
    "stopping: rounds >= 2 and stable >= 50%\n"
)
PLACES = [(item, context) for item in ("apples", "pears") for context in ("north", "south")]


def lay(database: Database, folder: Path) -> Ground:
    """Six people rated apples alike; on pears they differ."""
    ground = lay_ground(database, load_text(SMALL, folder), groups=("both",) * 6, is_open=False)
    set_protocol(ground, STOPPING)
    open_next(ground)
    rate(ground)
    ground.close()
    return ground


def rate(ground: Ground, *, moved: bool = False) -> None:
    for member in range(6):
        pears = "1" if (member < 2) == moved else "3"
        answer(
            ground,
            member,
            {
                ground.number("fruit", item, context, "effect"): "3" if item == "apples" else pears
                for item, context in PLACES
            },
        )


def now(ground: Ground, number: int) -> AfterRound:
    with ground.database.reading() as session:
        found = find_stopping(session, study=session.get_one(Study, ground.study_id), number=number)
    assert found is not None
    return found


def kept(ground: Ground) -> AfterRound | None:
    with ground.database.reading() as session:
        return read_stopping(session, study=session.get_one(Study, ground.study_id))


def test_the_rule_of_stopping_is_told_after_each_round(database: Database, tmp_path: Path) -> None:
    ground = lay(database, tmp_path)
    # Nothing is decided yet: apples count as the protocol proposes.
    first = now(ground, 1)
    assert first.progress == Progress(round=1, rounds=1, items=2, settled=1, stable=0, done=1)
    assert (first.verdict.stops, first.as_proposed) == (False, 2)
    # The release is drafted by a job.
    assert kept(ground) is None
    releasing.settle_round(database, study_id=ground.study_id, number=1, actor="test")
    assert kept(ground) == first
    for item in ("apples", "pears"):
        decide(ground, item, Outcome.KEEP)
    release(ground)
    decided = now(ground, 1)
    assert (decided.progress.settled, decided.as_proposed) == (0, 0)
    assert kept(ground) == decided

    open_next(ground)
    # While a round is open nothing is told of it, nor of the one before.
    assert kept(ground) is None
    rate(ground, moved=True)
    ground.close()
    second = now(ground, 2)
    # Apples did not move, pears did: half of the items are stable.
    assert second.progress == Progress(round=2, rounds=2, items=2, settled=1, stable=1, done=1)
    assert second.verdict.stops
    assert "The rule of stopping is met" in str(second.verdict.because)
    decide(ground, "apples", Outcome.ACCEPT, number=2)
    decide(ground, "pears", Outcome.DROP, number=2)
    release(ground, 2)
    with database.reading() as session:
        details = session.scalars(
            select(AuditEntry.detail).where(AuditEntry.act == "round.release").order_by(AuditEntry.id)
        ).all()
    said = [json.loads(each)["stopping"] for each in details]
    assert [each["stops"] for each in said] == [False, True]
    assert said[1]["because"] == str(second.verdict.because)
    assert (said[1]["settled"], said[1]["stable"]) == (2, 1)


def test_what_was_released_before_standings_were_kept_is_counted_again(
    database: Database, tmp_path: Path
) -> None:
    ground = lay(database, tmp_path)
    decide(ground, "apples", Outcome.KEEP)
    decide(ground, "pears", Outcome.KEEP)
    release(ground)
    open_next(ground)
    rate(ground)
    ground.close()
    # Apples are settled and stable; the third round asks about pears alone.
    decide(ground, "apples", Outcome.ACCEPT, number=2)
    decide(ground, "pears", Outcome.KEEP, number=2)
    release(ground, 2)
    third = second_round.open_next(ground)
    for member in range(6):
        answer(
            third,
            member,
            {
                third.number("fruit", "pears", context, "effect"): "1" if member % 2 else "3"
                for context in ("north", "south")
            },
        )
    ground.close()
    expected = Progress(round=3, rounds=3, items=2, settled=1, stable=1, done=1)
    assert now(ground, 3).progress == expected
    with database.verb() as session:
        session.execute(update(Release).values(standings=""))
    assert kept(ground) is None
    assert now(ground, 3).progress == expected


@pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
def test_without_a_protocol_nothing_is_said(database: Database, tmp_path: Path) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 6)
    rate(ground)
    ground.close()
    with database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        assert find_stopping(session, study=study, number=1) is None
        assert read_stopping(session, study=study) is None
