"""The public link from both sides: the visitor's form, and the study team's list."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from surveyapp.models import Panellist, SeatRequest
from surveyapp.web.expert import joining
from tests.support.judging import JudgingClient
from tests.support.mailing import introduce
from tests.support.studies import Ground

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def link(answered: Ground, client: JudgingClient, desk: str) -> str:
    """The public link, just opened by the owner, who stays signed in."""
    introduce(answered)
    client.get(f"{desk}/panel/registration")
    client.submit(action=f"{desk}/panel/registration", button=("go", "open"))
    page = client.get(f"{desk}/panel/registration")
    return page.words_of(page.find("code", class_="secret")).removeprefix(client.base_url)


def ask(client: JudgingClient, link: str, email: str, *, expect: int = 303, **more: str) -> str:
    client.get(link)
    fields = {"name": "Ada Lund", "email": email, "group": "north", "consent": "yes", **more}
    return client.submit(fields, action=link, expect=expect).location


def test_a_visitor_learns_nothing_about_the_panel(client: JudgingClient, answered: Ground, link: str) -> None:
    with answered.database.reading() as session:
        seats = session.scalar(select(func.count()).select_from(Panellist))
    new, known = (ask(client, link, email) for email in ("ada@example.org", "expert1@example.org"))
    again = ask(client, link, "ada@example.org")
    assert new == known == again
    assert "with the study team" in client.get(new).words
    with answered.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SeatRequest)) == 3
        assert session.scalar(select(func.count()).select_from(Panellist)) == seats


def test_nothing_typed_is_lost_and_the_link_can_be_shut(client: JudgingClient, link: str, desk: str) -> None:
    client.get(link)
    wrong = client.submit({"name": "Ada Lund", "email": "ada", "message": "Pears & apples"}, expect=422)
    summary = wrong.words_of(wrong.find("div", class_="summary"))
    assert "Your e-mail address: 'ada' is not an e-mail address" in summary
    assert "Your group: choose the one that fits you best" in summary
    assert "Agreement: without your agreement" in summary
    assert wrong.find("input", id="name").get("value") == "Ada Lund"
    assert "Pears & apples" in wrong.words_of(wrong.find("textarea", id="message"))
    client.get(f"{link}x", expect=404)
    client.get(f"{desk}/panel/registration")
    client.submit(action=f"{desk}/panel/registration", button=("go", "shut"))
    shut = client.get(link)
    assert "Nobody can ask for a seat just now." in shut.words
    assert not shut.find_all("form")


def test_somebody_who_asks_too_often_waits(
    client: JudgingClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MOST_FROM_ONE", 1)
    ask(client, link, "ada@example.org")
    client.get(link)
    fields = {"name": "Bo", "email": "bo@example.org", "group": "north", "consent": "yes"}
    held = client.submit(fields, action=link, expect=429)
    assert "Too many tries" in held.words
    assert held.find("input", id="email").get("value") == "bo@example.org"


def test_the_team_sees_who_is_alike_and_decides(
    client: JudgingClient, answered: Ground, link: str, desk: str
) -> None:
    for email in ("ada@example.org", "expert1@example.org"):
        ask(client, link, email, message="Told of it by Bo.")
    page = f"{desk}/panel/registration"
    assert "2 people ask for a seat" in client.get(f"{desk}/panel").words
    shown = client.get(page)
    assert "on the panel with this address" in shown.words
    assert "Told of it by Bo." in shown.words
    values = [box.get("value", "") for box in shown.find_all("input", name="request")]
    refused = client.submit(
        {"request": values}, action=f"{desk}/panel/requests", button=("go", "approve"), expect=422
    )
    assert "this address is on the panel already" in refused.words
    assert [box.get("checked") is not None for box in refused.find_all("input", name="request")] == [
        True,
        True,
    ]
    gone = client.submit({"request": [values[1]]}, action=f"{desk}/panel/requests", button=("go", "refuse"))
    assert "1 request was refused and deleted." in client.get(gone.location).words
    added = client.submit({"request": [values[0]]}, action=f"{desk}/panel/requests", button=("go", "approve"))
    told = client.get(added.location).words
    assert "1 panellist was added." in told
    assert "1 invitation is in the outbox." in told
    assert "ada@example.org" in client.get(f"{desk}/panel").words
    picture = client._send("GET", f"{page}/qr.svg", follow=False)
    assert picture.response.mimetype == "image/svg+xml"
    assert picture.response.get_data().startswith(b"<?xml")
    renewed = client.get(page)
    client.submit(action=page, button=("go", "renew"), page=renewed)
    client.get(link, expect=404)
