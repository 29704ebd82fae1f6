"""The pages of the panel: the list, one panellist, a file that is looked at, registration from both sides."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import FilePayload, Page

from surveyapp.mail.kinds import Kind
from surveyapp.mail.links import derive_registration_token
from surveyapp.models import Identity, Study
from surveyapp.services import registering
from surveyapp.services.letters.audience import Occasion
from surveyapp.services.letters.outbox import put_in
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.registering import Request
from surveyapp.services.unit import read_now
from tests.journeys.desks import open_desk
from tests.journeys.states import State, Visit
from tests.support.mailing import introduce
from tests.support.studies import Ground, add_member
from tests.web.organiser.conftest import lay

PANEL_STATES: dict[str, State] = {}
SLUG = "panel-life"
SHEET = (
    "Name,Kontakt,group,time zone\nAda Lund,ada@example.org,north,Europe/Berlin\n"
    "Expert 1,expert1@example.org,westerners,Mars\n,no-address,south,\n"
)


def panel_state(state: State) -> State:
    """Note a state of these pages."""
    PANEL_STATES[state.__name__] = state
    return state


def _ground(visit: Visit) -> Ground:
    """A study in its first round with names, letters and requests, made once for the house."""
    house = visit.house
    if SLUG not in house.studies:
        with tempfile.TemporaryDirectory() as folder:
            ground = lay(house.database, Path(folder), slug=SLUG)
        introduce(ground)
        with house.database.verb() as session:
            now, study = read_now(session), session.get_one(Study, ground.study_id)
            occasion = Occasion(study.id, 1, Kind.THANKS)
            seats = [member.panellist_id for member in ground.panel]
            put_in(session, occasion=occasion, panellists=seats, now=now, actor="owner@example.org")
            registering.set_registration(
                session,
                study=study,
                now=now,
                actor="test",
                is_open=True,
                note="We look for pears.",
            )
        house.studies[SLUG] = ground
    return house.studies[SLUG]


def _token(visit: Visit) -> str:
    _ground(visit)
    return derive_registration_token(_key(visit), slug=SLUG, number=1)


def _key(visit: Visit) -> bytes:
    return visit.house.server.config.link_key.encode()


def _ask(visit: Visit) -> None:
    """Two requests, one of them by somebody who is on the panel."""
    with visit.house.database.verb() as session:
        for name, email in (("Ada Lund", "ada@example.org"), ("Expert 1", "Expert1@example.org")):
            registering.ask_for_seat(
                session,
                token=_token(visit),
                link_key=_key(visit),
                asked=Request(name, email, "north", "en", "I have grown pears for years.", "I agree."),
                now=read_now(session),
            )


def _at(visit: Visit, path: str) -> Page:
    ground = _ground(visit)
    return open_desk(visit, ground, f"s/{SLUG}/panel{path}")


def _panellist(visit: Visit) -> Page:
    return _at(visit, f"/p/{seat_of(_ground(visit).panel[0].panellist_id)}")


@panel_state
def panel_list(visit: Visit) -> Page:
    return _at(visit, "")


@panel_state
def panellist_in_full(visit: Visit) -> Page:
    page = _panellist(visit)
    for summary in page.locator("details.act summary").all():
        summary.click()
    return page


@panel_state
def panellist_refused(visit: Visit) -> Page:
    page = _panellist(visit)
    page.locator("summary", has_text="Change what is known").click()
    page.locator("#email").fill("expert2@example.org")
    page.get_by_role("button", name="Change this").click()
    page.get_by_text("belongs to somebody else").wait_for()
    return page


@panel_state
def import_refused(visit: Visit) -> Page:
    page = _at(visit, "/import")
    sheet = FilePayload(name="people.csv", mimeType="text/csv", buffer=SHEET.encode())
    page.locator("#file").set_input_files(sheet)
    page.get_by_role("button", name="Look first").click()
    page.get_by_label("Kontakt").select_option("email")
    page.locator("#file").set_input_files(sheet)
    page.get_by_role("button", name="Look first").click()
    page.locator("#bad-rows").wait_for()
    return page


@panel_state
def registration_desk(visit: Visit) -> Page:
    _ground(visit)
    _ask(visit)
    return _at(visit, "/registration")


@panel_state
def asking_for_a_seat(visit: Visit) -> Page:
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/l/join/{_token(visit)}")
    return page


@panel_state
def asking_refused(visit: Visit) -> Page:
    page = asking_for_a_seat(visit)
    page.get_by_label("Your name").fill("Ada Lund")
    page.get_by_label("Your e-mail address").fill("ada")
    page.get_by_role("button", name="Send the request").click()
    page.locator("#mistakes").wait_for()
    return page


@panel_state
def asked_for_a_seat(visit: Visit) -> Page:
    page = asking_for_a_seat(visit)
    page.get_by_label("Your name").fill("Bo Berg")
    page.get_by_label("Your e-mail address").fill("bo@example.org")
    page.get_by_label("Your group").select_option("south")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send the request").click()
    page.get_by_role("heading", name="Thank you for asking").wait_for()
    return page


@panel_state
def worth_a_personal_word(visit: Visit) -> Page:
    ground = _ground(visit)
    with visit.house.database.verb() as session:
        late = add_member(
            session, session.get_one(Study, ground.study_id), group="both", now=read_now(session)
        )
        session.add(
            Identity(
                study_id=ground.study_id,
                panellist_id=late.panellist_id,
                name="Somebody Late",
                email=f"late-{late.panellist_id}@example.org",
                email_key=f"late-{late.panellist_id}@example.org",
            )
        )
    ground.sit_down(late)
    return _at(visit, "/personal")
