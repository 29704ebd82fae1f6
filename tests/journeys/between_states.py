"""The organiser's pages for running rounds and what lies between them, in states beyond the first.

Every page as it opens is looked at in test_every_page.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Page
from sqlalchemy import delete, select

from surveyapp.models import Panellist, Reason, WebSession
from surveyapp.services.reasons import coding
from surveyapp.services.releasing import settle_round
from surveyapp.services.unit import read_now
from tests.journeys.desks import open_desk
from tests.journeys.states import State, Visit
from tests.support.studies import Ground
from tests.web.organiser.conftest import lay

# One account must wait after a few sign-ins, so each visit is somebody else's.
BETWEEN_STATES: dict[str, State] = {}


def between_state(state: State) -> State:
    """Note a state of these pages."""
    BETWEEN_STATES[state.__name__] = state
    return state


def _ground(visit: Visit, *, is_closed: bool) -> Ground:
    """A study in its first round, open or closed, made once for the house."""
    house, slug = visit.house, "between-closed" if is_closed else "between-open"
    if slug not in house.studies:
        with tempfile.TemporaryDirectory() as folder:
            ground = lay(house.database, Path(folder), slug=slug)
        if is_closed:
            ground.close()
            settle_round(house.database, study_id=ground.study_id, number=1, actor="test")
            _work(ground)
        house.studies[slug] = ground
    return house.studies[slug]


def _work(ground: Ground) -> None:
    """A theme, and reasons that two coders have coded."""
    with ground.database.verb() as session:
        key = {"study_id": ground.study_id, "now": read_now(session), "actor": "test"}
        coding.add_theme(session, theme="taste", title="Taste", definition="Sweet or sour.", **key)  # type: ignore[arg-type]  # as named
        names = session.scalars(select(Reason.public_id).where(Reason.study_id == ground.study_id)).all()
        for coder in ("Ann", "Bea"):
            codes = dict.fromkeys(names, ("taste",) if coder == "Ann" else ())
            coding.code_reasons(session, codes=codes, coder=coder, **key)  # type: ignore[arg-type]  # as named


def _at(visit: Visit, path: str, *, is_closed: bool = True) -> Page:
    """A page of the study, for its signed-in owner."""
    ground = _ground(visit, is_closed=is_closed)
    return open_desk(visit, ground, f"s/{ground.slug}/{path}")


@between_state
def rounds_open(visit: Visit) -> Page:
    return _at(visit, "rounds", is_closed=False)


@between_state
def rounds_refused(visit: Visit) -> Page:
    page = _at(visit, "rounds")
    page.locator("#next summary", has_text="Open now").click()
    page.get_by_role("button", name="Open round 2 now").click()
    page.wait_for_load_state()
    return page


@between_state
def results_of_an_open_round(visit: Visit) -> Page:
    return _at(visit, "rounds/1/results", is_closed=False)


@between_state
def results_table(visit: Visit) -> Page:
    return _at(visit, "rounds/1/results")


@between_state
def result_in_full(visit: Visit) -> Page:
    return _at(visit, "rounds/1/results/pears")


@between_state
def reasons_refused(visit: Visit) -> Page:
    page = _at(visit, "rounds/1/reasons/pears")
    page.locator("#text-1").fill("Pears divide the panel.")
    page.get_by_role("button", name="Keep the summary").last.click()
    page.wait_for_load_state()
    page.get_by_label("Single keys").check()
    return page


@between_state
def decision_refused(visit: Visit) -> Page:
    page = _at(visit, "rounds/1/decisions/pears")
    page.get_by_role("radio", name=re.compile("^split")).check()
    page.locator("#reason").fill("Two things in one.")
    page.get_by_role("button", name="Decide", exact=True).last.click()
    page.wait_for_load_state()
    return page


def _preview(visit: Visit, key: str) -> Page:
    ground = _ground(visit, is_closed=True)
    with ground.database.reading() as session:
        pseudonym = session.scalars(
            select(Panellist.pseudonym).where(Panellist.study_id == ground.study_id).limit(1)
        ).one()
    return _at(visit, f"rounds/1/release/as/{pseudonym}/{key}")


@between_state
def preview_of_ratings(visit: Visit) -> Page:
    return _preview(visit, "rate.north")


@between_state
def protocol_refused(visit: Visit) -> Page:
    page = _at(visit, "protocol")
    page.locator("summary", has_text="Amend it by a file").click()
    page.locator("#text").fill("format: 1\nrounds: none\n")
    page.get_by_role("button", name="Check it").click()
    page.wait_for_load_state()
    return page


@between_state
def form_that_came_too_late(visit: Visit) -> Page:
    page = _at(visit, "themes")
    page.get_by_label("Title").last.fill("Something that took long to find")
    with visit.house.database.verb() as session:
        session.execute(delete(WebSession).where(WebSession.organiser_id.is_not(None)))
    page.get_by_role("button", name="Add the theme").click()
    page.wait_for_load_state()
    return page
