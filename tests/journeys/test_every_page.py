"""Every organiser's page of the URL map for everybody: of a rich study, an archived one, and an empty one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from surveyapp import create_app
from surveyapp.mail.kinds import Kind
from surveyapp.models import Job, Panellist, Study
from surveyapp.services.letters.outbox import find_occasion, send_letters
from surveyapp.services.permissions import Role
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.reasons import coding
from surveyapp.services.releasing import settle_round
from surveyapp.services.unit import read_now
from tests.journeys import account_states
from tests.journeys.feedback_desk_states import DESK_STATES
from tests.journeys.house import House
from tests.journeys.states import ORGANISER_STATES
from tests.journeys.test_access import MEANING, NARROW, OBSCURED, OVERFLOWING, UNFOLD, Axe
from tests.support.addresses import Address, organiser_addresses
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.mailing import introduce
from tests.support.second_round import give, open_next, release_first_round
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PASSWORD, answers_of, join, lay, rating, reason_on

pytestmark = pytest.mark.browser

ARCHIVED_AT_WORK = frozenset(
    {"study", "panel", "rounds", "protocol", "letters", "reasons", "reasons_on", "decision", "release"}
)
"""Pages that hold acts: archived, they do without them."""
NO_PAGES = frozenset({"audit_file", "protocol_source"})
PARTS = frozenset({"progress", "rehearsal_progress"})
"""What a page's own script asks for: no page by itself, and on that page from the start."""
ELSEWHERE = {
    # What nobody reaches who is simply signed in, and the state that shows it.
    "sign_in": "sign_in",
    "forgotten": "forgotten",
    "follow_link": "link_that_opens_nothing",
    "second_step": "second_step",
    "confirm": "is_it_still_you",
    "authenticator": "authenticator_app",
    "item_of_proposals": "proposals_item",
}
EARLY = frozenset({"preview_questionnaire", "preview_page_of"})
"""What there is before the first round alone."""
OF_SOMEBODY = frozenset({"panellist"})
REFUSED_WHEN_EMPTY = frozenset({"letter_recipients"})
"""Pages that say themselves why there is nothing to do yet."""
LONG = "Maßnahmen gegen systemische Risiken " + "Hochleistungsrechenzentrumsbetreiberverantwortung" * 2
assert account_states.set_up is ORGANISER_STATES["set_up"]  # which says that its states are among them


def lay_rich(house: House, folder: Path) -> Ground:
    """A study in which every page has something to show: round 1 released, round 2 closed and worked on."""
    first = lay(house.database, folder, slug="every-page", groups=("both",) * 8)
    introduce(first)
    release_first_round(first, summaries={"pears": f"Some say {LONG}."}, note="Thank you.")
    second = open_next(first)
    for member in range(5):
        answers = {
            rating("pears", area): answers_of(member + 1)[rating("pears", area)]
            for area in ("north", "south")
        }
        give(second, member, {**answers, reason_on("pears", "north"): f"Because {LONG}, says {member}."})
    with house.database.verb() as session:
        study, now = session.get_one(Study, second.study_id), read_now(session)
        study.title = LONG
        occasion = find_occasion(session, study=study, kind=Kind.REMINDER)
        send_letters(session, study=study, occasion=occasion, now=now, actor="test")
    second.close()
    settle_round(house.database, study_id=second.study_id, number=2, actor="test")
    with house.database.verb() as session:
        key = {"study_id": second.study_id, "now": read_now(session), "actor": "test"}
        coding.add_theme(session, theme="taste", title="Taste", definition="Sweet or sour.", **key)  # type: ignore[arg-type]  # as named
        job = session.scalars(select(Job).where(Job.study_id == second.study_id).limit(1)).one()
        job.attempts, job.done_at, job.error = 12, read_now(session), "Unavailable"
    return second


def lay_empty(house: House, folder: Path) -> Ground:
    """A study that was begun a minute ago: no protocol, nobody on the panel, no round."""
    return lay_ground(house.database, load_text(SMALL, folder), slug="nothing-yet", groups=(), is_open=False)


