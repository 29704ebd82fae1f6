"""The pages on which a study is set up, copied, rehearsed and ended, each in the states it can have."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Page

from surveyapp.models import Study
from surveyapp.services import archiving, staging
from surveyapp.services.unit import read_now
from tests.journeys.desks import open_desk
from tests.journeys.states import State, Visit
from tests.support.protocols import set_protocol
from tests.support.studies import LINK_KEY, SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL

SET_UP_STATES: dict[str, State] = {}


def set_up_state(state: State) -> State:
    """Note a state of these pages."""
    SET_UP_STATES[state.__name__] = state
    return state


def _study(visit: Visit, slug: str) -> Ground:
    """A study before its first round, made once."""
    if slug not in visit.house.studies:
        with tempfile.TemporaryDirectory() as folder:
            visit.house.studies[slug] = lay_ground(
                visit.house.database,
                load_text(SMALL, Path(folder)),
                slug=slug,
                groups=("both",),
                is_open=False,
            )
        set_protocol(visit.house.studies[slug], PROTOCOL, is_locked=False)
    return visit.house.studies[slug]


def _at(visit: Visit, ground: Ground, path: str) -> Page:
    return open_desk(visit, ground, path)


@set_up_state
def list_looked_at(visit: Visit) -> Page:
    page = _at(visit, _study(visit, "set-up"), "new")
    page.get_by_label("A list of items").check()
    listed = "Title;Definition\nPlums;A fruit.\nCherries;A small fruit.\n"
    page.get_by_label("Your list of items").set_input_files(
        {"name": "items.csv", "mimeType": "text/csv", "buffer": listed.encode()}
    )
    page.get_by_label("What experts are asked about each item").fill("How important is it?")
    page.get_by_label("What they rate, in a word").fill("Importance")
    page.get_by_label("Title, as experts read it").fill("Fruit, looked at")
    page.get_by_role("button", name="See first what it would ask").click()
    page.get_by_role("heading", name="What was read").wait_for()
    return page


@set_up_state
def preview(visit: Visit) -> Page:
    return _at(visit, _study(visit, "set-up"), "s/set-up/preview/rate.north?group=both")


@set_up_state
def protocol_form(visit: Visit) -> Page:
    return _at(visit, _study(visit, "set-up"), "s/set-up/protocol/form")


@set_up_state
def protocol_form_refused(visit: Visit) -> Page:
    page = protocol_form(visit)
    page.get_by_label("No figure of fewer people than").fill("2")
    page.get_by_role("button", name="Use this protocol").click()
    page.get_by_role("heading", name="Nothing was stored yet").wait_for()
    return page


@set_up_state
def copying(visit: Visit) -> Page:
    page = _at(visit, _study(visit, "set-up"), "s/set-up/settings/copy")
    page.get_by_label("Short name in addresses").fill("set-up")
    page.get_by_role("button", name="Make the copy").click()
    return page


@set_up_state
def rehearsal_before(visit: Visit) -> Page:
    return _at(visit, _study(visit, "set-up"), "s/set-up/rehearsal")


@set_up_state
def rehearsal_under_way(visit: Visit) -> Page:
    ground = _study(visit, "rehearsed")
    with visit.house.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        if staging.find_rehearsal(session, study_id=study.id) is None:
            staging.stage(
                session, study=study, people=5, link_key=LINK_KEY, now=read_now(session), actor="test"
            )
    return _at(visit, ground, "s/rehearsed/rehearsal")


@set_up_state
def end_of_a_study(visit: Visit) -> Page:
    page = _at(visit, _study(visit, "set-up"), "s/set-up/settings/end")
    page.get_by_label("The short name of the study").fill("another")
    page.get_by_role("button", name="Delete the study").click()
    return page


@set_up_state
def study_to_be_deleted(visit: Visit) -> Page:
    ground = _study(visit, "doomed")
    with visit.house.database.verb() as session:
        study = session.get_one(Study, ground.study_id)
        if study.delete_at is None:
            archiving.ask_to_delete(
                session, study=study, typed_slug="doomed", wait_days=14, now=read_now(session), actor="test"
            )
    return _at(visit, ground, "s/doomed/settings/end")
