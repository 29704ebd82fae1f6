"""An organiser's whole way: from the first start's link to the released round 2 and its data, step by step.

Each step begins where the one before ended. Nothing is reached by its address: what pages show is pressed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyotp
from playwright.sync_api import Download, Locator, Page, expect

from tests.journeys.ways import Way
from tests.support.studies import SMALL

PROTOCOL = """
format: 1
id: small-protocol
version: "1"
title: Two rounds on fruit
questionnaire: small
rounds:
  - {number: 1, asks: all items}
  - {number: 2, asks: only open}
consensus:
  - {id: agreed, for: {criterion: effect}, rule: "agree >= 70% in every context"}
decisions:
  - {propose: accept, when: agreed is consensus}
counting: {minimum_n: 3}
anonymity: {k: 3, k_reasons: 3, unanimity: show}
"""
TITLE = "Fruit for all"
EXPERTS = 6
PANEL = "name,email,group\n" + "".join(
    f"Expert {number},expert{number}@example.org,both\n" for number in range(1, EXPERTS + 1)
)


def write_files(folder: Path) -> None:
    """What the organiser has on the own machine on the first day."""
    for name, text in (("fruit.yaml", SMALL), ("fruit.protocol.yaml", PROTOCOL), ("panel.csv", PANEL)):
        (folder / name).write_text(text, encoding="utf-8")


@dataclass
class Walk:
    """An organiser at a browser, who looks at every page."""

    page: Page
    way: Way
    files: Path
    look: Callable[[str], None]

    def button(self, name: str | re.Pattern[str]) -> Locator:
        """The button that says this."""
        return self.page.get_by_role("button", name=name, exact=isinstance(name, str)).locator("visible=true")

    def link(self, name: str | re.Pattern[str]) -> Locator:
        """The link that says this, in the page's own part."""
        return self.page.get_by_role("main").get_by_role("link", name=name, exact=isinstance(name, str))

    def must_say(self, words: str | re.Pattern[str]) -> None:
        """Fail unless the page says this."""
        expect(self.page.get_by_role("main").get_by_text(words).first).to_be_visible()

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button that leads on, and look at where it leads."""
        self.way.go(self.button(name))

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow a link."""
        self.way.go(self.link(name).first)

    def tab(self, name: str) -> None:
        """Follow one of the study's tabs; on a phone they are folded up."""
        fold = self.page.locator("details.tabs-menu > summary")
        if fold.is_visible():
            self.way.press(fold)
        tabs = self.page.get_by_role("navigation", name="Study").locator("visible=true")
        self.way.go(tabs.get_by_role("link", name=name, exact=True))

    def unfold(self, name: str | re.Pattern[str]) -> None:
        """Unfold what is folded; what is open already stays so."""
        fold = self.page.locator("summary", has_text=name)
        if fold.locator("xpath=..").get_attribute("open") is None:
            self.way.press(fold)

    def write(self, label: str, text: str) -> None:
        """Write into a field."""
        self.way.write(self.page.get_by_label(label).locator("visible=true"), text)

    # The way itself.

    def make_the_account(self, link: str, email: str, password: str) -> None:
        """The link that the first start printed, and a second factor."""
        self.page.goto(link)
        self.look("welcome")
        self.write("E-mail", email)
        self.write("Password", password)
        self.press("Make the account")
        self.look("account")
        self.press("Set up an authenticator app")
        self.unfold("Without a camera")
        app = pyotp.TOTP(self.page.locator("code.secret").inner_text().replace(" ", ""))
        self.look("authenticator")
        self.write("Code that the app shows", app.at(datetime.now(UTC)))
        self.press("Switch it on")
        self.look("codes")
        self.follow(re.compile("^I have them"))
        self.look("account-done")

    def begin_the_study(self) -> None:
        """From the account to a study from a questionnaire of one's own."""
        self.way.go(self.page.get_by_role("link", name="Studies", exact=True))
        self.look("studies-none")
        self.follow("New study")
        self.look("new-study")
        self.way.choose(self.page.get_by_role("radio", name="A file of my own"))
        self.way.upload(self.page.get_by_label("Your questionnaire (YAML)"), self.files / "fruit.yaml")
        self.write("Title", TITLE)
        self.press("Make the study")
        self.look("study-new")

    def step(self, name: str) -> None:
        """Follow what the overview offers for one step before the first round."""
        self.follow(re.compile(f": {name}$"))

    def set_up(self) -> None:
        """Contact, protocol, panel, lock: in the order in which the overview lists what is missing."""
        self.step("Contact")
        self.look("settings")
        self.write("Address that experts", "team@example.org")
        self.press("Change the settings")
        self.look("settings-done")
        self.step("Protocol")
        self.look("protocol-none")
        self.unfold("Give the study its protocol as a file")
        self.way.upload(self.page.get_by_label("A YAML file"), self.files / "fruit.protocol.yaml")
        self.press("Use this protocol")
        self.look("protocol-given")
        self.follow("Back to the overview")
        self.step("Panel")
        self.look("panel-import")
        self.way.upload(self.page.get_by_label("XLSX or CSV file"), self.files / "panel.csv")
        self.press("Look first")
        self.look("panel-looked")
        self.way.upload(self.page.get_by_label("XLSX or CSV file"), self.files / "panel.csv")
        self.press("Add everybody")
        self.look("panel")
        self.follow("Back to the overview")
        self.step("Lock")
        self.unfold("Lock it")
        self.press("Lock the protocol")
        self.look("protocol-locked")
        self.follow("Back to the overview")
        self.look("study-ready")

    def see_it_as_an_expert(self) -> None:
        """The first two pages, as an expert will see them."""
        self.step("Questionnaire")
        self.look("seen-first")
        self.way.choose(self.page.get_by_label("Yes"))
        self.press("Continue")
        self.must_say("Your field in a word?")
        self.look("seen-second")
        self.follow("Back to the overview")

    def open_round_one(self) -> None:
        """Open it now."""
        self.step("Round 1")
        self.look("rounds-1-next")
        self.unfold("Open now")
        self.press("Open round 1 now")
        self.look("rounds-1-open")

    def send(self, letter: str) -> None:
        """Write to everybody whom a letter is for, now that the round is open, and go on to watch it."""
        self.follow("Write to the panel")
        self.look("letters")
        self.follow(re.compile(f"^Send… {letter}"))
        self.look(f"send-{letter}")
        self.press(f"Send {EXPERTS} letters now")
        self.look(f"outbox-{letter}")
        self.follow("Watch the round")

    def close(self, number: int) -> None:
        """Watch a round to its end, and read its results."""
        self.tab("Overview")
        self.look(f"watching-{number}")
        self.follow("Extend or close the round")
        self.unfold(re.compile("^Close$"))
        self.press(f"Close round {number} now")
        self.look(f"rounds-{number}-closed")
        self.follow("Its results")
        self.look(f"results-{number}")
        self.follow("Pears" if number == 1 else "Ripe pears")
        self.look(f"result-{number}")

    def handle_reasons(self, number: int, *fruits: str) -> None:
        """Let the panel read every reason."""
        self.follow("Reasons on it")
        for fruit in fruits:
            self.look(f"reasons-{number}-{fruit}")
            for box in self.page.locator("article.unread input[name=reasons]").all():
                self.way.choose(box)
            self.press("Show to the panel")
            self.must_say("Every reason on it is dealt with.")
            if fruit != fruits[-1]:
                self.follow("Previous item")
        self.follow("All items")
        self.must_say("Every reason is accounted for.")
        self.look(f"reasons-{number}-done")

    def decide(self, number: int) -> None:
        """After round 1 word pears anew; confirm what is left as proposed."""
        self.follow("On to the decisions")
        self.look(f"decisions-{number}")
        if number == 1:
            self.follow("Pears")
            self.way.choose(self.page.get_by_role("radio", name=re.compile("^revise")))
            self.unfold("For a revision")
            wording = self.page.locator("details[data-for=revise]")
            self.way.write(wording.get_by_label("Title"), "Ripe pears")
            self.way.write(self.page.locator("#reason"), "Unripe ones were meant by some.")
            self.look("decision-1")
            self.way.go(self.button("Decide").last)
        self.look(f"decided-{number}")
        self.unfold("Confirm all that is left as proposed")
        self.press("Confirm as proposed")
        self.must_say("1 item is decided as proposed.")
        self.look(f"decisions-{number}-done")

    def release(self, number: int) -> None:
        """After round 1 look at the next one as an expert; then let the release out."""
        self.follow("On to the release")
        self.look(f"release-{number}")
        if number == 1:
            self.press("Look")
            self.must_say("What is new in this round")
            self.look("preview-news")
            way = self.page.get_by_role("navigation", name="Pages of this expert")
            self.way.go(way.get_by_role("link", name=re.compile("North")))
            self.look("preview-ratings")
            self.follow("Back to the release")
        self.write("What you say to the panel", "Thank you.")
        self.press(f"Release round {number}")
        self.must_say("This round is released")
        self.look(f"released-{number}")

    def open_round_two(self) -> None:
        """On to the next round."""
        self.follow("On to the next round")
        self.look("rounds-2-next")
        self.unfold("Open now")
        self.press("Open round 2 now")
        self.must_say("Round 2 is open.")
        self.look("rounds-2-open")

    def take_the_data(self) -> Download:
        """Download the data package."""
        self.follow("Take the data home")
        self.look("export")
        with self.page.expect_download() as download:
            self.way.press(self.button("Download the data (CSV)"))
        return download.value
