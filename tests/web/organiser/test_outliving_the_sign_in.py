"""Whatever somebody wrote when the sign-in had run out comes back after signing in, and is sent once more."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from surveyapp.models import WebSession
from surveyapp.services.unit import read_now
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.organiser.conftest import PASSWORD

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
TEXT = 'Written for an hour: {link} <b>"pears"</b> & apples'


@pytest.mark.parametrize(
    ("where", "action", "button", "field", "shown_at"),
    [
        pytest.param(
            "letters/invitation/1", "/letters/invitation/1", ("act", "save"), "body", "letters/invitation/1",
            id="letter",
        ),
        pytest.param(
            "rounds/1/decisions/pears", "/decisions/pears", ("go", "stay"), "reason",
            "rounds/1/decisions/pears",
            id="decision",
        ),
        pytest.param("protocol/form", "/protocol/form", ("go", "keep"), "reason", "protocol", id="protocol"),
    ],
)  # fmt: skip
def test_sec_26_what_was_written_comes_back_after_signing_in(  # noqa: PLR0917 - the table above
    client: JudgingClient,
    answered: Ground,
    desk: str,
    where: str,
    action: str,
    button: tuple[str, str],
    field: str,
    shown_at: str,
) -> None:
    answered.close()
    client.get(f"{desk}/{where}")
    typed = {field: TEXT}
    if where == "protocol/form":
        typed["title"] = "A protocol with another title"
    if where.endswith("decisions/pears"):
        typed["outcome"] = "keep"
    with answered.database.verb() as session:
        session.execute(update(WebSession).values(expires_at=read_now(session)))
    page = client.submit(typed, action=action, button=button, expect=403)
    assert "What you were about to send is kept" in page.words
    client.submit({"email": "owner@example.org", "password": "wrong"}, action="/sign-in", expect=422)
    page = client.submit({"email": "owner@example.org", "password": PASSWORD}, action="/sign-in", expect=200)
    assert page.read_form(page.find_form(action))[field] == [TEXT]
    client.submit(action=action)
    assert "Written for an hour" in client.get(f"{desk}/{shown_at}").words
