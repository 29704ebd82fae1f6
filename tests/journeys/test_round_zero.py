"""From a thought on a phone to a rated item: proposed in round 0, made an item, rated in round 1."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from surveyapp.models import Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services import rounds
from surveyapp.services.instruments import get_instrument
from surveyapp.services.proposals.handling import group_proposals
from surveyapp.services.unit import read_now
from tests.journeys.house import House, load_questionnaire
from tests.journeys.walking import CONTINUE, Expert
from tests.support.browser import PHONE, OpenPage
from tests.support.proposing import EXAMPLE, close, make_item, name, open_round, propose, read

pytestmark = pytest.mark.browser

MEASURES = CellKey("measures")


def test_what_an_expert_proposes_on_a_phone_is_rated(
    house: House, page: OpenPage, axe: Callable[[object], list[str]]
) -> None:
    ground = house.open_study(load_questionnaire(EXAMPLE), slug="round-zero", groups=("",) * 3)
    expert = Expert(house, ground.panel[0], page(viewport=PHONE), ground)
    expert.open_link()
    assert "You propose what the panel should rate." in expert.page.locator("main").inner_text()
    assert axe(expert.page) == []
    expert.press("Start")
    expert.page.get_by_label("Yes").check()
    expert.press(CONTINUE)
    shown = expert.page.locator("input[aria-label^=Proposal]:visible")
    for place, text in enumerate(("Higher dikes", "Sandbags in every street", "Early warning by radio")):
        shown.nth(place).fill(text)
    expert.wait_saved()
    assert axe(expert.page) == []
    # Ratings are for round 1: the page with the proposals is the last.
    expert.press(CONTINUE)
    expert.press("Submit my answers")
    expect(expert.page.locator("h1")).to_contain_text("Thank you")

    propose(ground, 1, "Dikes that are higher")
    close(ground)
    assert len(read(ground)) == 4
    with house.database.verb() as session:
        group_proposals(
            session,
            study_id=ground.study_id,
            lead=name(ground, "Higher dikes"),
            others=[name(ground, "Dikes that are higher")],
            now=read_now(session),
            actor="test",
        )
    make_item(ground, "dikes", name(ground, "Dikes that are higher"))
    make_item(ground, "radio", name(ground, "Early warning by radio"))
    assert open_round(ground) == 1

    expert.enter()
    expert.must_be_at("p/ratings")
    words = expert.page.locator("main").inner_text()
    assert words.count("Proposed by the panel.") == 2
    assert "Sandbags" not in words
    assert [each.strip() for each in expert.page.locator("h3").all_inner_texts()] == [
        "Higher dikes",
        "Early warning by radio",
    ]
    assert axe(expert.page) == []
    for scale in expert.page.get_by_role("radiogroup").all():
        scale.locator("input[value='3']").check(force=True)
    expert.wait_saved()
    expert.press(CONTINUE)
    expert.press("Submit my answers")
    with house.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
        assert rounds.get_round(session, study_id=study.id).questionnaire_number == instrument.number
    stored = expert.stored()
    assert stored[CellKey("help", "dikes", criterion="helps")] == 3
    assert stored[CellKey("help", "radio", criterion="helps")] == 3
    assert stored[MEASURES] == ["Higher dikes", "Sandbags in every street", "Early warning by radio"]
