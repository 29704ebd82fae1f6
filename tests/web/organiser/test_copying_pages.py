"""A study copied and rehearsed on pages."""

from __future__ import annotations

import pytest

from surveyapp import jobs
from surveyapp.models import Study
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def test_a_copy_is_made_and_its_maker_owns_it(client: JudgingClient, desk: str) -> None:
    client.get(f"{desk}/settings")
    page = client.get(f"{desk}/settings/copy")
    assert page.find("input", name="title").get("value", "").endswith("(copy)")
    wrong = client.submit({"slug": "fruit"}, action="/copy", expect=422)
    assert "There is already a study 'fruit'" in wrong.words
    made = client.submit({"slug": "fruit-2", "with_panel": "y"}, action="/copy", follow=True)
    assert made.path == "/organiser/s/fruit-2"
    assert "Before the first round" in made.words
    # Owners alone delete.
    client.get("/organiser/s/fruit-2/settings/end")


def test_whoever_may_see_no_names_copies_none(
    client: JudgingClient, database: Database, answered: Ground, sign_in: SignIn
) -> None:
    with database.verb() as session:
        session.get_one(Study, answered.study_id).anonymity = "blind"
    sign_in(join(answered, Role.ORGANISER))
    page = client.get("/organiser/s/fruit/settings/copy")
    assert not page.find_all("input", name="with_panel")
    client.post("/organiser/s/fruit/settings/copy", {"title": "Mine", "slug": "mine", "with_panel": "y"})
    assert "Nobody is on the panel yet." in client.get("/organiser/s/mine").words


def test_a_rehearsal_is_begun_watched_and_removed(
    client: JudgingClient, database: Database, desk: str
) -> None:
    page = client.get(f"{desk}/rehearsal")
    wrong = client.submit({"people": "many"}, action="/start", expect=422)
    assert wrong.find("input", name="people").get("value") == "many"
    begun = client.submit({"people": "6"}, action="/start", follow=True, page=page)
    assert "It is being played." in begun.words
    part = client.http.get(f"{desk}/rehearsal/progress", base_url=client.base_url)
    assert "It is being played." in part.get_data(as_text=True)
    link_key = client.app.extensions["surveyapp.config"].link_key.encode()
    while jobs.run_next(database, link_key=link_key):
        pass
    assert "It has been played to its end." in client.get(f"{desk}/rehearsal").words
    shown = client.get("/organiser/s/fruit-rehearsal")
    assert "Rehearsal of “fruit”" in shown.words
    assert "Synthetic panel" in client.get("/organiser/").words
    client.get("/organiser/s/fruit-rehearsal/rounds/1/results")
    client.get(f"{desk}/rehearsal")
    client.submit({}, action="/remove", follow=True)
    client.get("/organiser/s/fruit-rehearsal", expect=404)
