"""The pages between rounds for everybody: axe-core, narrow windows, dark and forced colours, focus seen."""

from __future__ import annotations

import pytest

from tests.journeys.between_states import BETWEEN_STATES
from tests.journeys.house import House
from tests.journeys.states import State
from tests.journeys.test_access import Axe, find_faults, visit
from tests.support.browser import OpenPage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("state", [pytest.param(state, id=name) for name, state in BETWEEN_STATES.items()])
def test_a_page_between_rounds_has_no_finding(house: House, page: OpenPage, axe: Axe, state: State) -> None:
    assert find_faults(state(visit(house, page)), axe) == []


@pytest.mark.parametrize("name", ["results_table", "result_in_full", "preview_of_ratings"])
def test_forced_colours_hide_no_figure(house: House, page: OpenPage, axe: Axe, name: str) -> None:
    shown = BETWEEN_STATES[name](visit(house, page))
    shown.emulate_media(forced_colors="active")
    assert axe(shown) == []
