"""A round in real time as an expert sees it: blind until the own first submission, and then for good not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load
from surveyapp.services import refreshing
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.protocols import set_protocol
from tests.support.second_round import EVERY_KIND_PROTOCOL, give, open_next
from tests.support.studies import Ground, lay_ground
from tests.web.expert.conftest import EVERY_KIND, PANEL, Expert, first_answers

if TYPE_CHECKING:
    from flask import Flask

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

_ALL = "number: 1, asks: all items"
LIVE = EVERY_KIND_PROTOCOL.replace(_ALL, _ALL + ", real_time: {batch: 3}")
RATE = "/s/every-kind/p/rate.north"
APPLES = ("fruit", "apples", "north", "effect")
PLUMS = ("fruit", "plums", "north", "effect")
BLIND = "The panel's view is shown here once you have submitted an answer of your own."


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    """Eight have submitted and their figures are out; the ninth comes."""
    database: Database = app.extensions["surveyapp.database"]
    ground = lay_ground(database, load(EVERY_KIND), slug="every-kind", groups=PANEL, is_open=False)
    set_protocol(ground, LIVE)
    ground = open_next(ground)
    for member in range(8):
        give(ground, member, first_answers(member))
    refreshing.refresh_round(database, study_id=ground.study_id, number=1, actor="test")
    yield ground
    database.close()


def told(client: JudgingClient, expert: Expert, cell: tuple[str, ...]) -> str:
    page = client.get(RATE)
    return page.words_of(page.find("p", id=f"{expert.field(*cell)}-panel"))


def submit(client: JudgingClient) -> None:
    client.get("/s/every-kind/review")
    client.submit(action="/submit")


def test_others_are_shown_after_the_own_first_submission(client: JudgingClient, ground: Ground) -> None:
    expert = Expert(client, ground, 8)
    expert.consent()
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    assert told(client, expert, APPLES) == BLIND
    client.submit({expert.field(*APPLES): "3"})
    # Saved is not submitted: what one has not stood by yet could follow the others.
    assert told(client, expert, APPLES) == BLIND
    submit(client)
    assert told(client, expert, APPLES).startswith("7 experts rated this in round 1.")
    assert told(client, expert, PLUMS) == BLIND
    # Edited since, and taken back even: what was seen stays in sight.
    client.submit({expert.field(*APPLES): "1"})
    assert told(client, expert, APPLES).startswith("7 experts rated this in round 1.")
    client.submit(button=("clear", expert.field(*APPLES)))
    submit(client)
    assert told(client, expert, APPLES).startswith("7 experts rated this in round 1.")


@on_sqlite
def test_a_newer_view_is_told_of_with_the_save(client: JudgingClient, ground: Ground) -> None:
    expert = Expert(client, ground, 0)
    page = client.get(RATE)
    token = page.find("input", name="csrf_token").get("value", "")
    for member in (1, 2, 3):
        give(ground, member, {**first_answers(member), CellKey(*APPLES): "2"})
    made = refreshing.refresh_round(ground.database, study_id=ground.study_id, number=1, actor="test")
    assert made is not None
    reply = client.http.post(
        "/s/every-kind/save",
        json={
            "request_id": "request-1",
            "base": 9,
            "place": "rate.north",
            "release": 1,
            "answers": {expert.field(*APPLES): ["2"]},
        },
        base_url=client.base_url,
        headers={"X-CSRFToken": token, "Origin": client.base_url},
    )
    assert json.loads(reply.get_data())["newer"] == made.number == 2
    assert client.get(RATE).find("input", name="release").get("value") == "2"
