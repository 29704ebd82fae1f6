"""The way to an organiser's page: a visitor of its own for each look, signed in by the form."""

from __future__ import annotations

import itertools

from playwright.sync_api import Page

from surveyapp.services.permissions import Role
from tests.journeys.states import Visit
from tests.support.studies import Ground
from tests.web.organiser.conftest import PASSWORD, join

_visitors = itertools.count(1)


def open_desk(visit: Visit, ground: Ground, path: str) -> Page:
    """The page at `path` under the organisers' address, as a new owner of the study sees it."""
    email = join(ground, Role.OWNER, f"desk-{next(_visitors)}@example.org")
    page = visit.open_page(**visit.options)
    page.goto(f"{visit.house.url}/organiser/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
    page.goto(f"{visit.house.url}/organiser/{path}")
    return page
