"""Overlapping cohorts: what was decided on the answers of one never changes what another is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.lineage import Detail, Outcome, Wording
from surveyapp.models import LineageEdge, Panellist, Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.model import Text
from surveyapp.services import rounds
from surveyapp.services.instruments import Instrument
from surveyapp.services.item_history import asked_items
from surveyapp.services.unit import Database, read_now
from tests.support.between_rounds import decide, instrument_of, release
from tests.support.protocols import PROTOCOL, set_protocol
from tests.support.studies import SMALL, Ground, lay_ground, load_text

OVERLAPPING = PROTOCOL + "cohorts: overlapping\n"


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Three early and three late panellists; rounds 1 (early) and 2 (late) are closed without answers."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 6, is_open=False)
    set_protocol(ground, OVERLAPPING)
    with database.verb() as session:
        for position, member in enumerate(ground.panel):
            tag = '["early"]' if position < 3 else '["late"]'
            session.execute(update(Panellist).where(Panellist.id == member.panellist_id).values(tags=tag))
    open_for(ground, "early")
    close(ground, 1)
    return ground


def open_for(ground: Ground, cohort: str) -> Round:
    with ground.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        return rounds.open_round(session, study=study, now=read_now(session), actor="test", cohort=cohort)


def close(ground: Ground, number: int) -> None:
    rounds.close_round(ground.database, slug=ground.slug, actor="test", number=number)


def title(instrument: Instrument, item: str) -> str:
    return instrument.questionnaire.items_by_id[item].title.get("en")


def cell(instrument: Instrument, item: str = "pears") -> int:
    return instrument.number_of[CellKey("fruit", item, "north", "effect")]


def go_on(ground: Ground) -> tuple[Instrument, Instrument]:
    """Early: apples dropped, pears reworded. Late: apples kept, pears kept. What each is asked next."""
    decide(ground, "apples", Outcome.DROP)
    wording = Wording(title=Text({"*": "Ripe pears"}))
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True))
    release(ground, 1)
    early = instrument_of(ground, open_for(ground, "early"))
    late = open_for(ground, "late")
    # The late cohort begins where the study began, though the early one has gone on.
    first = instrument_of(ground, late)
    assert asked_items(first) == ("apples", "pears")
    assert title(first, "pears") == "Pears"
    close(ground, late.number)
    decide(ground, "apples", Outcome.KEEP, number=late.number)
    decide(ground, "pears", Outcome.KEEP, number=late.number)
    release(ground, late.number)
    return early, instrument_of(ground, open_for(ground, "late"))


def test_each_cohort_goes_on_from_its_own_decisions(ground: Ground) -> None:
    early, late = go_on(ground)
    assert (asked_items(early), title(early, "pears")) == (("pears",), "Ripe pears")
    assert (asked_items(late), title(late, "pears")) == (("apples", "pears"), "Pears")
    # Nothing changed for the late cohort: it asks the same cells as before, and not those of the others.
    assert late.number == 1
    assert cell(late) == cell(ground.instrument) != cell(early)


def test_wordings_of_another_cohort_are_told_apart(ground: Ground) -> None:
    early, late = go_on(ground)
    close(ground, 4)
    decide(ground, "apples", Outcome.DROP, number=4)
    decide(ground, "pears", Outcome.KEEP, number=4)
    release(ground, 4)
    third = instrument_of(ground, open_for(ground, "late"))
    assert (asked_items(third), title(third, "pears")) == (("pears",), "Pears")
    assert third.item_versions["pears"] not in {early.item_versions["pears"], late.item_versions["pears"]}
    # The earlier answers are those to the same words, never those to the other cohort's.
    assert third.earlier_of[cell(third)] == (cell(late),)
    close(ground, 2)
    wording = Wording(title=Text({"*": "Very ripe pears"}))
    decide(ground, "pears", Outcome.REVISE, Detail(wording=wording, is_comparable=True), number=2)
    release(ground, 2)
    again = instrument_of(ground, open_for(ground, "early"))
    assert title(again, "pears") == "Very ripe pears"
    assert cell(early) in again.earlier_of[cell(again)]
    assert cell(third) not in again.earlier_of[cell(again)]
    with ground.database.reading() as session:
        edges = session.execute(
            select(LineageEdge.round, LineageEdge.parent_version, LineageEdge.child_version)
            .where(LineageEdge.study_id == ground.study_id, LineageEdge.parent_item == "pears")
            .order_by(LineageEdge.round)
        ).all()
    assert [tuple(edge) for edge in edges] == [(1, 1, 2), (2, 2, 4), (3, 1, 1), (4, 1, 3)]