@dataclass
class Eyes:
    """Somebody signed in who looks closely at one page after the other, in one window."""

    page: Page
    axe: Axe
    url: str
    refused: frozenset[str] = frozenset()
    """Endpoints that are expected to refuse, on a page like others."""

    def look_at(self, addresses: Iterable[Address]) -> Iterator[str]:
        """What is wrong with each of them."""
        for address in addresses:
            response = self.page.goto(f"{self.url}{address.url}")
            status = response.status if response is not None else 0
            if status != (409 if address.name in self.refused else 200):
                yield f"{address.url} answers {status}"
                continue
            yield from (f"{address.url} {fault}" for fault in self._find_faults())

    def _find_faults(self) -> Iterator[str]:
        page = self.page
        yield from (f"wide: {fault}" for fault in [*self.axe(page), *page.evaluate(MEANING)])
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        width, wide = page.evaluate(OVERFLOWING)
        if width > DESKTOP[0] or wide:
            yield f"text of twice the size: {width} pixels wide: {wide}"
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        yield from (f"phone: focus out of sight: {fault}" for fault in page.evaluate(OBSCURED))
        page.evaluate(UNFOLD)
        page.emulate_media(color_scheme="dark")
        yield from (f"phone: {fault}" for fault in self.axe(page))
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        width, wide = page.evaluate(OVERFLOWING)
        if width > NARROW[0] or wide:
            yield f"narrow: {width} pixels wide: {wide}"
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.emulate_media(color_scheme="light")


@pytest.fixture
def eyes(house: House, page: OpenPage, axe: Axe) -> Eyes:
    return Eyes(page(reduced_motion="reduce"), axe, house.url)


def sign_in(eyes: Eyes, *grounds: Ground) -> None:
    for ground in grounds:
        join(ground, Role.OWNER, "everywhere@example.org")
    eyes.page.goto(f"{eyes.url}/organiser/sign-in")
    eyes.page.get_by_label("E-mail").fill("everywhere@example.org")
    eyes.page.get_by_label("Password").fill(PASSWORD)
    eyes.page.get_by_role("button", name="Sign in", exact=True).click()
    eyes.page.get_by_role("button", name="Sign out").wait_for()


def pages_of(house: House, ground: Ground, **filled: str) -> dict[str, Address]:
    """Endpoint → its page in this study, with what exists there in the places of its address."""
    with house.database.reading() as session:
        mine = select(Panellist).where(Panellist.study_id == ground.study_id).order_by(Panellist.pseudonym)
        somebody = session.scalars(mine.limit(1)).first()
        if somebody is not None:
            filled |= {"pseudonym": somebody.pseudonym, "seat": seat_of(somebody.id)}
    app = create_app(house.server.config)
    listed = {
        each.name: each
        for each in organiser_addresses(app, slug=ground.slug, **filled)
        if each.method == "GET"
    }
    app.extensions["surveyapp.database"].close()
    return {name: each for name, each in listed.items() if name not in NO_PAGES | PARTS}


def is_looked_at(name: str) -> bool:
    """Whether it is a page of its own; those of the newest round lead on to such."""
    return name not in ELSEWHERE and not name.endswith("_latest")


def test_every_page_has_no_finding(house: House, eyes: Eyes, tmp_path: Path) -> None:
    ground = lay_rich(house, tmp_path)
    sign_in(eyes, ground)
    pages = pages_of(house, ground, number="2", item="pears", kind="reminder")
    assert set(ELSEWHERE) <= set(pages)
    assert set(ELSEWHERE.values()) <= {*ORGANISER_STATES, *DESK_STATES}
    faults = list(
        eyes.look_at(each for name, each in pages.items() if is_looked_at(name) and name not in EARLY)
    )
    with house.database.verb() as session:
        session.get_one(Study, ground.study_id).archived_at = read_now(session)
    at_work = [pages[name] for name in sorted(ARCHIVED_AT_WORK)]
    faults += [f"archived: {fault}" for fault in eyes.look_at(at_work)]
    assert not faults, "\n".join(faults)


def test_every_page_of_an_empty_study_has_no_finding(house: House, eyes: Eyes, tmp_path: Path) -> None:
    ground = lay_empty(house, tmp_path)
    sign_in(eyes, ground)
    eyes.refused = REFUSED_WHEN_EMPTY
    pages = pages_of(house, ground, key="consent", kind="reminder")
    assert set(EARLY) <= set(pages)
    here = [
        each
        for name, each in pages.items()
        if "/s/" in each.url and "/rounds/" not in each.url and name not in OF_SOMEBODY
    ]
    faults = list(eyes.look_at(here))
    assert not faults, "\n".join(faults)
