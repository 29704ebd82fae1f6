"""Round 2 without a script: the panel over the scale, the own earlier answer, and keeping it on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.second_round import Texts, lay_second_round
from tests.support.studies import Ground
from tests.web.expert.conftest import EVERY_KIND, Expert

if TYPE_CHECKING:
    from flask import Flask

PANEL = ("north",) * 5 + ("both",) * 4
NOTHING = 8
"""The member who gave nothing in round 1 but what was needed."""


def first_answers(member: int) -> Texts:
    """Apples: three agree, two disagree, one cannot judge; plums: all of the north disagree."""
    texts: dict[CellKey, str] = {CellKey("consent"): "1", CellKey("word"): "law"}
    if member == NOTHING:
        return texts
    effect = ["3", "3", "1", "1", "dont-know", "3", "3", "2"][member]
    texts[CellKey("fruit", "apples", "north", "effect")] = effect
    texts[CellKey("fruit", "apples", "north", "cost")] = ["2", "3", "4", "5", "10", "2", "2", "2"][member]
    texts[CellKey("fruit", "plums", "north", "effect")] = "1"
    if member in {0, 2}:
        texts[CellKey("fruit", "apples", "north", part="reason")] = f"Because of <{member}>."
    texts[CellKey("best")] = "apples"
    return texts


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    database: Database = app.extensions["surveyapp.database"]
    yield lay_second_round(
        database, load(EVERY_KIND), slug="every-kind", groups=PANEL, answers=first_answers,
        summaries={"apples": "Some think of the taste."}, note="Thank you for *round 1*.",
    )  # fmt: skip
    database.close()


def test_the_panel_stands_beside_the_scale_and_nothing_is_chosen(
    client: JudgingClient, expert: Expert
) -> None:
    expert.consent()
    page = client.get("/s/every-kind/p/rate.north")
    assert "experts rated this in round 1" in page.words
    assert "Your answer in round 1: Agree" in page.words
    assert "Keep my answer: Agree" in page.words
    assert "Some think of the taste." in page.words
    assert not [box for box in page.find_all("input", type="radio") if "checked" in box.attrib]
