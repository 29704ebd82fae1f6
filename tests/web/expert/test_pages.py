"""The pages of the questionnaire by plain posts: saved, gone through, and nothing typed ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, text

from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert

if TYPE_CHECKING:
    from flask import Flask


def stored(ground: Ground) -> dict[int, tuple[Any, ...]]:
    """Cell → status, value, text and parts of every stored answer."""
    with ground.database.reading() as session:
        rows = session.execute(text("SELECT cell, status, value, text, parts FROM answer"))
        return {row[0]: tuple(row[1:]) for row in rows}


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Every statement that the database is asked to run."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)


def test_the_whole_way_without_javascript(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    assert "stored nowhere" in client.get("/s/every-kind/practice").words
    assert client.submit(action="/practice").location == "/s/every-kind/p/consent"
    assert not stored(ground)
    client.get("/s/every-kind/p/consent")
    about = client.submit({expert.field("consent"): "1"}, follow=True)
    assert about.path == "/s/every-kind/p/about"
    rate = client.submit(
        {
            expert.field("years"): "7",
            expert.field("word"): "<b>law</b> & \u202eorder",
            expert.field("sector"): "other",
            expert.field("sector", "", "", "", "other"): "at sea",
            expert.field("tools"): ["pen", "ink"],
            expert.field("known", "", "north"): "dont-know",
            expert.field("life"): "first\r\nsecond",
        },
        follow=True,
    )
    assert rate.path == "/s/every-kind/p/rate.north"
    assert "It helps in North." in rate.words
    effect = expert.field("fruit", "apples", "north", "effect")
    reason = expert.field("fruit", "apples", "north", "", "reason")
    again = client.submit({effect: "3", reason: "\n because"}, follow=True)
    assert again.path == "/s/every-kind/p/again"
    choose = client.submit(follow=True)
    order = expert.field("order")
    review = client.submit({f"{order}.plums": "1", f"{order}.apples": "2"}, follow=True)
    assert (choose.path, review.path) == ("/s/every-kind/p/choose", "/s/every-kind/review")
    thanks = client.submit(action="/submit", follow=True)
    assert thanks.path == "/s/every-kind/thanks"
    answers = stored(ground)
    number = ground.number
    assert answers[number("word")][2] == "<b>law</b> & \u202eorder"
    assert answers[number("life")][2] == "first\nsecond"
    assert answers[number("fruit", "apples", "north", "effect")][:2] == (1, 3.0)
    assert answers[number("fruit", "apples", "north", "", "reason")][2] == "\n because"
    assert answers[number("known", "", "north")][0] == 3
    assert answers[number("order")][3] == '["plums", "apples"]'
    again_shown = client.get("/s/every-kind/p/about")
    assert again_shown.find("input", name=expert.field("word")).get("value") == "<b>law</b> & \u202eorder"
    shown = client.get("/s/every-kind/p/rate.north")
    assert shown.read_form(shown.find_form("rate.north"))[reason] == ["\r\n because"]
    assert all(fold.get("open") is not None for fold in shown.find_all("details", class_="reason")[:1])


def test_a_get_never_writes(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    with counted(ground.database) as statements:
        for path in (
            "",
            "practice",
            "p/consent",
            "p/about",
            "p/rate.north",
            "review",
            "answers",
            "about",
            "contact",
            "withdraw",
        ):
            page = client.http.get(f"/s/every-kind/{path}", base_url=client.base_url)
            assert "Set-Cookie" not in page.headers
    assert statements
    assert not [s for s in statements if s.lstrip().split()[0].upper() not in {"SELECT", "BEGIN"}]


def test_queries_stay_few_whatever_the_length(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    client.get("/s/every-kind/p/rate.north")
    with counted(ground.database) as statements:
        client.get("/s/every-kind/p/rate.north")
    assert len(statements) <= 6
    with counted(ground.database) as statements:
        client.submit({expert.field("fruit", "apples", "north", "effect"): "3"})
    assert len([s for s in statements if not s.startswith("BEGIN")]) <= 6 + 1
    with counted(ground.database) as statements:
        expert.save({expert.field("years"): ["3"]}, base=9)
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    client.get("/s/every-kind/review")
    with counted(ground.database) as statements:
        client.submit(action="/submit")
    assert len([s for s in statements if not s.startswith("BEGIN")]) <= 10


@pytest.mark.parametrize(
    ("button", "leads_to"),
    [
        (("go", "back"), "/s/every-kind/p/consent"),
        (("go", "next"), "/s/every-kind/p/rate.north"),
        (("go", "leave"), "/left"),
        (("go", "https://evil.example"), "/s/every-kind/p/rate.north"),
    ],
)
def test_every_button_saves_first(
    client: JudgingClient, expert: Expert, ground: Ground, button: tuple[str, str], leads_to: str
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    location = client.submit({expert.field("years"): "4"}, button=button).location
    assert location.split("?")[0] == leads_to
    assert stored(ground)[ground.number("years")][1] == 4.0


def test_after_leaving_the_session_is_over_and_the_link_goes_on(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    left = client.submit(button=("go", "leave"), follow=True)
    assert "A small study" in left.words
    assert "team@example.org" in left.text
    assert "open your personal link again" in client.get("/s/every-kind/p/about", 403).words
    client.get(f"/l/{ground.panel[0].token}")
    assert client.submit(action="/l/start", follow=True).path == "/s/every-kind/p/about"


def test_a_rating_can_be_cleared(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    effect = expert.field("fruit", "apples", "north", "effect")
    client.get("/s/every-kind/p/rate.north")
    client.submit({effect: "3"})
    client.get("/s/every-kind/p/rate.north")
    cleared = client.submit(button=("clear", effect))
    assert cleared.location == "/s/every-kind/p/rate.north"
    assert cleared.headers["Location"].endswith(f"#{effect}")
    assert stored(ground)[ground.number("fruit", "apples", "north", "effect")][0] == 2


def test_nothing_is_open_before_consent(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    for path in ("p/about", "p/rate.north", "review"):
        location = client.get(f"/s/every-kind/{path}", 303).location
        assert location.startswith("/s/every-kind/p/consent")
    client.get("/s/every-kind/p/consent")
    page = client.submit(follow=True)
    assert "Your consent is needed" in page.words
    shown = page.find("input", name="shown")
    shown.set("value", str(ground.number("years")))
    client.submit(expect=422)
    assert not stored(ground)


def test_a_page_that_is_not_mine_is_not_there(client: JudgingClient, expert: Expert) -> None:
    expert.consent()
    for path in ("/s/every-kind/p/rate.south", "/s/every-kind/p/nothing", "/s/other/p/consent", "/s/other/"):
        client.get(path, 404)


def test_mistakes_are_listed_and_nothing_typed_is_lost(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    years, word, life = (expert.field(name) for name in ("years", "word", "life"))
    page = client.submit({years: "many", word: "kept", life: "<kept> too"}, expect=422)
    summary = page.find("div", id="mistakes")
    assert [link.get("href") for link in summary.iter("a")] == [f"#{years}"]
    field = page.find("input", name=years)
    assert field.get("aria-invalid") == "true"
    assert field.get("aria-describedby") == f"{years}-error"
    kept = page.read_form(page.find_form("about"))
    assert (kept[years], kept[word], kept[life]) == (["many"], ["kept"], ["<kept> too"])
    assert ground.number("word") not in stored(ground)
    client.submit({years: "12"})
    assert stored(ground)[ground.number("word")][2] == "kept"


@pytest.mark.parametrize("value", ["9", "5 ", "\uff15", "1.5", "NaN", "true", "-1", "3\x00", "dont-know "])
def test_sec_85_a_rating_that_no_page_can_send_is_refused_by_name(
    client: JudgingClient, expert: Expert, ground: Ground, value: str
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/rate.north")
    page = client.submit({expert.field("fruit", "plums", "north", "effect"): value}, expect=422)
    assert "Plums: Effect" in page.words
    assert not [
        cell for cell in stored(ground) if cell >= ground.number("fruit", "apples", "north", "effect")
    ]


def test_sec_85_two_places_alike_are_told(client: JudgingClient, expert: Expert) -> None:
    expert.consent()
    client.get("/s/every-kind/p/choose")
    order = expert.field("order")
    page = client.submit({f"{order}.plums": "1", f"{order}.apples": "1"}, expect=422)
    assert "Two items have place 1" in page.words


def test_sec_65_a_text_that_cannot_be_stored_is_refused_and_kept(
    client: JudgingClient, expert: Expert
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    life = expert.field("life")
    page = client.submit({life: "x" * 20_001}, expect=422)
    assert page.read_form(page.find_form("about"))[life] == ["x" * 20_001]
    client.submit({life: "x\x00y"}, expect=422)
    client.submit({life: "𐍈" * 20_000})


def test_an_older_window_is_told_and_overwrites_nothing(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    older = client.get("/s/every-kind/p/rate.north")
    effect = expert.field("fruit", "apples", "north", "effect")
    client.submit({effect: "3"})
    page = client.submit({effect: "1"}, page=older, expect=409)
    assert "here: Disagree; in the other window: Agree" in page.words
    assert stored(ground)[ground.number("fruit", "apples", "north", "effect")][1] == 3.0
    client.submit()
    assert stored(ground)[ground.number("fruit", "apples", "north", "effect")][1] == 1.0


def test_a_double_click_saves_and_submits_once(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    page = client.get("/s/every-kind/p/about")
    first = client.submit({expert.field("word"): "law"}, page=page)
    assert client.submit({expert.field("word"): "law"}, page=page).location == first.location
    review = client.get("/s/every-kind/review")
    for _press in range(2):
        assert client.submit(action="/submit", page=review).location == "/s/every-kind/thanks"
    with ground.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM submission")).scalar_one() == 1


def test_the_review_page_leads_to_what_is_missing(client: JudgingClient, expert: Expert) -> None:
    expert.consent()
    page = client.get("/s/every-kind/review")
    word = expert.field("word")
    assert f"/s/every-kind/p/about#{word}" in [link.get("href") for link in page.find_all("a")]
    assert "Still needed:" in page.words
    assert "Your field in a word?: An answer is needed here." in page.words
    refused = client.submit(action="/submit", expect=422)
    assert "still needed before you can submit" in refused.words
    target = client.get("/s/every-kind/p/about")
    assert target.find("input", id=word) is not None


def test_changes_after_submitting_wait_for_the_next_submission(client: JudgingClient, expert: Expert) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law"})
    client.get("/s/every-kind/review")
    client.submit(action="/submit")
    assert client.get("/s/every-kind/", 303).location == "/s/every-kind/thanks"
    client.get("/s/every-kind/p/about")
    page = client.submit({expert.field("word"): "order"}, follow=True)
    assert "once you submit again" in page.words
    assert "Submit again" in client.get("/s/every-kind/review").words


def test_after_the_close_a_late_draft_is_kept_and_not_counted(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    client.get("/s/every-kind/p/about")
    ground.close()
    page = client.submit({expert.field("word"): "too late"}, expect=409)
    assert "kept as a late draft" in page.words
    assert ground.number("word") not in stored(ground)
    with ground.database.reading() as session:
        assert "too late" in session.execute(text("SELECT content FROM late_draft")).scalar_one()
    assert "has closed" in client.get("/s/every-kind/").words
    client.get("/s/every-kind/p/about", 303)


@pytest.mark.parametrize("token", ["", "wrong", None])
def test_an_old_token_keeps_the_text_on_the_page(
    client: JudgingClient, expert: Expert, ground: Ground, token: str | None
) -> None:
    expert.consent()
    page = client.get("/s/every-kind/p/about")
    values: dict[str, Any] = page.read_form(page.find_form("about")) | {expert.field("word"): "long thoughts"}
    values["csrf_token"] = token or ""
    again = client.post("/s/every-kind/p/about", values, 400)
    assert again.read_form(again.find_form("about"))[expert.field("word")] == ["long thoughts"]
    assert ground.number("word") not in stored(ground)
    client.submit()
    assert stored(ground)[ground.number("word")][2] == "long thoughts"


def test_without_a_session_the_typed_text_is_shown_back(client: JudgingClient, ground: Ground) -> None:
    typed = "a thought of more than forty characters, typed with care"
    page = client.post("/s/every-kind/p/about", {"a9": typed, "csrf_token": "x"}, 403)
    assert [area.text for area in page.find_all("textarea")] == [typed]


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "-1"}, {"revision": "1e3"}, {"revision": ""}, {"revision": "99999999999"},
        {"request_id": ""}, {"request_id": "short"}, {"request_id": "x" * 65}, {"request_id": "ä" * 12},
        {"shown": "1-99999"}, {"shown": "0"}, {"shown": "x"}, {"shown": "3-1"}, {"shown": "1,,2"},
    ],
)  # fmt: skip
def test_what_the_page_itself_sends_is_checked(
    client: JudgingClient, expert: Expert, ground: Ground, change: dict[str, str]
) -> None:
    expert.consent()
    before = stored(ground)
    client.get("/s/every-kind/p/about")
    client.submit({expert.field("word"): "law", **change}, expect=400)
    assert stored(ground) == before


def test_fields_that_are_not_on_the_page_are_ignored(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    page = client.get("/s/every-kind/p/about")
    values: dict[str, Any] = page.read_form(page.find_form("about"))
    values |= {"a999999": "1", "study_id": "2", "panellist_id": "3", "round": "4", "__proto__": "x"}
    values[expert.field("fruit", "apples", "north", "effect")] = "3"
    client.post("/s/every-kind/p/about", values)
    assert ground.number("fruit", "apples", "north", "effect") not in stored(ground)


def test_withdrawing_asks_and_then_ends_everything(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    client.get("/s/every-kind/withdraw")
    assert "what is to become" in client.submit(action="/withdraw", expect=422).words
    gone = client.submit({"answers": "remove"}, action="/withdraw", follow=True)
    assert "were removed from the study" in gone.words
    assert "team@example.org" in gone.text
    client.get("/s/every-kind/p/about", 403)
    page = client.get(f"/l/{ground.panel[0].token}")
    assert "You have withdrawn" in page.words
    assert not page.find_all("form")
    assert {row[0] for row in stored(ground).values()} == {5}


def test_every_unsafe_address_wants_the_sessions_token(
    app: Flask, client: JudgingClient, expert: Expert
) -> None:
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("seat.") and "POST" in (rule.methods or ())
    ]
    assert len(rules) >= 6
    expert.consent()
    for rule in rules:
        path = rule.rule.replace("<slug>", "every-kind").replace("<key>", "about")
        reply = client.http.post(path, data={"csrf_token": "wrong"}, base_url=client.base_url)
        assert reply.status_code == 400, path
        reply = client.http.post(
            path, data={}, base_url=client.base_url, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert reply.status_code == 403, path


def test_a_page_posted_after_the_session_was_renewed_says_nothing_of_answers_saved(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    years = expert.field("years")
    assert "All answers saved" in client.get(f"{expert.base}/p/about").words
    again = client.submit({years: "7", "csrf_token": "of the session before"}, expect=400)
    assert "Your session was renewed" in again.words
    assert "All answers saved" not in again.words
    assert again.words_of(again.find("span", id="status")) == "Not saved yet"
    assert again.find("input", name=years).get("value") == "7"
    assert ground.number("years") not in stored(ground)


def test_every_address_of_a_seat_is_behind_its_guard(
    app: Flask, client: JudgingClient, ground: Ground
) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("seat."):
            path = rule.rule.replace("<slug>", ground.slug).replace("<key>", "about")
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            status = client.http.open(path, method=method, base_url=client.base_url).status_code
            assert status == (401 if path.endswith("/save") else 403), path


def test_ways_out_stand_at_the_same_place_on_every_page(client: JudgingClient, expert: Expert) -> None:
    expert.consent()
    names: Callable[[str], list[str]] = lambda path: [  # noqa: E731
        link.text or "" for footer in client.get(path).find_all("footer") for link in footer.iter("a")
    ]
    for path in ("practice", "p/consent", "p/about", "review", "answers", "contact", "about", "withdraw"):
        assert names(f"/s/every-kind/{path}") == ["Withdraw", "Contact", "About this study"]
