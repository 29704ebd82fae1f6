"""Chromium for the journeys: one per worker, a fresh context for each page, nothing beyond this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, sync_playwright

from tests.support.chromium import chromium_environment, find_chromium
from tests.support.serving import LiveServer

DESKTOP = (1280, 800)
PHONE = (390, 844)
AXE_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_FLAGS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Small containers have a small /dev/shm.
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class OpenPage(Protocol):
    """`page(javascript=False, viewport=PHONE)`: a page in a context of its own."""

    def __call__(
        self,
        *,
        javascript: bool = ...,
        viewport: tuple[int, int] = ...,
        offline: bool = ...,
        context: BrowserContext | None = ...,
        **options: Any,
    ) -> Page: ...


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for this worker."""
    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium here; as root: apt-get install chromium")
    flags = [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(_FLAGS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, headless=True, args=flags, env=dict(chromium_environment())
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages; at the end, none of them may have broken its policy, thrown, or reached outside.

    A second page in the same context (another tab) is `page(context=first.context)`.
    """
    faults: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(
        *,
        javascript: bool = True,
        viewport: tuple[int, int] = DESKTOP,
        offline: bool = False,
        context: BrowserContext | None = None,
        **options: Any,
    ) -> Page:
        if context is None:
            width, height = viewport
            options.setdefault("accept_downloads", True)
            context = browser.new_context(
                java_script_enabled=javascript,
                viewport={"width": width, "height": height},
                offline=offline,
                **options,
            )
            # Nothing here takes that long; a test that waits for what never comes says so sooner.
            context.set_default_timeout(15_000)
            contexts.append(context)
        opened = context.new_page()
        _watch(opened, faults)
        return opened

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, "the browser noticed:\n  " + "\n  ".join(faults)


def _watch(page: Page, faults: list[str]) -> None:
    def on_console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def on_error(error: Error) -> None:
        faults.append(f"uncaught: {error.message}")

    def on_request(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "about:")):
            faults.append(f"a request to another place: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", on_error)
    page.on("request", on_request)


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`assert axe(page) == []`: what axe-core finds on the page as it stands, one line per place."""
    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        # By evaluation: the page's own policy rightly refuses a script tag.
        page.evaluate(source)
        found = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(r => r.violations)",
            list(AXE_TAGS),
        )
        return [
            f"{violation['id']}: {violation['help']} at {' '.join(map(str, node['target']))}"
            for violation in found
            for node in violation["nodes"]
        ]

    return run


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """`serve(database_url, processes=2)`: the real application in processes of its own."""
    with ExitStack() as stack:

        def start(database_url: str, **options: Any) -> LiveServer:
            server = LiveServer(database_url, tmp_path, **options)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def live_server(serve: Callable[..., LiveServer], database_url: str) -> LiveServer:
    """The real application on a fresh database, at `live_server.url` with `live_server.config`."""
    return serve(database_url)
