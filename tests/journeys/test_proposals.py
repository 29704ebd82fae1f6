"""Proposing new items with a script: a short list looks short, and is saved as it is written."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from surveyapp.questionnaire.cells import CellKey
from tests.journeys.house import House, load_questionnaire
from tests.journeys.walking import Expert
from tests.support.browser import OpenPage
from tests.support.studies import QUESTIONNAIRES

pytestmark = pytest.mark.browser

CELL = CellKey("new-measures")


def test_one_line_more_than_is_written_is_shown(house: House, page: OpenPage) -> None:
    questionnaire = load_questionnaire(QUESTIONNAIRES / "examples" / "proposals.yaml")
    ground = house.open_study(questionnaire, slug="what-is-missing", groups=("",))
    expert = Expert(house, house.invite("", ground=ground), page(), ground)
    expert.enter()
    lines = expert.inputs(CELL)
    shown = expert.page.locator("input[aria-label^=Proposal]:visible")
    expect(lines).to_have_count(4)
    expect(shown).to_have_count(1)
    shown.nth(0).fill("A dam")
    expect(shown).to_have_count(2)
    shown.nth(1).fill("Sandbags")
    expect(shown).to_have_count(3)
    shown.nth(0).fill("")
    expect(shown).to_have_count(3)
    expert.wait_saved()
    assert expert.stored()[CELL] == ["Sandbags"]
    expert.page.reload()
    expect(shown).to_have_count(2)
    expect(shown.nth(0)).to_have_value("Sandbags")
