"""Round 2 without a script: the panel over the scale, the own earlier answer, and keeping it on purpose."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element

import pytest
from sqlalchemy import select, text, update

from surveyapp.delphi.lineage import Decided, Detail, Outcome, Wording
from surveyapp.models import Identity, Panellist, Release, Submission
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Text
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient, Page
from tests.support.second_round import EVERY_KIND_PROTOCOL, lay_second_round
from tests.support.studies import Ground
from tests.web.expert.conftest import EVERY_KIND, PANEL, SILENT, Expert, first_answers
from tests.web.expert.test_pages import counted

if TYPE_CHECKING:
    from flask import Flask

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

RATE = "/s/every-kind/p/rate.north"
APPLES = ("fruit", "apples", "north", "effect")
PLUMS = ("fruit", "plums", "north", "effect")
REASON = ("fruit", "apples", "north", "", "reason")


@pytest.fixture
def ground(second_round: Ground) -> Ground:
    return second_round


def seat_at(client: JudgingClient, ground: Ground, member: int) -> Expert:
    """A member of the panel, past consent."""
    expert = Expert(client, ground, member)
    expert.consent()
    return expert


def rows(ground: Ground) -> dict[int, tuple[Any, ...]]:
    """Cell → status, value and release of every answer of round 2."""
    with ground.database.reading() as session:
        found = session.execute(text("SELECT cell, status, value, release FROM answer WHERE round = 2"))
        return {row[0]: tuple(row[1:]) for row in found}


def words(page: Page, expert: Expert, cell: tuple[str, ...]) -> str:
    """What is told of the panel and of oneself above a scale."""
    return page.words_of(page.find("p", id=f"{expert.field(*cell)}-panel"))


def radios(page: Page, expert: Expert, cell: tuple[str, ...]) -> dict[str, Element]:
    return {each.get("value", ""): each for each in page.find_all("input", name=expert.field(*cell))}


def requests(page: Page) -> list[str]:
    """The fields for which a reason is asked."""
    return [
        each.get("data-ask", "") for each in page.find_all("p", class_="ask") if each.get("hidden") is None
    ]


def masked(page: Page) -> str:
    """A page without what is new on every visit."""
    return re.sub(r'name="(csrf_token|request_id)" value="[^"]*"', "", page.text)


@on_sqlite
def test_a_fresh_page_shows_the_panel_and_chooses_nothing(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    page = client.get(RATE)
    assert not [each for each in page.find_all("input", type="radio") if each.get("checked") is not None]
    assert words(page, expert, APPLES) == (
        "7 experts rated this in round 1. Median: Agree. Middle half: Neither to Agree. "
        "Your group, Northerners (4): Median: Neither. Middle half: Disagree to Agree. "
        "Your answer in round 1: Disagree. It lies below the middle half of the panel."
    )
    apples = radios(page, expert, APPLES)
    assert list(apples) == ["1", "2", "3", "dont-know", "=keep"]
    named = {value: each for each in page.tree.iter("label") for value in apples if apples[value] in each}
    # The share stands in the picture alone: a reader hears the option and whose it was.
    assert page.words_of(named["1"]) == "25%Disagree your round 1"
    assert [each.get("aria-hidden") for each in named["1"] if "share" in each.get("class", "")] == ["true"]
    assert "middle" in named["3"].get("class", "").split()
    assert "middle" not in named["1"].get("class", "").split()
    assert page.words_of(named["=keep"]) == "Keep my answer: Disagree"
    assert page.find("fieldset", id=expert.field(*APPLES)).get("aria-describedby", "").endswith("-panel")
    table = page.find_all("table")[0]
    lines = [" ".join(map(page.words_of, row)) for row in table.iter("tr")]
    assert lines == [
        "Answer Everybody (8) Your group: Northerners (5)",
        "Disagree your round 1 2 (25%) 2 (40%)",
        "Neither 1 (13%) 0 (0%)",
        "Agree 4 (50%) 2 (40%)",
        "Don't know 1 (13%) 1 (20%)",
    ]
    assert "2 reasons from round 1" in page.words
    assert "Some think of the <taste>." in page.words
    assert "Your reason in round 1:Because of <2>." in page.words


@on_sqlite
def test_sec_32_nobody_sees_a_draft_or_another_group(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    released = client.get(RATE)
    assert "Your group, Northerners (4)" in words(released, expert, APPLES)
    assert "Southerners" not in released.words
    with ground.database.verb() as session:
        session.execute(update(Release).values(released_at=None, released_by=""))
    drafted = client.get(RATE)
    assert "experts rated this in round 1" not in drafted.words
    assert "Some think of the <taste>." not in drafted.words
    assert not drafted.find_all("span", class_="share")


def test_somebody_new_sees_the_panel_and_has_nothing_to_keep(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, SILENT)
    page = client.get(RATE)
    assert "Your answer in round" not in page.words
    assert "=keep" not in radios(page, expert, APPLES)
    assert "own" not in page.text.split('class="reasons"')[0].split('id="a12-panel"')[1].split("</p>")[0]
    field = expert.field(*APPLES)
    refused = client.post(RATE, {**page.read_form(page.find_form(RATE)), field: ["=keep"]}, expect=422)
    assert "no earlier rating of yours to keep" in refused.words
    reply = expert.save({field: ["=keep"]}, base=9)
    assert reply.status_code == 422
    assert "no earlier rating" in reply.get_data(as_text=True)
    assert ground.number(*APPLES) not in rows(ground)


def test_keeping_is_one_act_that_everything_knows(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    client.get(RATE)
    client.submit({expert.field(*APPLES): "=keep"})
    assert rows(ground)[ground.number(*APPLES)] == (Status.KEPT, 1.0, 1)
    page = client.get(RATE)
    assert [value for value, each in radios(page, expert, APPLES).items() if each.get("checked") == ""] == [
        "=keep"
    ]
    review = client.get("/s/every-kind/review")
    assert "1 of 4 answered · 1 kept" in review.words
    assert "Disagree (kept)" in client.get("/s/every-kind/answers").words
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    client.get("/s/every-kind/review")
    client.submit(action="/submit")
    with ground.database.reading() as session:
        content = session.scalars(select(Submission.content).where(Submission.round == 2)).one()
    [kept] = [each for each in json.loads(content)["answers"] if each["status"] == "kept"]
    assert (kept["item"], kept["criterion"], kept["value"]) == ("apples", "effect", 1)
    receipt = json.loads(client.get("/s/every-kind/receipt.json").response.get_data(as_text=True))
    assert "kept" in [each["answer"]["status"] for each in receipt["answers"]]


@on_sqlite
def test_a_conflict_names_what_was_kept(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    field = expert.field(*APPLES)
    assert expert.save({field: ["=keep"]}, base=1).status_code == 200
    reply = expert.save({field: ["3"]}, base=1, request_id="request-2")
    [conflict] = json.loads(reply.get_data())["conflicts"]
    assert (conflict["theirs"], conflict["theirs_in_words"]) == (["=keep"], "Disagree (kept)")


@on_sqlite
def test_a_mistake_elsewhere_keeps_the_wish_to_keep(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    client.get(RATE)
    page = client.submit(
        {expert.field(*APPLES): "=keep", expert.field(*PLUMS): "1", expert.field(*REASON): "x" * 20_001},
        expect=422,
    )
    assert radios(page, expert, APPLES)["=keep"].get("checked") == ""
    assert "Your answer in round 1: Disagree." in words(page, expert, APPLES)
    assert client.submit({expert.field(*REASON): "short"}).status == 303
    assert rows(ground)[ground.number(*APPLES)][0] == Status.KEPT


@on_sqlite
def test_a_rating_outside_the_middle_half_asks_kindly_for_a_reason(
    client: JudgingClient, ground: Ground
) -> None:
    expert = seat_at(client, ground, 0)
    assert requests(client.get(RATE)) == []
    client.submit({expert.field(*APPLES): "1", expert.field(*PLUMS): "1"})
    page = client.get(RATE)
    assert requests(page) == [expert.field(*APPLES)]
    asked = next(each for each in page.find_all("p", class_="ask") if each.get("hidden") is None)
    seen = [page.words_of(each) for each in asked.iter("span") if each.get("hidden") is None]
    assert seen == ["Your rating lies outside the middle half of the panel (Neither to Agree)."]
    review = client.get("/s/every-kind/review")
    assert "Would you say why?" in review.words
    client.get(RATE)
    client.submit({expert.field(*REASON): "It depends."})
    assert requests(client.get(RATE)) == []
    # Nothing was ever required: the page was saved without a reason too.
    assert "Still needed" not in client.get("/s/every-kind/review").words.split("Rate: North")[1][:200]


@on_sqlite
def test_a_rating_that_moves_far_asks_too(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 2)
    client.get(RATE)
    # Inside the middle half, but two points from before, and the protocol's step is one.
    client.submit({expert.field(*APPLES): "3"})
    page = client.get(RATE)
    asked = next(each for each in page.find_all("p", class_="ask") if each.get("hidden") is None)
    seen = [page.words_of(each) for each in asked.iter("span") if each.get("hidden") is None]
    assert seen == ["Your rating has moved far from your earlier one."]
    client.submit({expert.field(*APPLES): "2"})
    assert requests(client.get(RATE)) == []


def test_the_release_on_the_page_travels_with_each_save(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 0)
    page = client.get(RATE)
    assert page.find("input", name="release").get("value") == "1"
    with ground.database.verb() as session:
        first = session.get_one(Release, (ground.study_id, 1, 1))
        session.add(
            Release(
                study_id=first.study_id, round=1, number=2, content=first.content, submissions=9,
                content_sha256=first.content_sha256, input_sha256=first.input_sha256,
                code_version=first.code_version, created_at=read_now(session),
                released_at=read_now(session), released_by="test",
            )
        )  # fmt: skip
    client.submit({expert.field(*APPLES): "3"}, page=page)
    assert rows(ground)[ground.number(*APPLES)][2] == 1
    sent = {
        "request_id": "request-7",
        "base": 9,
        "place": "rate.north",
        "answers": {expert.field(*PLUMS): ["2"]},
    }
    token = page.find("input", name="csrf_token").get("value", "")
    for release, stored_as, newer in ((1, 1, 2), (2, 2, None), (7, 2, None)):
        body = {**sent, "request_id": f"request-{release}-r", "release": release}
        body["answers"] = {expert.field(*PLUMS): [str(1 + release % 3)]}
        reply = client.http.post(
            "/s/every-kind/save", json=body, base_url=client.base_url,
            headers={"X-CSRFToken": token, "Origin": client.base_url},
        )  # fmt: skip
        assert json.loads(reply.get_data()).get("newer") == newer
        assert rows(ground)[ground.number(*PLUMS)][2] == stored_as
    for strange in (-1, 1.5, "1", True, 2**31):
        reply = client.http.post(
            "/s/every-kind/save", json={**sent, "release": strange}, base_url=client.base_url,
            headers={"X-CSRFToken": token, "Origin": client.base_url},
        )  # fmt: skip
        assert reply.status_code == 400


def test_a_page_with_feedback_costs_no_more_queries(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 0)
    client.get(RATE)
    with counted(ground.database) as statements:
        client.get(RATE)
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 2
    with counted(ground.database) as statements:
        client.submit({expert.field(*APPLES): "=keep"})
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 6
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    client.get("/s/every-kind/review")
    with counted(ground.database) as statements:
        client.submit(action="/submit")
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 10


@on_sqlite
def test_sec_31_no_page_tells_who_somebody_else_is(client: JudgingClient, ground: Ground) -> None:
    seat_at(client, ground, 0)
    paths = (RATE, "/s/every-kind/news", "/s/every-kind/p/choose", "/s/every-kind/review")
    before = {path: masked(client.get(path)) for path in paths}
    with ground.database.verb() as session:
        other = ground.panel[2].panellist_id
        session.add(
            Identity(
                study_id=ground.study_id, panellist_id=other, name="Zoë Quux", email="zoe@example.org",
                email_key="zoe@example.org",
            )
        )  # fmt: skip
        session.execute(
            update(Panellist).where(Panellist.id == other).values(pseudonym="P-ANOTHER", language="de")
        )
        hidden = {name for row in session.execute(select(Panellist.pseudonym)) for name in row}
    assert {path: masked(client.get(path)) for path in paths} == before
    hidden |= {str(each.panellist_id) for each in ground.panel} | {each.token for each in ground.panel}
    for page in before.values():
        assert not [each for each in hidden if each in page]


@on_sqlite
def test_the_first_page_of_the_round_says_what_is_new(client: JudgingClient, ground: Ground) -> None:
    client.get(f"/l/{ground.panel[0].token}")
    assert "You see how the panel answered and what you said before" in client.page.words  # type: ignore[union-attr]  # a page was opened
    news = client.submit(action="/l/start", follow=True)
    assert news.path == "/s/every-kind/news"
    for expected in ("Round 2 of 2", "9 experts submitted answers in round 1.", "Thank you for round 1."):
        assert expected in news.words
    first = next(each for each in news.find_all("a", class_="go"))
    consent = client.get(first.get("href", ""))
    assert consent.path == "/s/every-kind/p/consent"
    assert [
        each.get("href") for each in consent.find_all("a") if "What is new" in consent.words_of(each)
    ] == ["/s/every-kind/news"] * 2


SETTLED = EVERY_KIND_PROTOCOL.replace("asks: all items}\nconsensus", "asks: only open}\nconsensus")


@on_sqlite
@pytest.mark.parametrize("when", ["at the end", "in the next round"])
def test_settled_items_are_listed_with_their_result_when_the_protocol_says_so(
    app: Flask, client: JudgingClient, when: str
) -> None:
    database: Database = app.extensions["surveyapp.database"]
    wording = Wording(title=Text({"*": "Ripe apples"}))
    laid = lay_second_round(
        database, load(EVERY_KIND), slug="every-kind", groups=PANEL, answers=first_answers,
        protocol=SETTLED + f"settled_results: {when}\n",
        decided=[
            Decided("plums", Outcome.DROP, "Nobody wants them."),
            Decided(
                "apples", Outcome.REVISE, "Ripeness matters.", Detail(wording=wording, is_comparable=True)
            ),
        ],
    )  # fmt: skip
    expert = seat_at(client, laid, 0)
    news = client.get("/s/every-kind/news")
    changed, settled = news.words.split("What has changed")[1].split("What is not asked any more")
    assert "Ripe apples Reworded since round 1. Before: “Apples & <pears>”. Why: Ripeness matters." in changed
    if when == "at the end":
        assert "Plums Settled. Its result is shown at the end of the study." in settled
        assert "Nobody wants them" not in settled
        assert "Median" not in settled
    else:
        assert "Dropped. Why: Nobody wants them." in settled
        assert "North – Effect8DisagreeDisagree" in settled
    page = client.get(RATE)
    assert "Plums" not in page.words
    assert "Reworded since round 1." in page.words
    # The wordings are comparable, so the figures of the earlier one stand over the new one.
    number = laid.instrument.number_of[CellKey("fruit", "apples", "north", "effect")]
    told = page.words_of(page.find("p", id=f"a{number}-panel"))
    assert "7 experts rated this in round 1." in told
    assert "Your answer in round 1: Agree." in told
    assert told.endswith("You gave it to the earlier wording.")
    client.submit({f"a{number}": "=keep"})
    assert rows(laid)[number][:2] == (Status.KEPT, 3.0)
    assert expert.base == "/s/every-kind"


@on_sqlite
def test_a_small_panel_says_so_in_words(app: Flask, client: JudgingClient) -> None:
    laid = lay_second_round(
        app.extensions["surveyapp.database"], load(EVERY_KIND), slug="every-kind",
        groups=("north",) * 2, answers=first_answers,
    )  # fmt: skip
    expert = seat_at(client, laid, 0)
    page = client.get(RATE)
    assert words(page, expert, APPLES) == (
        "Fewer than 3 people answered, so no figure is shown. Your answer in round 1: Agree."
    )
    assert not page.find_all("span", class_="share")
    assert not page.find_all("table")
    assert "reasons from round" not in page.words
    assert "=keep" in radios(page, expert, APPLES)


@on_sqlite
@pytest.mark.parametrize(
    ("shown", "has_bars", "has_median", "has_own"),
    [
        ("{distribution: false}", False, True, True),
        ("{quartiles: false}", True, False, True),
        ("{distribution: false, quartiles: false, reasons: false, summaries: false}", False, False, True),
        ("{own_answer: false}", True, True, False),
    ],
)
def test_each_variant_sees_what_the_protocol_gives_it(
    app: Flask, client: JudgingClient, *, shown: str, has_bars: bool, has_median: bool, has_own: bool
) -> None:
    variants = f"variants:\n  - {{id: other, share: 100%, feedback: {shown}}}\n"
    laid = lay_second_round(
        app.extensions["surveyapp.database"], load(EVERY_KIND), slug="every-kind",
        groups=PANEL, answers=first_answers, protocol=EVERY_KIND_PROTOCOL + variants,
    )  # fmt: skip
    expert = seat_at(client, laid, 0)
    page = client.get(RATE)
    assert bool(page.find_all("span", class_="share")) == has_bars
    assert ("Median:" in page.words) == has_median
    assert ("=keep" in radios(page, expert, APPLES)) == has_own
    assert ("Your answer in round 1" in page.words) == has_own
    # A middle half that was not shown asks nobody for anything.
    client.submit({expert.field(*APPLES): "2"})
    assert requests(client.get(RATE)) == []
