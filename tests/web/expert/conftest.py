"""A study with every kind of question, behind the whole application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import Ground, lay_ground, load_text

if TYPE_CHECKING:
    from flask import Flask

EVERY_KIND = """
format: 1
id: every-kind
version: "1"
languages: [en]
title: Every kind of question
summary: A study for tests.
about: "### What this is\\n\\nA study for tests."
scales:
  agreement:
    points:
      - {value: 1, label: Disagree, help: It does not help.}
      - {value: 2, label: Neither, help: You cannot say that it helps.}
      - {value: 3, label: Agree, help: It helps.}
    agreement: [3]
    disagreement: [1]
    opt_outs: [{id: dont-know, label: Don't know}]
  eleven:
    points:
      - {value: 0, label: None}
      - {value: 1, label: One}
      - {value: 2, label: Two}
      - {value: 3, label: Three}
      - {value: 4, label: Four}
      - {value: 5, label: Five}
      - {value: 6, label: Six}
      - {value: 7, label: Seven}
      - {value: 8, label: Eight}
      - {value: 9, label: Nine}
      - {value: 10, label: Ten}
criteria:
  effect: {title: Effect, statement: "It helps in {context}.", scale: agreement}
  cost: {title: Cost, statement: It is cheap., scale: eleven}
contexts:
  areas:
    title: Areas
    members: [{id: north, title: North, definition: Where it is cold.}, {id: south, title: South}]
groups: [{id: north, title: Northerners}, {id: south, title: Southerners}, {id: both, title: Both}]
items:
  - {id: apples, title: Apples & <pears>, definition: "A *fruit*.", details: Grows on trees.}
  - {id: plums, title: Plums, definition: Another fruit.}
practice: {title: A cake, criterion: cost}
pages:
  - id: consent
    title: Consent
    questions:
      - {id: words, kind: information, text: "Read **this**."}
      - {id: consent, kind: consent, text: May we?, agree_label: Yes}
      - {id: named, kind: single_choice, text: May we name you?, options: [{id: "yes", label: Do}, {id: "no", label: Do not}]}
  - id: about
    title: About you
    questions:
      - {id: years, kind: number, text: Years of experience?, unit: years, min: 0, max: 80}
      - {id: word, kind: short_text, text: Your field in a word?, required: true}
      - {id: sector, kind: single_choice, text: Where?, options: [{id: here, label: Here}, {id: there, label: There}], other: Elsewhere}
      - {id: tools, kind: multiple_choice, text: Which tools?, options: [{id: pen, label: Pen}, {id: ink, label: Ink}], max: 2, none_label: None of these, other: Another}
      - {id: known, kind: expertise, text: How well?, scale: agreement, contexts: areas}
      - {id: life, kind: long_text, text: Tell us more, help: As much as you like.}
  - id: rate
    title: Rate
    intro: Say what you think.
    for_each: areas
    show_if: group == context or group == 'both'
    questions:
      - {id: fruit, kind: rating, text: Rate, criteria: [effect, cost], reason: item, reason_label: Why?, perspective: Your own.}
  - id: again
    title: Once more
    questions:
      - {id: price, kind: rating, text: Rate again, criteria: [cost], reason: cell}
  - id: choose
    title: Choose
    questions:
      - {id: best, kind: combination, text: Which?, max: 1, none_label: None}
      - {id: order, kind: combination, text: In which order?, max: 2, ordered: true}
"""


@pytest.fixture
def ground(app: Flask, tmp_path: Path) -> Iterator[Ground]:
    """The study, its first round open; the panel has somebody from the north, from both, and from the south."""
    database: Database = app.extensions["surveyapp.database"]
    yield lay_ground(database, load_text(EVERY_KIND, tmp_path), slug="every-kind")
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
        self, answers: dict[str, list[str]], *, base: int, request_id: str = "request-1", **kwargs: object
    ):  # type: ignore[no-untyped-def]
        """Autosave as the script does."""
        token = self.client.get(f"{self.base}/p/consent").find("input", name="csrf_token").get("value", "")
        body = {"request_id": request_id, "base": base, "place": "consent", "answers": answers}
        return self.client.http.post(
            f"{self.base}/save",
            json=body,
            base_url=self.client.base_url,
            headers={"X-CSRFToken": token, "Origin": self.client.base_url},
            **kwargs,
        )


@pytest.fixture
def expert(client: JudgingClient, ground: Ground) -> Expert:
    """The panellist from the north, at the practice item."""
    return Expert(client, ground)
