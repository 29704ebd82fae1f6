"""What an expert takes along."""

from __future__ import annotations

import csv
import io
import json

import pytest

from surveyapp.web.expert.copies import defuse
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert


def answer_everything(client: JudgingClient, expert: Expert) -> None:
    """Some answers, submitted."""
    expert.consent()
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "=1+1", expert.field("years"): "7"})
    client.get("/s/every-kind/p/rate.north")
    client.submit({expert.field("fruit", "apples", "north", "effect"): "dont-know"})
    client.get("/s/every-kind/review")
    client.submit(action="/submit")


def test_the_receipt_is_a_file_of_ones_own(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    client.get("/s/every-kind/receipt.json", 404)
    answer_everything(client, expert)
    page = client.get("/s/every-kind/receipt.json")
    assert page.headers["Content-Disposition"] == 'attachment; filename="every-kind-round-1-receipt.json"'
    assert "=1+1" in json.dumps(json.loads(page.text))
    other = Expert(JudgingClient(client.app, client.base_url), ground, 1)
    other.client.get("/s/every-kind/receipt.json", 404)


def test_the_copy_says_what_was_answered_in_words(client: JudgingClient, expert: Expert) -> None:
    answer_everything(client, expert)
    words = client.get("/s/every-kind/answers").words
    for expected in ("Submitted on", "=1+1", "7 years", "Don't know", "Apples & <pears>"):
        assert expected in words


def test_the_table_is_safe_for_spreadsheets(client: JudgingClient, expert: Expert) -> None:
    answer_everything(client, expert)
    page = client.get("/s/every-kind/answers.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(page.response.data.decode("utf-8-sig"))))
    assert [row["answer"] for row in rows if row["question"] == "Your field in a word?"] == ["'=1+1"]
    assert {row["item"] for row in rows if row["page"] == "Rate: North"} == {"Apples & <pears>", "Plums"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d", "\uff20"])
def test_nothing_is_taken_for_a_formula(start: str) -> None:
    assert defuse(f"{start}1") == f"'{start}1"
    assert defuse(f"1{start}") == f"1{start}"
