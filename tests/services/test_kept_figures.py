"""Counting a closed round once is enough, until somebody leaves or the panel grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveyapp.errors import RoundClosed
from surveyapp.models import Study
from surveyapp.services import doors, rounds
from surveyapp.services.figures import RoundFigures
from surveyapp.services.kept_figures import get_figures
from surveyapp.services.unit import Database, read_now
from tests.support.answering import answer
from tests.support.studies import SMALL, Ground, add_member, lay_ground, load_text


def figures(ground: Ground) -> RoundFigures:
    with ground.database.reading() as session:
        return get_figures(session, study_id=ground.study_id, number=1)


def test_it_is_counted_again_only_when_something_could_have_changed(
    database: Database, tmp_path: Path
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 4)
    apples = ground.number("fruit", "apples", "north", "effect")
    seats = [answer(ground, member, {apples: "3"}) for member in range(3)]
    with pytest.raises(RoundClosed):
        figures(ground)
    ground.close()
    first = figures(ground)
    assert first.tally.people == 3
    assert figures(ground) is first
    with database.verb() as session:
        doors.withdraw(session, seat=seats[0], keep_answers=False, now=read_now(session))
    assert figures(ground).tally.people == 2
    assert sum(figures(ground).tally.invited.values()) == 4
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        add_member(session, study, group="north", now=read_now(session))
    assert sum(figures(ground).tally.invited.values()) == 5
    with database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        rounds.reopen_round(session, study=study, reason="late", now=read_now(session), actor="test")
    with pytest.raises(RoundClosed):
        figures(ground)
    answer(ground, 3, {apples: "1"})
    ground.close()
    assert figures(ground).tally.people == 3
