"""A page costs a handful of queries, whatever its length."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.loading import load
from surveyapp.services.unit import Database
from tests.support.between_rounds import open_next
from tests.support.judging import JudgingClient
from tests.support.studies import QUESTIONNAIRES, Ground, lay_ground
from tests.web.expert.conftest import Expert

if TYPE_CHECKING:
    from flask import Flask

PAGE_OR_SAVE = 6
SUBMIT = 10


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    """The built-in study: a page of 27 ratings with 27 reasons."""
    database: Database = app.extensions["surveyapp.database"]
    questionnaire = load(QUESTIONNAIRES / "systemic-risk-mitigations.yaml")
    yield lay_ground(database, questionnaire, slug="mitigations", groups=("cbrn",))
    database.close()


@contextmanager
def counted(ground: Ground) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    for engine in ground.database.engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        for engine in ground.database.engines:
            event.remove(engine, "before_cursor_execute", note)


def test_queries_of_pages_saves_and_submitting(client: JudgingClient, ground: Ground, expert: Expert) -> None:
    expert.consent()
    page = f"{expert.base}/p/effectiveness.cbrn"
    client.get(page)  # the questionnaire is read once per process
    with counted(ground) as of_page:
        client.get(page)
    rating, reason = (
        ("effectiveness", "data-curation", "cbrn", "effectiveness"),
        ("effectiveness", "data-curation", "cbrn", "", "reason"),
    )
    with counted(ground) as of_autosave:
        answers = {expert.field(*rating): ["4"], expert.field(*reason): ["It depends."]}
        with_page = expert.save(answers, base=1_000_000)
    assert with_page.status_code == 200
    posted = {
        expert.field("effectiveness", item.id, "cbrn", "effectiveness"): "5"
        for item in ground.instrument.questionnaire.items
    }
    client.get(page)
    with counted(ground) as of_post:
        client.submit(posted)
    with counted(ground) as of_review:
        client.get(f"{expert.base}/review")
    with counted(ground) as of_submit:
        client.submit({}, action=f"{expert.base}/submit")
    with counted(ground) as of_thanks:
        client.get(f"{expert.base}/thanks")
    assert 0 < len(of_page) <= PAGE_OR_SAVE, of_page
    # The helper fetches a page for its token first.
    assert 0 < len(of_autosave) - len(of_page) <= PAGE_OR_SAVE, of_autosave
    assert 0 < len(of_post) <= PAGE_OR_SAVE, of_post
    assert 0 < len(of_review) <= PAGE_OR_SAVE, of_review
    assert 0 < len(of_submit) <= SUBMIT, of_submit
    assert 0 < len(of_thanks) <= PAGE_OR_SAVE, of_thanks


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_later_round_costs_as_few(
    client: JudgingClient, ground: Ground, expert: Expert, is_edited: bool
) -> None:
    """Answers of earlier rounds come with those of this one; only edited rounds are read by themselves."""
    more = 2 if is_edited else 0
    expert.consent()
    fill_in(ground, expert)
    client.get(f"{expert.base}/review")
    assert client.submit({}, action=f"{expert.base}/submit").location.endswith("/thanks")
    rating = expert.field("effectiveness", "data-curation", "cbrn", "effectiveness")
    if is_edited:
        assert expert.save({rating: ["1"]}, base=1_000_000, request_id="request-2").status_code == 200
    ground.close()
    open_next(ground)
    again = Expert(client, ground)
    page = f"{again.base}/p/effectiveness.cbrn"
    assert "consent" not in client.get(page).words.casefold().split()
    with counted(ground) as of_page:
        client.get(page)
    with counted(ground) as of_post:
        client.submit({rating: "5"})
    with counted(ground) as of_review:
        client.get(f"{again.base}/review")
    with counted(ground) as of_submit:
        client.submit({}, action=f"{again.base}/submit")
    for statements in (of_page, of_post, of_review):
        assert 0 < len(statements) <= PAGE_OR_SAVE + more, statements
    assert 0 < len(of_submit) <= SUBMIT, of_submit


def test_a_page_of_one_item_costs_as_many_queries_as_one_of_twenty_seven(
    app: Flask, client: JudgingClient, ground: Ground, expert: Expert
) -> None:
    expert.consent()
    counts = []
    for key in ("effectiveness.cbrn", "closing"):
        client.get(f"{expert.base}/p/{key}")
        with counted(ground) as statements:
            client.get(f"{expert.base}/p/{key}")
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_submitting_from_the_last_page_goes_to_thanks_only_when_nothing_is_blank(
    client: JudgingClient, ground: Ground, expert: Expert
) -> None:
    expert.consent()
    last = f"{expert.base}/p/closing"
    client.get(last)
    incomplete = client.submit(button=("go", "submit"))
    assert incomplete.location.endswith("/review")
    fill_in(ground, expert)
    client.get(last)
    with counted(ground) as statements:
        complete = client.submit(button=("go", "submit"))
    assert complete.location.endswith("/thanks")
    assert 0 < len(statements) <= SUBMIT
    assert "Thank you" in client.get(complete.location).words


def fill_in(ground: Ground, expert: Expert) -> None:
    """Answer whatever is asked."""
    questionnaire = ground.instrument.questionnaire
    answers: dict[str, list[str]] = {}
    chance = random.Random(4)
    for page in ground.instrument.route(group="cbrn", tags=(), answers=agreed(ground)).pages:
        for spec in page.cells:
            question = questionnaire.questions_by_id[spec.key.question]
            if not spec.key.part:
                texts: list[str] = []
                while not any(texts):
                    texts = KINDS[question.kind].plausible(questionnaire, question, spec, chance, 0.3)
                answers[f"a{ground.instrument.number_of[spec.key]}"] = texts
    assert expert.save(answers, base=1_000_000).status_code == 200


def agreed(ground: Ground) -> dict[int, Given]:
    """Consent, so that every page is on the way."""
    cell = ground.number("consent")
    return {cell: ground.given(cell, "1")}
