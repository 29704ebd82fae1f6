"""How somebody works a page: with a mouse, with a finger, or with the keyboard alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from playwright.sync_api import FileChooser, Locator, Page

STOPS = 400
"""More than any page has places that the Tab key stops at."""
# Whether the element is the focused one; whether it comes before what is focused; whether anything shows it.
AT = "each => document.activeElement === each"
BEFORE = """each => {
  const here = document.activeElement;
  return here && here !== document.body
    && Boolean(here.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING);
}"""
FOCUS_SEEN = """each => {
  const rings = style =>
    (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  const shown = [each, ...(each.labels ?? []), each.parentElement, each.nextElementSibling].filter(Boolean);
  const box = each.getBoundingClientRect();
  const isInWindow = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const isHidden = box.width < 3 || getComputedStyle(each).opacity === '0';
  const isRinged = (isHidden ? shown : [each]).some(one => rings(getComputedStyle(one)));
  return isRinged && (isInWindow || isHidden);
}"""


class Way(ABC):
    """The means of acting; what is acted on is found by what a person reads."""

    def __init__(self, page: Page) -> None:
        self.page = page
        # Somebody listens all the time: begun only now and then, it could come later than the key.
        page.on("filechooser", lambda _: None)

    @abstractmethod
    def press(self, what: Locator) -> None:
        """Press a button, follow a link, unfold something."""

    @abstractmethod
    def write(self, into: Locator, text: str) -> None:
        """Put this text in place of what stands there."""

    @abstractmethod
    def choose(self, what: Locator) -> None:
        """Choose a radio button, or tick a box that is not ticked."""

    @abstractmethod
    def open_chooser(self, field: Locator) -> FileChooser:
        """Ask the browser for its window that chooses files."""

    def upload(self, field: Locator, path: Path) -> None:
        """Choose a file."""
        self.open_chooser(field).set_files(path)

    def go(self, what: Locator) -> None:
        """Press what leads to another page, and wait until it is there."""
        with self.page.expect_navigation():
            self.press(what)


class Mouse(Way):
    """A mouse, and a keyboard for text."""

    def press(self, what: Locator) -> None:
        """Click."""
        what.click()

    def write(self, into: Locator, text: str) -> None:
        """Click into it, and type."""
        into.click()
        into.fill(text)

    def choose(self, what: Locator) -> None:
        """Click it or its label, whichever lies on top."""
        if not what.is_checked():
            what.locator("xpath=ancestor::label").click()

    def open_chooser(self, field: Locator) -> FileChooser:
        """Click on the field."""
        with self.page.expect_file_chooser() as chooser:
            field.click()
        return chooser.value


class Finger(Way):
    """A finger on a telephone."""

    def press(self, what: Locator) -> None:
        """Tap."""
        what.tap()

    def write(self, into: Locator, text: str) -> None:
        """Tap, and type on the telephone's keyboard."""
        into.tap()
        into.fill(text)

    def choose(self, what: Locator) -> None:
        """Tap on its label."""
        if not what.is_checked():
            what.locator("xpath=ancestor::label").tap()

    def open_chooser(self, field: Locator) -> FileChooser:
        """Tap on the field."""
        with self.page.expect_file_chooser() as chooser:
            field.tap()
        return chooser.value


class Keys(Way):
    """Tab, Shift+Tab, Enter, Space and the arrows; where one is must be seen at every place one acts at."""

    def reach(self, what: Locator) -> None:
        """Go there by Tab, past the page's head by its own link."""
        keyboard = self.page.keyboard
        if what.evaluate("each => document.activeElement === document.body && !!each.closest('main')"):
            keyboard.press("Tab")
            if self.page.locator("a.skip").evaluate(AT):
                keyboard.press("Enter")
        place = what.element_handle()
        step = "Shift+Tab" if place.evaluate(BEFORE) else "Tab"
        for _ in range(STOPS):
            if place.evaluate(AT):
                break
            keyboard.press(step)
        else:
            raise AssertionError(f"no number of {step} leads to {what}")
        assert place.evaluate(FOCUS_SEEN), f"one cannot see that one is at {what}"

    def press(self, what: Locator) -> None:
        """Enter."""
        self.reach(what)
        self.page.keyboard.press("Enter")

    def go(self, what: Locator) -> None:
        """Enter, when it is reached: the link past the head is a way within the page."""
        self.reach(what)
        super().go(what)

    def write(self, into: Locator, text: str) -> None:
        """Over everything that stands there."""
        self.reach(into)
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(text)

    def choose(self, what: Locator) -> None:
        """Space on a box; arrows within radio buttons."""
        if what.is_checked():
            return
        if what.get_attribute("type") == "checkbox":
            self.reach(what)
            self.page.keyboard.press("Space")
        else:
            name = what.evaluate("each => CSS.escape(each.name)")
            group = self.page.locator(f"input[type=radio][name='{name}']")
            is_chosen = group.locator(":scope:checked")
            self.reach(is_chosen if is_chosen.count() else group.first)
            if not is_chosen.count():
                self.page.keyboard.press("Space")
            for _ in range(group.count()):
                if what.is_checked():
                    break
                self.page.keyboard.press("ArrowDown")
        assert what.is_checked()

    def open_chooser(self, field: Locator) -> FileChooser:
        """Enter on the field."""
        self.reach(field)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Enter")
        return chooser.value
