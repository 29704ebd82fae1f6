"""From the first start's one-time link to the released round 2 and its data, by what the pages show alone."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from surveyapp.models import AuditEntry, Round, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services.instruments import get_instrument
from surveyapp.services.unit import Database
from tests.conftest import TRIALS
from tests.journeys.organiser_walk import EXPERTS, Walk, write_files
from tests.journeys.ways import Finger, Keys, Mouse, Way
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.installation import Installation, installed
from tests.support.second_round import Texts, give
from tests.support.studies import Ground, Member

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)]

Axe = Callable[[Page], list[str]]
EMAIL, PASSWORD = "jane@example.org", "a long enough passphrase"
CONTINUE = "Save and continue"
FRUITS = ("apples", "pears")


@dataclass(frozen=True)
class Manner:
    """How one walk is done."""

    means: type[Way]
    viewport: tuple[int, int]
    javascript: bool = True


# The keyboard alone, in a narrow window without scripts, proves most; `make verify` goes the other ways too.
MANNERS = {
    "keys-phone-without-scripts": Manner(Keys, PHONE, javascript=False),
    "mouse-desktop": Manner(Mouse, DESKTOP),
    "keys-desktop": Manner(Keys, DESKTOP),
    "finger-phone": Manner(Finger, PHONE),
    "mouse-desktop-without-scripts": Manner(Mouse, DESKTOP, javascript=False),
}
WALKED = list(MANNERS.items())[: None if TRIALS > 1 else 1]


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Iterator[Installation]:
    """Freshly installed and started; nobody has an account."""
    with installed(database_url, tmp_path) as started:
        yield started


@pytest.mark.parametrize("manner", [pytest.param(each, id=name) for name, each in WALKED])
def test_from_the_first_start_to_the_released_round_two(  # noqa: PLR0917 - fixtures
    installation: Installation, database: Database, page: OpenPage, axe: Axe, tmp_path: Path, manner: Manner
) -> None:
    write_files(tmp_path)
    here = page(javascript=manner.javascript, viewport=manner.viewport, has_touch=manner.means is Finger)
    seen: list[str] = []

    def look(name: str) -> None:
        seen.append(name)
        assert here.locator("h1").count() == 1, name
        assert here.evaluate("document.documentElement.scrollWidth") <= manner.viewport[0], name
        if manner.javascript:
            # Some pages open in their middle, where the head lies over the tabs.
            here.evaluate("scrollTo(0, 0)")
            assert axe(here) == [], name
        if folder := os.environ.get("TEST_PICTURES"):
            here.screenshot(path=f"{folder}/{len(seen):02}-{name}.png", full_page=True)

    walk = Walk(here, manner.means(here), tmp_path, look)
    walk.make_the_account(installation.first_link, EMAIL, PASSWORD)
    walk.begin_the_study()
    walk.set_up()
    walk.see_it_as_an_expert()
    walk.open_round_one()
    walk.send("Invitation")
    links = installation.wait_for_links(EXPERTS)
    answer_round_one(page(javascript=manner.javascript, viewport=PHONE), links.pop("expert1@example.org"))
    give_all(database, links, round_one)
    walk.close(1)
    walk.handle_reasons(1, "Pears", "Apples")
    walk.decide(1)
    walk.release(1)
    walk.open_round_two()
    walk.send("New round")
    links = installation.wait_for_links(EXPERTS)
    answer_round_two(page(javascript=manner.javascript, viewport=PHONE), links.pop("expert1@example.org"))
    give_all(database, links, round_two)
    walk.close(2)
    walk.handle_reasons(2, "Ripe pears")
    walk.decide(2)
    walk.release(2)
    must_hold_both_rounds(walk.take_the_data().path())
    with database.reading() as session:
        assert session.scalars(select(Round.state).order_by(Round.number)).all() == ["released", "released"]
        actors = session.scalars(select(AuditEntry.actor).where(AuditEntry.act.startswith("round.")))
        assert set(actors) == {EMAIL}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).locator("visible=true").last.click()
    page.wait_for_load_state()


def rate(page: Page, *points: str) -> None:
    """Choose a point in each scale of the page, and say why once."""
    for scale, point in zip(page.get_by_role("radiogroup").all(), points, strict=True):
        scale.locator(f"input[value='{point}']").check(force=True)
    page.locator("details.reason summary").first.click()
    page.locator("details.reason textarea").first.fill("Fruit keeps, says the first.")
    press(page, CONTINUE)


def submit(page: Page) -> None:
    press(page, CONTINUE)
    press(page, "Submit my answers")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    page.context.close()


def answer_round_one(page: Page, link: str) -> None:
    """One expert's way through the pages, from the letter."""
    page.goto(link)
    press(page, "Start")
    page.get_by_label("Yes").check()
    press(page, CONTINUE)
    page.get_by_label("Your field in a word?").fill("law")
    press(page, CONTINUE)
    for _ in ("north", "south"):
        rate(page, "3", "1")
    submit(page)


def answer_round_two(page: Page, link: str) -> None:
    """The same expert again, who sees what was decided."""
    page.goto(link)
    press(page, "Start")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What is new in this round")
    expect(page.get_by_role("main")).to_contain_text("Unripe ones were meant by some.")
    page.get_by_text("Go on", exact=True).click()
    for _ in ("north", "south"):
        expect(page.get_by_role("heading", name="Ripe pears")).to_be_visible()
        rate(page, "3")
    submit(page)


def rating(fruit: str, area: str) -> CellKey:
    return CellKey("fruit", fruit, area, "effect")


def round_one(number: int) -> Texts:
    """Apples are agreed on, pears are not."""
    pears = "3" if number % 2 else "1"
    return {
        CellKey("consent"): "1",
        CellKey("word"): "fruit",
        **{rating("apples", area): "3" for area in ("north", "south")},
        **{rating("pears", area): pears for area in ("north", "south")},
        **{CellKey("fruit", fruit, "north", part="reason"): f"They keep, says {number}." for fruit in FRUITS},
    }


def round_two(number: int) -> Texts:
    """Ripe pears are agreed on."""
    return {
        **{rating("pears", area): "3" for area in ("north", "south")},
        CellKey("fruit", "pears", "north", part="reason"): f"Ripe ones are sweet, says {number}.",
    }


def give_all(database: Database, links: Mapping[str, str], texts: Callable[[int], Texts]) -> None:
    """Everybody else opens the own link and answers, without a browser."""
    with database.reading() as session:
        study = session.scalars(select(Study)).one()
        version = session.scalars(
            select(Round.questionnaire_number).order_by(Round.number.desc()).limit(1)
        ).one()
        instrument = get_instrument(session, study_id=study.id, number=version)
        members = tuple(Member(0, "both", links[address].rpartition("/")[2]) for address in sorted(links))
        ground = Ground(database, study.id, study.slug, instrument, members)
    assert len(members) == EXPERTS - 1
    for number in range(len(members)):
        give(ground, number, texts(number))


def must_hold_both_rounds(path: Path) -> None:
    """Fail unless the downloaded data hold every expert's answers in both rounds."""
    with zipfile.ZipFile(path) as package:
        name = next(each for each in package.namelist() if "long" in each)
        rows = list(csv.DictReader(io.StringIO(package.read(name).decode("utf-8-sig"))))
    answered = {(row["round"], row["panellist"]) for row in rows if row["item"] == "pears"}
    assert sorted(number for number, _ in answered) == ["1"] * EXPERTS + ["2"] * EXPERTS
