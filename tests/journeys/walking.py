"""One expert at a browser: the steps of a journey, each as a person would take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, Response, expect

from surveyapp.questionnaire.cells import CellKey
from tests.journeys.house import DONT_KNOW, Answers, House, Value, load_questionnaire
from tests.support.studies import Ground, Member

SAVED = "All answers saved"
CONTINUE = "Save and continue"
LEFT_OUT = 5
"""The item, counted from 0, that these experts leave blank."""


@dataclass
class Expert:
    """An invited expert and the window they sit at."""

    house: House
    member: Member
    page: Page
    ground: Ground

    def open_link(self) -> Response | None:
        """Follow the link of the letter."""
        return self.page.goto(self.house.link(self.member))

    def press(self, name: str) -> None:
        """Press the visible button or the link called `name`, and wait for the page it leads to."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        button.or_(link).first.wait_for()
        # A button goes before a link of the same name: each page ends with a link to withdraw.
        (button if button.count() else link).last.click()
        self.page.wait_for_load_state()

    def start(self) -> None:
        """From the letter past the practice item to the first page."""
        self.open_link()
        self.press("Start")
        self.press("Go to the first page")

    def enter(self) -> None:
        """From the letter to wherever the expert was."""
        self.open_link()
        self.page.locator("form[action='/l/start'] button").click()
        self.page.wait_for_load_state()

    def at(self, key: str) -> str:
        """The address of a page of the questionnaire."""
        return f"{self.house.url}/s/{self.ground.slug}/{key}"

    def go(self, key: str) -> None:
        """Open `p/effectiveness.cbrn`, `review`, …"""
        self.page.goto(self.at(key))

    def must_be_at(self, key: str) -> None:
        """Fail unless the window shows this page."""
        expect(self.page).to_have_url(self.at(key))

    def name_of(self, key: CellKey) -> str:
        """The form field of a cell."""
        return f"a{self.ground.instrument.number_of[key]}"

    def inputs(self, key: CellKey) -> Locator:
        """A cell's controls."""
        return self.page.locator(f"[name='{self.name_of(key)}']")

    def option(self, key: CellKey, value: Value) -> Locator:
        """One radio button or box of a cell."""
        return self.page.locator(f"[name='{self.name_of(key)}'][value='{value}']")

    def give(self, key: CellKey, value: Value) -> None:
        """Answer one cell with mouse and keyboard."""
        box = self.inputs(key).first
        if box.get_attribute("type") in {"radio", "checkbox"}:
            for one in value if isinstance(value, list) else [value]:
                self.option(key, one).check()
            return
        if not box.is_visible():
            box.locator("xpath=ancestor::details").locator("summary").click()
        box.fill(str(value))

    def give_all(self, answers: Answers) -> None:
        """Answer these cells of the page on show, in order."""
        for key, value in answers.items():
            self.give(key, value)

    @property
    def status(self) -> Locator:
        """The line that says whether everything is saved."""
        return self.page.locator("#status")

    def wait_saved(self) -> None:
        """Wait until the page itself says that everything is saved."""
        expect(self.status).to_have_text(SAVED)

    def stored(self) -> dict[CellKey, Value]:
        """What the database holds of this expert."""
        return self.house.stored(self.member, ground=self.ground)


@dataclass(frozen=True)
class Answered:
    """Everything that one expert is going to answer, page by page."""

    pages: Mapping[str, Answers]

    @property
    def cells(self) -> dict[CellKey, Value]:
        """All of it, as it should be stored."""
        return {key: value for answers in self.pages.values() for key, value in answers.items()}


def plan_answers(areas: Sequence[str], *, chooses: bool = False, items: int = 27) -> Answered:
    """Answers to the whole built-in study: every point, the opt-out, a few reasons, one item left out.

    With fewer `items` the later ones stay blank, where clicking all of them is not the point.
    """
    pages: dict[str, Answers] = {
        "consent": {CellKey("consent"): 1, CellKey("acknowledgement"): "no"},
        "background": {
            CellKey("experience"): 12,
            CellKey("sector"): "other",
            CellKey("sector", part="other"): "A think tank – „Größe“ 大",
            **{
                CellKey("knowledge", context=area): 1 + position
                for position, area in enumerate(
                    ("critical-infrastructure", "democratic-processes", "cbrn", "discrimination-and-bias")
                )
            },
        },
    }
    if chooses:
        pages["choice-of-areas"] = {CellKey("areas"): list(areas)}
    for area in areas:
        pages[f"effectiveness.{area}"] = _plan_ratings("effectiveness", area, first=len(area), items=items)
    pages["feasibility"] = _plan_ratings("feasibility", "", first=2, items=items)
    ids = [item.id for item in load_questionnaire().items]
    pages["preferred-combination"] = {CellKey("combination"): [ids[0], ids[8], ids[26]]}
    pages["closing"] = {CellKey("remarks"): "Nothing is missing.\n\nThank you."}
    return Answered(pages)


def _plan_ratings(question: str, context: str, *, first: int, items: int) -> Answers:
    answers: dict[CellKey, Value] = {}
    for position, item in enumerate(load_questionnaire().items[:items]):
        if position == LEFT_OUT:
            continue
        point = (first + position) % 6
        answers[CellKey(question, item.id, context, question)] = point or DONT_KNOW
        if position % 9 == 0:
            key = CellKey(question, item.id, context, part="reason")
            answers[key] = f"It depends on {position} things & more."
    return answers


def walk_through(expert: Expert, plan: Answered) -> None:
    """From the first page to the review: every answer given, every page saved by its button."""
    for key, answers in plan.pages.items():
        expert.must_be_at(f"p/{key}")
        expert.give_all(answers)
        expert.press(CONTINUE)
    expert.must_be_at("review")
