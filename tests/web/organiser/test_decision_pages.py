"""Deciding on pages: every outcome with what it needs, nothing typed lost, and where items come from."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from surveyapp.delphi.lineage import Decided
from surveyapp.models import AuditEntry, Decision, Study
from surveyapp.services import item_history
from surveyapp.web.organiser.decisions import pages
from surveyapp.web.organiser.decisions.forms import read_text
from tests.support.between_rounds import instrument_of
from tests.support.between_rounds import open_next as open_round_after
from tests.support.judging import JudgingClient, Page, Values
from tests.support.second_round import release_first_round
from tests.support.studies import Ground
from tests.web.organiser.conftest import chosen

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def closed(answered: Ground, desk: str) -> str:
    """Round 1 is closed; the address of its decisions."""
    answered.close()
    return f"{desk}/rounds/1/decisions"


def decided(ground: Ground) -> dict[str, Decided]:
    with ground.database.reading() as session:
        return item_history.read_decisions(session, study_id=ground.study_id, number=1)


def choose(client: JudgingClient, item: str, closed: str, typed: Values, expect: int = 303) -> Page:
    client.get(f"{closed}/{item}")
    return client.submit(typed, action=f"/decisions/{item}", expect=expect)


@pytest.mark.parametrize("outcome", ["keep", "accept", "drop", "finalise"])
def test_a_plain_outcome_needs_only_its_reason(
    client: JudgingClient, answered: Ground, closed: str, outcome: str
) -> None:
    page = choose(client, "pears", closed, {"outcome": outcome, "reason": " "}, expect=422)
    assert "the reason is empty" in page.words
    assert chosen(page, "outcome") == [outcome]
    choose(client, "pears", closed, {"outcome": outcome, "reason": "as discussed"})
    found = decided(answered)["pears"]
    assert (found.outcome, found.reason) == (outcome, "as discussed")
    with answered.database.reading() as session:
        row = session.scalars(select(Decision)).one()
        assert (row.actor, row.proposed) == ("owner@example.org", "keep")


def test_a_revision_takes_the_new_words_and_nothing_else(
    client: JudgingClient, answered: Ground, closed: str
) -> None:
    unchanged = choose(client, "pears", closed, {"outcome": "revise", "reason": "unclear"}, expect=422)
    assert "a revision needs the new wording" in unchanged.words
    typed = {
        "outcome": "revise",
        "reason": "unclear",
        "wording-title.en": "Ripe pears",
        "revise-comparable": "yes",
    }
    choose(client, "pears", closed, typed)
    found = decided(answered)["pears"].detail
    assert found.wording is not None
    assert found.wording.title is not None
    assert found.wording.title.get("en") == "Ripe pears"
    assert found.wording.definition is None
    assert found.is_comparable
    page = client.get(f"{closed}/pears")
    assert page.read_form(page.find_form("/decisions/pears"))["wording-title.en"] == ["Ripe pears"]


def test_a_split_has_room_for_as_many_parts_as_it_needs(
    client: JudgingClient, answered: Ground, closed: str
) -> None:
    page = client.get(f"{closed}/pears")
    typed = {"reason": "two things in one", "part1-title.en": "Green pears", "part2-title.en": "Red pears"}
    page = client.submit(typed, action="/decisions/pears", button=("go", "more"), expect=200)
    assert "Part 3" in page.words
    assert page.read_form(page.find_form("/decisions/pears"))["part1-title.en"] == ["Green pears"]
    lacking = client.submit(
        {"part3-definition.en": "Neither."}, action="/decisions/pears", button=("go", "stay"), expect=422
    )
    assert "part 3: it needs a title." in lacking.words
    client.submit({"part3-title.en": "Green, pears"}, action="/decisions/pears", button=("go", "stay"))
    parts = decided(answered)["pears"].detail.parts
    assert [(part.id, part.title.get("en")) for part in parts] == [
        ("green-pears", "Green pears"),
        ("red-pears", "Red pears"),
        ("green-pears-2", "Green, pears"),
    ]


def test_a_merger_is_decided_for_all_and_broken_up_for_all(
    client: JudgingClient, answered: Ground, closed: str
) -> None:
    typed = {"outcome": "merge", "reason": "the same", "partners": ["apples"], "merged-title.en": "Fruit"}
    lacking = choose(client, "pears", closed, {**typed, "merged-title.en": ""}, expect=422)
    assert "merged item: it needs a title." in lacking.words
    assert chosen(lacking, "partners") == ["apples"]
    choose(client, "pears", closed, {**typed, "merged-id": "pears", "merge-comparable": "yes"})
    found = decided(answered)
    assert set(found) == {"apples", "pears"}
    assert found["apples"].detail.merged is not None
    assert found["apples"].detail.merged.id == "pears"
    page = client.get(closed)
    assert "Every item is decided." in page.words
    assert "merged into Fruit" in page.words
    client.get(f"{closed}/apples")
    page = client.submit(
        {"outcome": "keep", "reason": "not the same after all"}, action="/decisions/apples", follow=True
    )
    assert "Undecided again, because their merger is broken up: Pears." in page.words
    assert set(decided(answered)) == {"apples"}


def test_a_new_item_gets_its_id_from_its_title(client: JudgingClient, answered: Ground, closed: str) -> None:
    client.get(f"{closed.replace('/decisions', '/new-item')}")
    page = client.submit({"new-definition.en": "Sour."}, action="/new-item", expect=422)
    assert "new item: it needs a title." in page.words
    assert "Sour." in page.text
    typed = {"new-title.en": "Apples", "reason": "the panel asked for it"}
    page = client.submit(typed, action="/new-item", expect=422)
    assert "fit together" in page.words
    client.submit({"new-title.en": "Plums & damsons"}, action="/new-item")
    found = decided(answered)["plums-damsons"]
    assert found.detail.item is not None
    assert found.detail.item.title.get("en") == "Plums & damsons"
    page = client.get(closed)
    assert "Plums & damsons" in page.words
    client.get(f"{closed}/plums-damsons")
    client.submit({"back-reason": "too late"}, action="/plums-damsons/take-back")
    assert decided(answered) == {}


def test_a_decision_is_taken_back_with_a_reason(client: JudgingClient, answered: Ground, closed: str) -> None:
    choose(client, "pears", closed, {"outcome": "drop", "reason": "nobody wants them"})
    page = client.get(f"{closed}/pears")
    page = client.submit({"back-reason": ""}, action="/pears/take-back", expect=422)
    assert "the reason is empty; write why" in page.words
    client.submit({"back-reason": "decided too early"}, action="/pears/take-back")
    assert decided(answered) == {}
    with answered.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "item.undecide")).one()
    assert entry.reason == "decided too early"


def test_one_by_one_leads_from_item_to_item(client: JudgingClient, answered: Ground, closed: str) -> None:
    client.get(f"{closed}/apples")
    typed = {"outcome": "accept", "reason": "agreed"}
    page = client.submit(typed, action="/decisions/apples", button=("go", "next"))
    assert page.location == f"{closed}/pears"


def test_what_needs_words_is_not_confirmed_in_bulk(client: JudgingClient, closed: str) -> None:
    client.get(closed)
    page = client.submit({"reason": ""}, action="/as-proposed", follow=True)
    assert "2 items are decided as proposed." in page.words
    page = client.get(f"{closed}?confirmed=<script>")
    assert "decided as proposed" not in page.words


def test_decisions_stand_once_the_next_round_is_open(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    release_first_round(answered)
    asked = open_round_after(answered)
    assert list(instrument_of(answered, asked).item_versions) == ["apples", "pears"]
    base = f"{desk}/rounds/1/decisions"
    page = client.get(f"{base}/pears")
    assert "Round 2 was opened on these decisions: they stand." in page.words
    assert not page.find_all("input", name="outcome")
    sent = {"outcome": "drop", "reason": "late"}
    client.get(base)
    page = client.post(f"{base}/pears", sent, expect=409)
    assert "Round 2 was opened on what was decided" in page.words


@SQLITE
def test_strange_input_gets_a_sentence(client: JudgingClient, answered: Ground, closed: str) -> None:
    client.get(closed)
    for typed in ({"outcome": "new", "reason": "x"}, {"outcome": "", "reason": "x"}, {"outcome": "eat"}):
        page = client.post(f"{closed}/pears", typed, expect=422)
        assert "choose what becomes of the item" in page.words
    client.get(f"{closed}/plums", expect=404)
    client.get(closed)
    client.post(f"{closed}/plums", {"outcome": "keep", "reason": "x"}, expect=404)
    typed = {"outcome": "split", "reason": "x", "parts": "999999", "part1-title.en": "x" * 3_000}
    client.get(closed)
    client.post(f"{closed}/pears", typed, expect=422)
    with answered.database.reading() as session:
        assert session.scalars(select(Decision)).all() == []


def test_several_languages_have_a_field_each() -> None:
    typed = {"new-title.en": "Plums", "new-title.de": "Pflaumen", "new-title.fr": " "}
    text = read_text(typed, "new-title", ("en", "de", "fr"))
    assert text is not None
    assert text.root == {"en": "Plums", "de": "Pflaumen"}
    assert read_text({}, "new-title", ("en", "de")) is None


@SQLITE
def test_an_archived_study_is_only_read(client: JudgingClient, answered: Ground, closed: str) -> None:
    with answered.database.verb() as session:
        study = session.get_one(Study, answered.study_id)
        study.archived_at = study.created_at
    page = client.get(f"{closed}/pears")
    assert "The study is archived" in page.words
    assert not page.find_all("input", name="outcome")


@SQLITE
def test_many_items_stand_on_several_pages(
    client: JudgingClient, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST", 1)
    assert rows_of(client.get(closed)) == ["apples"]
    assert rows_of(client.get(f"{closed}?page=2")) == ["pears"]
    # Whoever has decided comes back to the page that the item is on.
    page = choose(client, "pears", closed, {"outcome": "drop", "reason": "as discussed"})
    back = client.get(page.location)
    assert rows_of(back) == ["pears"]
    assert "Page 2 of 2" in back.words
    left = client.get(f"{closed}?show=left&page=2")
    assert rows_of(left) == ["apples"]
    assert not left.find_all("nav", class_="paging")


def rows_of(page: Page) -> list[str]:
    """The items in the table, in their order."""
    (table,) = page.find_all("table", class_="decisions")
    return [row.get("id", "") for row in table.iter("tr") if row.get("id")]
