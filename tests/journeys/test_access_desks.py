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


def test_tabs_are_one_line_on_a_phone_and_the_current_one_is_in_sight(house: House, page: OpenPage) -> None:
    shown = DESK_STATES["proposals_list"](visit(house, page))
    shown.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    shown.reload()
    tabs = shown.locator("nav.tabs")
    heights = {round(each.bounding_box()["y"]) for each in tabs.get_by_role("link").all()}  # type: ignore[index]  # all are shown
    assert len(heights) == 1
    current = tabs.locator("[aria-current]")
    assert current.inner_text() == "Proposals"

    def is_in_sight() -> bool:
        box = current.bounding_box()
        return box is not None and box["x"] >= 0 and box["x"] + box["width"] <= PHONE[0]

    assert is_in_sight()
    # By keyboard to the last one, which scrolls the line.
    before = tabs.evaluate("each => each.scrollLeft")
    tabs.get_by_role("link").last.focus()
    assert tabs.evaluate("each => each.scrollLeft") > before
