"""The end of a study on pages: archived, deleted after its time, called back; and what experts are told."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, update

from surveyapp.models import Study, WebSession
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def end(client: JudgingClient, answered: Ground, desk: str) -> str:
    """The page of the end, once its round is closed."""
    answered.close()
    client.get(f"{desk}/settings")
    assert "Archive or delete the study" in client.page.words if client.page else ""
    return f"{desk}/settings/end"


def delete_at(database: Database) -> datetime | None:
    with database.reading() as session:
        return session.scalar(select(Study.delete_at))


def test_a_study_with_an_open_round_is_not_put_away(client: JudgingClient, desk: str) -> None:
    client.get(f"{desk}/settings/end")
    refused = client.submit({}, action="/archive", expect=409)
    assert "Round 1 is open" in refused.words


def test_archived_and_brought_back(client: JudgingClient, answered: Ground, end: str, desk: str) -> None:
    before = client.get(f"{desk}/settings")
    client.get(end)
    client.submit({}, action="/archive", follow=True)
    assert "Archived studies" in client.get("/organiser/").words
    assert not client.get(f"{desk}/settings").find_all("input", name="title")
    # A form of before: whatever it is about, it is refused in one sentence.
    refused = client.submit({"title": "Other"}, action="/settings", page=before, expect=409)
    assert "It can be read, and nothing in it changes any more." in refused.words
    for way in ("", "/protocol", "/rounds/1/results", "/rounds/1/decisions", "/export", "/rounds/1/reasons"):
        client.get(desk + way)
    client.post(f"{desk}/export", expect=200).response.close()
    expert = JudgingClient(client.app, client.base_url)
    shown = expert.get(f"/l/{answered.panel[0].token}")
    assert "This study has ended" in shown.words
    own = expert.submit({}, action="/l/start", follow=True)
    assert "Thank you" in own.words
    assert "When the next round opens" not in own.words
    expert.get(f"/s/{answered.slug}/withdraw")
    client.get(end)
    client.submit({}, action="/unarchive", follow=True)
    assert "Archive it" in client.get(end).words
    assert "This study has ended" not in expert.get(f"/l/{answered.panel[0].token}").words


def test_deleted_after_its_time_and_called_back(
    client: JudgingClient, database: Database, answered: Ground, end: str, sign_in: SignIn
) -> None:
    client.get(end)
    wrong = client.submit({"slug": "frut"}, action="/delete", expect=422)
    assert "write the short name of this study just as it is" in wrong.words
    assert wrong.find("input", name="slug").get("value") == "frut"
    with database.verb() as session:
        long_ago = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
        session.execute(update(WebSession).values(confirmed_at=long_ago))
    asked = client.submit({"slug": "fruit"}, action="/delete", expect=403)
    assert "give your password once more" in asked.words
    assert delete_at(database) is None
    sign_in(join(answered, Role.OWNER))
    client.get(end)
    client.submit({"slug": "fruit"}, action="/delete", follow=True)
    assert delete_at(database) is not None
    assert "will be deleted" in client.get("/organiser/").words
    # Another owner calls it back.
    sign_in(join(answered, Role.OWNER, "second@example.org"))
    assert "This study will be deleted" in client.get("/organiser/s/fruit").words
    client.get(end)
    client.submit({}, action="/keep", follow=True)
    assert delete_at(database) is None
