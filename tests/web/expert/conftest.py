"""A study with every kind of question, behind the whole application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.second_round import Texts, lay_second_round
from tests.support.studies import Ground, lay_ground

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

EVERY_KIND = Path(__file__).with_name("every-kind.yaml")


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    """The study, its first round open; the panel: one from the north, one from both, one from the south."""
    database: Database = app.extensions["surveyapp.database"]
    yield lay_ground(database, load(EVERY_KIND), slug="every-kind")
    database.close()


PANEL = ("north",) * 5 + ("both",) * 4
SILENT = 8
"""The member who gave nothing in round 1 but what was needed."""


def first_answers(member: int) -> Texts:
    """On apples they differ, on plums all disagree; some say why."""
    texts: dict[CellKey, str] = {CellKey("consent"): "1", CellKey("word"): "law"}
    if member == SILENT:
        return texts
    effects = ["3", "3", "1", "1", "dont-know", "3", "3", "2"]
    texts[CellKey("fruit", "apples", "north", "effect")] = effects[member]
    texts[CellKey("fruit", "apples", "north", "cost")] = ["2", "3", "4", "5", "10", "2", "2", "2"][member]
    texts[CellKey("fruit", "plums", "north", "effect")] = "1"
    if member in {0, 2}:
        texts[CellKey("fruit", "apples", "north", part="reason")] = f"Because of <{member}>."
    texts[CellKey("best")] = "apples"
    return texts


@pytest.fixture
def second_round(app: Flask) -> Iterator[Ground]:
    """The same study after nine people's first round: round 2 is open and shows it."""
    database: Database = app.extensions["surveyapp.database"]
    yield lay_second_round(
        database,
        load(EVERY_KIND),
        slug="every-kind",
        groups=PANEL,
        answers=first_answers,
        summaries={"apples": "Some think of the <taste>."},
        note="Thank you for *round 1*.",
    )
    database.close()


class Expert:
    """Somebody who has pressed Start."""

    def __init__(self, client: JudgingClient, ground: Ground, member: int = 0) -> None:
        self.client = client
        self.ground = ground
        self.base = f"/s/{ground.slug}"
        client.get(f"/l/{ground.panel[member].token}")
        client.submit(action="/l/start", follow=True)

    def field(self, question: str, *key: str) -> str:
        """The form field of a cell."""
        return f"a{self.ground.number(question, *key)}"

    def consent(self) -> None:
        """Agree, and go on to the next page."""
        self.client.get(f"{self.base}/p/consent")
        self.client.submit({self.field("consent"): "1"})

    def save(
        self, answers: dict[str, list[str]], *, base: int, request_id: str = "request-1"
    ) -> TestResponse:
        """Autosave as the script does."""
        token = self.client.get(f"{self.base}/p/consent").find("input", name="csrf_token").get("value", "")
        body = {"request_id": request_id, "base": base, "place": "consent", "answers": answers}
        return self.client.http.post(
            f"{self.base}/save",
            json=body,
            base_url=self.client.base_url,
            headers={"X-CSRFToken": token, "Origin": self.client.base_url},
        )


@pytest.fixture
def expert(client: JudgingClient, ground: Ground) -> Expert:
    """The panellist from the north, at the practice item."""
    return Expert(client, ground)
