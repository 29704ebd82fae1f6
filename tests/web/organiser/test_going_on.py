"""The overview says where the work goes on, at every point of a study's life and for each role."""

from __future__ import annotations

import pytest

from surveyapp.services.permissions import Role
from tests.support.judging import JudgingClient
from tests.support.second_round import give, open_next, release_first_round
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, answers_of, join, rating

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def ways(client: JudgingClient, desk: str) -> dict[str, str]:
    """Label → address of what comes next."""
    found = client.get(desk).find_all("nav", aria_labelledby="going-on")
    return {(link.text or "").strip(): link.get("href", "") for nav in found for link in nav.iter("a")}


def test_what_comes_next(client: JudgingClient, answered: Ground, desk: str) -> None:
    assert list(ways(client, desk)) == ["Write to the panel", "Extend or close the round"]
    release_first_round(answered)
    assert ways(client, desk) == {
        "Results": f"{desk}/rounds/1/results",
        "Open the next round": f"{desk}/rounds#next",
    }
    second = open_next(answered)
    give(second, 0, {rating("pears", "north"): answers_of(0)[rating("pears", "north")]})
    second.close()
    closed = ways(client, desk)
    assert closed["Handle the reasons"] == f"{desk}/rounds/2/reasons"
    assert list(closed)[-1] == "Release what the panel is shown"
    for url in closed.values():
        client.get(url)


def test_nobody_is_sent_where_they_may_not_go(
    client: JudgingClient, answered: Ground, sign_in: SignIn
) -> None:
    sign_in(join(answered, Role.OBSERVER))
    assert ways(client, f"/organiser/s/{answered.slug}") == {}
    answered.close()
    sign_in(join(answered, Role.ANALYST))
    assert list(ways(client, f"/organiser/s/{answered.slug}")) == ["Results"]
