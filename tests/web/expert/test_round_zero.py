"""Pages of a round that only collects items, and what is seen of them when they are rated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from surveyapp.delphi.lineage import Outcome
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load_text
from surveyapp.services.instruments import get_instrument
from surveyapp.services.unit import Database
from tests.support.between_rounds import decide, release
from tests.support.judging import JudgingClient
from tests.support.proposing import EXAMPLE, PROTOCOL, close, make_item, name, open_round, propose, rate
from tests.support.protocols import set_protocol
from tests.support.studies import Ground, lay_ground
from tests.web.expert.conftest import Expert

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

PRACTICE = "practice: {title: Umbrellas, criterion: helps}\n"
ITEMS = "items: [{id: dikes, title: Higher <dikes>}]\n"


@pytest.fixture
def floods(app: Flask) -> Iterator[Ground]:
    """Round 0 is open; one item is there already, and the scale can be practised."""
    database: Database = app.extensions["surveyapp.database"]
    text = EXAMPLE.read_text(encoding="utf-8").replace("pages:\n", PRACTICE + ITEMS + "pages:\n")
    ground = lay_ground(
        database, load_text("floods.yaml", text.encode(), EXAMPLE.parent), slug="floods", groups=("",) * 3,
        is_open=False,
    )  # fmt: skip
    set_protocol(ground, PROTOCOL)
    open_round(ground)
    yield ground
    database.close()


def agree(expert: Expert) -> None:
    expert.client.get(f"{expert.base}/p/about-you")
    expert.client.submit({expert.field("consent"): "1"})


def test_the_link_says_that_items_are_collected(client: JudgingClient, floods: Ground) -> None:
    words = client.get(f"/l/{floods.panel[0].token}").words
    assert "Invitation · Collecting items" in words
    assert "Now. You propose what the panel should rate." in words
    assert "without your name, if they become items" in words
    assert "your ratings" not in words
    assert "Round 0" not in words


def test_round_zero_asks_for_proposals_and_nothing_else(client: JudgingClient, floods: Ground) -> None:
    expert = Expert(client, floods)
    # Nothing is rated, so nothing is practised.
    assert client.page is not None
    assert "About you" in client.page.words
    agree(expert)
    page = client.get(f"{expert.base}/p/measures")
    assert "Collecting items" in page.words
    assert "What is on the list alreadyHigher <dikes>" in page.words
    client.get(f"{expert.base}/p/ratings", expect=404)
    client.get(f"{expert.base}/p/measures")
    client.submit({expert.field("measures"): ["Sandbags", "Alarms", "", ""]}, button=("go", "next"))
    assert "Proposed" not in client.get(f"{expert.base}/review").words
    assert "nothing leads from the item to you any more" in client.get(f"{expert.base}/withdraw").words
    client.get(f"{expert.base}/review")
    client.submit(action=f"{expert.base}/submit", follow=True)
    assert "Thank you" in client.get(f"{expert.base}/thanks").words


def test_what_the_panel_proposed_is_marked_when_it_is_rated(client: JudgingClient, floods: Ground) -> None:
    for member in range(2):
        propose(floods, member, "Sandbags")
    close(floods)
    make_item(floods, "sandbags", name(floods, "Sandbags"))
    open_round(floods)
    landing = client.get(f"/l/{floods.panel[0].token}").words
    assert "Round 1 of 2" in landing
    assert "You propose" not in landing
    expert = Expert(client, floods)
    # Who took part in round 0 has not met the scale yet.
    assert client.page is not None
    assert "Umbrellas" in client.page.words
    page = client.get(f"{expert.base}/p/ratings")
    assert "Sandbags Proposed by the panel." in page.words
    assert page.words.count("Proposed by the panel.") == 1
    assert page.text.index("Higher &lt;dikes&gt;") < page.text.index("Sandbags")


def test_a_new_item_is_news_in_a_round_that_shows_feedback(client: JudgingClient, floods: Ground) -> None:
    propose(floods, 0, "Sandbags")
    propose(floods, 1, "Alarms")
    close(floods)
    open_round(floods)
    for member in range(3):
        rate(floods, member, {"dikes": "3"}, consent=member == 2)
    close(floods, 1)
    decide(floods, "dikes", Outcome.KEEP)
    # What was left unread after round 0 may still become an item.
    make_item(floods, "alarms", name(floods, "Alarms"), number=1)
    release(floods)
    open_round(floods)
    expert = Expert(client, floods)
    assert (
        "Alarms New in this round. Proposed by the panel. Why: the panel proposed it"
        in client.get(f"{expert.base}/news").words
    )
    assert "Alarms Proposed by the panel." in client.get(f"{expert.base}/p/ratings").words
    with floods.database.reading() as session:
        instrument = get_instrument(session, study_id=floods.study_id, number=3)
    assert CellKey("help", "alarms", criterion="helps") in instrument.number_of
