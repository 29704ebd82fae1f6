"""How several workers share the tests: one of them runs all that need a browser, and begins with them."""

from __future__ import annotations

from typing import Final

from xdist.scheduler.loadscope import LoadScopeScheduling

BROWSER_TESTS: Final = ("tests/journeys/", "tests/house/test_ground.py")


def needs_browser(nodeid: str) -> bool:
    """Whether this test opens a browser, or lies beside one that does."""
    return nodeid.startswith(BROWSER_TESTS)


class OneBrowser(LoadScopeScheduling):  # type: ignore[misc] # the library comes without types
    """Every test for whoever is free, but those with a browser for one worker: so one browser runs at a time.

    The library hands out the largest parts first: begun late, they would go on alone when all else is done.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if needs_browser(nodeid) else nodeid
