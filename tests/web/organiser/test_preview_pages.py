"""The questionnaire before there is a round, with an expert's eyes; and nothing of the look stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from surveyapp.models import Base
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.protocols import ROUND_ZERO, set_protocol
from tests.support.second_round import open_next
from tests.support.studies import QUESTIONNAIRES, SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, join

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
TWO_LANGUAGES = """
format: 1
id: two
version: "1"
languages: [en, de]
title: {en: A small study, de: Eine kleine Studie}
pages:
  - id: about
    title: {en: About you, de: Zu Ihnen}
    questions:
      - {id: word, kind: short_text, text: {en: Your field in a word?, de: Ihr Fach in einem Wort?}}
"""


def count_rows(database: Database) -> dict[str, Any]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
            if table.name != "organiser_session"
        }


@pytest.fixture
def planned(database: Database, tmp_path: Path) -> Ground:
    return lay_ground(
        database, load_text(SMALL, tmp_path), slug="fruit", groups=("south", "both"), is_open=False
    )


@pytest.fixture
def base(planned: Ground, sign_in: SignIn) -> str:
    sign_in(join(planned, Role.ORGANISER))
    return "/organiser/s/fruit"


def article(client: JudgingClient, name: str) -> str:
    page = client.page
    assert page is not None
    [card] = [each for each in page.find_all("article") if each.get("aria-labelledby") == name]
    return page.words_of(card)


def walk(client: JudgingClient) -> str:
    """Where the page of the preview is sent."""
    page = client.page
    assert page is not None
    [action] = [
        form.get("action", "") for form in page.find_all("form") if "/preview/" in form.get("action", "")
    ]
    return action


@SQLITE
def test_the_preview_is_what_the_expert_will_get(
    client: JudgingClient, database: Database, planned: Ground, base: str
) -> None:
    before = count_rows(database)
    first = client.get(f"{base}/preview?group=south")
    assert "Nothing you choose here is kept." in first.words
    ways = [way.get("href", "") for way in first.find("nav", aria_label="Pages of this expert").iter("a")]
    assert [way.partition("?")[0].rpartition("/")[2] for way in ways] == [
        "consent",
        "about",
        "rate.south",
        "choose",
    ]
    assert "rate.north" in client.get(f"{base}/preview?group=both").text
    # As an expert would: consent, then the page after it; what is refused there is refused here.
    client.get(f"{base}/preview?group=south")
    consent = planned.number("consent")
    about = client.submit({f"a{consent}": "1"}, action=walk(client), follow=True)
    years = planned.number("years")
    shown = client.submit({f"a{years}": "many"}, action=walk(client), expect=422)
    assert shown.find("input", name=f"a{years}").get("value") == "many"
    assert "About you" in about.words
    on = client.submit({f"a{years}": "7"}, action=walk(client), follow=True)
    assert "rate.south" in on.path
    preview = article(client, "fruit-pears")
    assert count_rows(database) == before
    client.get(f"{base}/preview/nowhere", expect=404)
    set_protocol(planned, PROTOCOL)
    opened = open_next(planned)
    refused = client.get(f"{base}/preview", expect=409)
    assert "The first round was opened already" in refused.words
    expert = JudgingClient(client.app, client.base_url)
    expert.get(f"/l/{opened.panel[0].token}")
    expert.submit({}, action="/l/start", follow=True)
    expert.submit({f"a{consent}": "1"}, button=("go", "next"), follow=True)
    expert.get("/s/fruit/p/rate.south")
    assert article(expert, "fruit-pears") == preview


@SQLITE
def test_it_speaks_the_experts_language(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    ground = lay_ground(database, load_text(TWO_LANGUAGES, tmp_path), slug="zwei", groups=(), is_open=False)
    sign_in(join(ground, Role.OWNER))
    english = client.get("/organiser/s/zwei/preview")
    assert "Your field in a word?" in english.words
    german = client.get("/organiser/s/zwei/preview?language=de")
    assert german.tree.get("lang") == "de"
    assert "Ihr Fach in einem Wort?" in german.words
    assert german.find("option", value="de").get("selected") is not None


@SQLITE
def test_a_study_that_collects_items_first_shows_that_round(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    text = (QUESTIONNAIRES / "examples" / "round_zero.yaml").read_text(encoding="utf-8")
    ground = lay_ground(database, load_text(text, tmp_path), slug="zero", groups=("",), is_open=False)
    set_protocol(ground, ROUND_ZERO, is_locked=False)
    sign_in(join(ground, Role.OWNER))
    before = count_rows(database)
    client.get("/organiser/s/zero/preview")
    shown = client.get("/organiser/s/zero/preview/measures")
    assert "Which measures against floods should the panel rate?" in shown.words
    client.get("/organiser/s/zero/preview/ratings", expect=404)
    assert count_rows(database) == before
