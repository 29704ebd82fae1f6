"""The organiser's pages of proposals and replies, each in the states it can have."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.desks import open_desk
from tests.journeys.states import State, Visit
from tests.support.proposing import close, lay_proposing, name, propose
from tests.support.studies import Ground
from tests.web.organiser.test_reply_pages import lay_talking

DESK_STATES: dict[str, State] = {}


def desk_state(state: State) -> State:
    """Note a state of these pages."""
    DESK_STATES[state.__name__] = state
    return state


def _proposing(visit: Visit) -> Ground:
    if "desk-proposals" not in visit.house.studies:
        ground = lay_proposing(visit.house.database, slug="desk-proposals")
        propose(ground, 0, "Higher river dykes", "Flood maps for all")
        propose(ground, 1, "River dykes that are higher")
        close(ground)
        visit.house.studies["desk-proposals"] = ground
    return visit.house.studies["desk-proposals"]


def _talking(visit: Visit) -> Ground:
    if "talking" not in visit.house.studies:
        with tempfile.TemporaryDirectory() as folder:
            visit.house.studies["talking"] = lay_talking(visit.house.database, Path(folder))
    return visit.house.studies["talking"]


def _at(visit: Visit, ground: Ground, path: str) -> Page:
    return open_desk(visit, ground, f"s/{ground.slug}/rounds/{path}")


@desk_state
def proposals_list(visit: Visit) -> Page:
    return _at(visit, _proposing(visit), "0/proposals")


@desk_state
def proposals_alike(visit: Visit) -> Page:
    return _at(visit, _proposing(visit), "0/proposals/alike")


@desk_state
def proposals_item(visit: Visit) -> Page:
    ground = _proposing(visit)
    return _at(visit, ground, f"0/proposals/{name(ground, 'Flood maps for all')}/item")


@desk_state
def proposals_refused(visit: Visit) -> Page:
    page = proposals_list(visit)
    page.get_by_role("button", name="Set aside").click()
    page.get_by_text("choose at least one").wait_for()
    return page


@desk_state
def replies_waiting(visit: Visit) -> Page:
    return _at(visit, _talking(visit), "2/replies")
