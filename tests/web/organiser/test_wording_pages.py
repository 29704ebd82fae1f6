"""Putting the wording of an open round right on pages: found, looked at side by side, corrected once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from surveyapp.models import WordingCorrection
from tests.support.correcting import correct
from tests.support.judging import JudgingClient
from tests.support.studies import Ground

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def count(ground: Ground) -> int:
    with ground.database.reading() as session:
        return session.scalar(select(func.count()).select_from(WordingCorrection)) or 0


def test_a_text_is_found_looked_at_and_corrected(client: JudgingClient, answered: Ground, desk: str) -> None:
    assert "Wording" in client.get(f"{desk}/rounds").words
    listed = client.get(f"{desk}/rounds/1/wording?words=another&part=items")
    [link] = [each for each in listed.find_all("a") if "path=" in each.get("href", "")]
    assert listed.words_of(link) == "Item “Pears”: definition"
    client.get(link.get("href", ""))
    # Everything that is wrong at once, and nothing typed is lost.
    page = client.submit({"to": " ", "reason": ""}, action="/text", expect=422)
    said = page.words_of(page.find("div", id="trouble"))
    assert "to: it is empty" in said
    assert "reason: it is empty" in said
    page = client.submit({"to": "One more <fruit>.", "reason": "clearer"}, action="/text", expect=200)
    assert [page.words_of(each) for each in page.find_all("dd")] == ["Another fruit.", "One more <fruit>."]
    assert count(answered) == 0
    # Looked at, and typed once more.
    page = client.submit(action="/text", button=("go", "change"), expect=200)
    assert page.words_of(page.find("textarea", id="to")) == "One more <fruit>."
    client.submit({"to": "One more fruit."}, action="/text", expect=200)
    done = client.submit(action="/text", button=("go", "correct"), follow=True)
    assert "Correction 1 is made." in done.words
    assert "One more fruit." in done.words
    assert "Why: clearer" in done.words
    assert count(answered) == 1
    assert "1 correction of its wording was made" in client.get(f"{desk}/rounds").words
    assert "put the wording of an open round right" in client.get(f"{desk}/audit").words


def test_two_at_once_overwrite_nothing(client: JudgingClient, answered: Ground, desk: str) -> None:
    client.get(f"{desk}/rounds/1/wording/text?path=items.apples.title")
    client.submit({"to": "Sweet apples", "reason": "as it should be"}, action="/text", expect=200)
    correct(answered, "Ripe apples")
    page = client.submit(action="/text", button=("go", "correct"), expect=409)
    assert "ann@example.org has corrected this text meanwhile." in page.words
    assert "Ripe apples" in page.words_of(page.find("blockquote"))
    assert page.words_of(page.find("textarea", id="to")) == "Sweet apples"
    assert count(answered) == 1


def test_a_round_that_is_over_shows_its_corrections_and_no_texts(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    correct(answered, "Ripe apples")
    answered.close()
    page = client.get(f"{desk}/rounds/1/wording")
    assert "Round 1 is closed: what its experts read stands." in page.words
    assert "Ripe apples" in page.words
    assert not page.find_all("form", class_="filter")
    client.get(f"{desk}/rounds/1/wording/text?path=items.apples.title", expect=303)
    client.get(f"{desk}/rounds/1/wording/text?path=items.plums.title", expect=303)
    client.get(f"{desk}/rounds/9/wording", expect=404)
