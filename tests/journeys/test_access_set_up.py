"""The pages on which a study is set up and ended, for everybody: axe-core, narrow windows, focus in sight."""

from __future__ import annotations

import pytest

from tests.journeys.house import House
from tests.journeys.set_up_states import SET_UP_STATES
from tests.journeys.states import State
from tests.journeys.test_access import Axe, find_faults, visit
from tests.support.browser import OpenPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", [pytest.param(state, id=name) for name, state in SET_UP_STATES.items()])
def test_a_page_has_no_finding(house: House, page: OpenPage, axe: Axe, state: State) -> None:
    assert find_faults(state(visit(house, page)), axe) == []


def test_the_form_tells_while_somebody_types(house: House, page: OpenPage) -> None:
    shown = SET_UP_STATES["protocol_form"](visit(house, page))
    summary = shown.locator("#summary")
    shown.get_by_label("The rule", exact=True).select_option("own")
    rule = shown.get_by_label("A rule of my own", exact=True)
    rule.fill("agree >= 60% in any context")
    summary.get_by_text("60 %").first.wait_for()
    rule.fill("agre >= 60%")
    summary.get_by_text("to be put right before it can be told").wait_for()
    # What belongs to ready-made rules is out of the way meanwhile.
    assert not shown.get_by_label("Its values").is_visible()
