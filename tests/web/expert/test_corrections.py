"""Experts are told what was corrected while they had a page open; what they gave keeps the wording it saw."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from surveyapp.models import Answer
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Text
from surveyapp.services.reading.wordings import CorrectedText
from surveyapp.web.expert.wordings import tell
from tests.support.correcting import correct
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import EVERY_KIND, Expert

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

RATE = "/s/every-kind/p/rate.north"
APPLES = ("fruit", "apples", "north", "effect")
TOLD = "The wording of a text was corrected while you had the page open."


@pytest.fixture
def rating(client: JudgingClient, expert: Expert) -> Expert:
    """At the ratings, with the page open."""
    expert.consent()
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    client.get(RATE)
    return expert


def seen(ground: Ground, *cell: str) -> int | None:
    with ground.database.reading() as session:
        return session.scalar(select(Answer.correction).where(Answer.cell == ground.number(*cell)))


@on_sqlite
def test_whoever_has_the_page_open_is_told_with_the_next_save(
    client: JudgingClient, ground: Ground, rating: Expert
) -> None:
    page = client.get(RATE)
    assert page.find("input", name="correction").get("value") == "0"
    token = page.find("input", name="csrf_token").get("value", "")
    correct(ground, "Ripe <apples>", reason="They are & were ripe.")

    def save(value: str, request_id: str, number: int | None) -> dict[str, object]:
        body: dict[str, object] = {
            "request_id": request_id,
            "base": 99,
            "place": "rate.north",
            "answers": {rating.field(*APPLES): [value]},
        }
        reply = client.http.post(
            "/s/every-kind/save",
            json=body if number is None else {**body, "correction": number},
            base_url=client.base_url,
            headers={"X-CSRFToken": token, "Origin": client.base_url},
        )
        told: dict[str, object] = json.loads(reply.get_data())
        return told

    assert save("3", "from an open page", 0)["corrected"] == 1
    assert seen(ground, *APPLES) == 0
    # A page from before this was possible says nothing of it.
    assert save("2", "from an old page", None)["corrected"] == 1
    assert seen(ground, *APPLES) == 0
    page = client.get(RATE)
    assert page.find("input", name="correction").get("value") == "1"
    assert "Ripe <apples>" in page.words
    assert "corrected" not in save("1", "from the new page", 1)
    assert seen(ground, *APPLES) == 1


@on_sqlite
def test_without_scripts_the_next_page_tells_and_shows_old_and_new(
    client: JudgingClient, ground: Ground, rating: Expert
) -> None:
    correct(ground, "Ripe <apples>", reason="They are & were ripe.")
    after = client.submit({rating.field(*APPLES): "3"}, follow=True)
    assert TOLD in after.words
    assert seen(ground, *APPLES) == 0
    page = client.get("/s/every-kind/corrections")
    for words in ("Item “Ripe <apples>”: title", "Before", "Apples", "Now", "Why: They are & were ripe."):
        assert words in page.words
    client.get("/s/every-kind/p/rate.north")
    client.submit({rating.field("fruit", "plums", "north", "effect"): "1"})
    copy = client.get("/s/every-kind/answers.csv").response.data.decode("utf-8-sig")
    saw = {row["item"]: row["correction seen"] for row in csv.DictReader(io.StringIO(copy)) if row["answer"]}
    assert (saw["Ripe <apples>"], saw["Plums"]) == ("0", "1")
    assert "They are & were ripe." in client.get("/s/every-kind/answers").words
    # Told once; from then on the list of pages leads there.
    page = client.get(RATE)
    assert not [note for note in page.find_all("p", class_="note") if note.get("id") != "corrected"]
    [nav] = page.find_all("nav", class_="wide")
    assert "Corrected wording" in page.words_of(nav)


@on_sqlite
def test_whoever_would_submit_from_such_a_page_is_told_before(
    client: JudgingClient, ground: Ground, rating: Expert
) -> None:
    client.get("/s/every-kind/p/choose")
    correct(ground, "Ripe apples")
    # Something is blank, so the review comes first.
    page = client.submit({rating.field("best"): "apples"}, button=("go", "submit"), follow=True)
    assert page.path.startswith("/s/every-kind/review")
    assert TOLD in page.words


@on_sqlite
def test_only_what_somebody_reads_is_told(app: Flask) -> None:
    asked = load(EVERY_KIND)
    apples = asked.items[0].model_copy(update={"title": Text({"en": "Apples", "de": "Äpfel"})})
    asked = asked.model_copy(update={"items": (apples, *asked.items[1:]), "languages": ("en", "de")})
    listed = [
        CorrectedText(1, number, path, "before", "after", "a slip", "ann@example.org", datetime.now(UTC))
        for number, path in enumerate(
            ("items.apples.title.en", "items.apples.title.de", "items.plums.title"), start=1
        )
    ]

    def told(language: str) -> list[int]:
        return [each.number for each in tell(listed, asked, language)]

    with app.test_request_context():
        assert told("en") == told("fr") == [3, 1]
        assert told("de") == [3, 2]
