"""The pages of the panel for everybody: axe-core, and nothing that is wider than a phone."""

from __future__ import annotations

import pytest

from tests.journeys.house import House
from tests.journeys.panel_states import PANEL_STATES
from tests.journeys.states import State
from tests.journeys.test_access import Axe, find_faults, visit
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", [pytest.param(state, id=name) for name, state in PANEL_STATES.items()])
def test_a_page_has_no_finding(house: House, page: OpenPage, axe: Axe, state: State) -> None:
    shown = state(visit(house, page))
    assert find_faults(shown, axe) == []
    shown.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert shown.evaluate("() => document.scrollingElement.scrollWidth") <= PHONE[0]
