"""The pages of proposals and replies for everybody: axe-core, narrow windows, the current tab in sight."""

from __future__ import annotations

import pytest

from tests.journeys.feedback_desk_states import DESK_STATES
from tests.journeys.house import House
from tests.journeys.states import State
from tests.journeys.test_access import Axe, find_faults, visit
from tests.support.browser import PHONE, OpenPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", [pytest.param(state, id=name) for name, state in DESK_STATES.items()])
def test_a_page_has_no_finding(house: House, page: OpenPage, axe: Axe, state: State) -> None:
    assert find_faults(state(visit(house, page)), axe) == []


def test_tabs_are_two_lines_on_a_desk_and_a_fold_on_a_phone(house: House, page: OpenPage) -> None:
    shown = DESK_STATES["proposals_list"](visit(house, page))
    tabs, menu = shown.locator("nav.tabs"), shown.locator("details.tabs-menu")
    shown.set_viewport_size({"width": 1280, "height": 800})
    assert tabs.locator("[aria-current]").inner_text() == "Proposals"
    boxes = [each.bounding_box() for each in tabs.get_by_role("link").all()]
    # The work in one line, what is set up once in another.
    assert len({round(box["y"]) for box in boxes if box is not None}) == 2
    assert not menu.is_visible()
    shown.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert not tabs.is_visible()
    assert menu.locator("summary").inner_text().endswith("Proposals")
    assert not menu.get_by_role("link", name="Overview").is_visible()
    # By keyboard alone: the fold opens, and its first way is the next stop.
    menu.locator("summary").focus()
    shown.keyboard.press("Enter")
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Overview"
    assert menu.locator("[aria-current]").inner_text() == "Proposals"
