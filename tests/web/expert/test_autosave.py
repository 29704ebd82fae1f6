"""Autosave: strict about what comes in, truthful about what was saved."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.judging import JudgingClient
from tests.support.studies import Ground
from tests.web.expert.conftest import Expert
from tests.web.expert.test_pages import stored


def send(client: JudgingClient, body: Any, *, token: str | None = None, **kwargs: Any) -> Any:
    """Post `body` to the autosave, as JSON unless it is bytes."""
    if token is None:
        token = client.get("/s/every-kind/p/consent").find("input", name="csrf_token").get("value", "")
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    kwargs.setdefault("content_type", "application/json")
    headers = {"X-CSRFToken": token, "Origin": client.base_url} if token else {"Origin": client.base_url}
    return client.http.post(
        "/s/every-kind/save", data=data, base_url=client.base_url, headers=headers, **kwargs
    )


def body(ground: Ground, **changes: Any) -> dict[str, Any]:
    """A save that is in order, but for `changes`."""
    field = f"a{ground.number('years')}"
    return {"request_id": "request-1", "base": 1, "place": "about", "answers": {field: ["7"]}} | changes


def test_an_answer_is_saved_and_the_revision_told(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    reply = send(client, body(ground))
    assert (reply.status_code, reply.json) == (200, {"revision": 2, "repeated": False})
    assert reply.headers["Cache-Control"] == "no-store"
    assert stored(ground)[ground.number("years")][1] == 7.0
    assert client.get("/s/every-kind/", 303).location == "/s/every-kind/p/about"


def test_the_same_save_again_gets_the_same_reply(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    send(client, body(ground))
    again = send(client, body(ground, answers={f"a{ground.number('years')}": ["9"]}))
    assert again.json == {"revision": 2, "repeated": True}
    assert stored(ground)[ground.number("years")][1] == 7.0


def test_a_conflict_tells_both_values(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    field = expert.field("fruit", "apples", "north", "effect")
    send(client, body(ground, answers={field: ["3"]}))
    reply = send(client, body(ground, request_id="request-2", answers={field: ["dont-know"]}))
    assert reply.status_code == 409
    assert reply.json == {
        "kind": "conflict",
        "revision": 2,
        "conflicts": [
            {
                "field": field,
                "yours": ["dont-know"],
                "theirs": ["3"],
                "yours_in_words": "Don't know",
                "theirs_in_words": "Agree",
            }
        ],
    }


def test_after_the_close_it_says_so_and_keeps_the_draft(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    token = client.get("/s/every-kind/p/consent").find("input", name="csrf_token").get("value", "")
    ground.close()
    reply = send(client, body(ground), token=token)
    assert (reply.status_code, reply.json["kind"]) == (409, "closed")
    assert ground.number("years") not in stored(ground)
    with ground.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM late_draft")).scalar_one() == 1


def test_an_answer_that_does_not_fit_is_named(client: JudgingClient, expert: Expert, ground: Ground) -> None:
    expert.consent()
    years, word = f"a{ground.number('years')}", f"a{ground.number('word')}"
    reply = send(client, body(ground, answers={years: ["many"], word: ["kept?"]}))
    assert reply.status_code == 422
    assert [problem["field"] for problem in reply.json["problems"]] == [years]
    assert ground.number("word") not in stored(ground)


def test_sec_33_what_is_not_asked_of_me_is_refused(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    early = send(client, body(ground, base=0))
    assert early.status_code == 422
    assert "consent" in early.json["message"]
    expert.consent()
    south = f"a{ground.number('fruit', 'apples', 'south', 'effect')}"
    assert send(client, body(ground, answers={south: ["3"]})).status_code == 422
    assert len(stored(ground)) == 1


SOMETHING_ELSE = [{}, [], {"a": 1}, 1, 1.5, True, None, "text", [None], "\ud800", 10**400]


@pytest.mark.parametrize("name", ["request_id", "base", "place", "answers"])
def test_sec_62_every_type_is_strict(
    client: JudgingClient, expert: Expert, ground: Ground, name: str
) -> None:
    expert.consent()
    token = client.get("/s/every-kind/p/consent").find("input", name="csrf_token").get("value", "")
    fits = {
        "request_id": (),
        "base": (1,),
        "place": (None, "text", "\ud800"),
        "answers": (),
    }[name]
    for value in SOMETHING_ELSE:
        if any(value is each or (type(value) is type(each) and value == each) for each in fits):
            continue
        reply = send(client, body(ground, **{name: value}), token=token)
        assert reply.status_code == 400, value
        assert reply.json["kind"] == "strange"
    assert ground.number("years") not in stored(ground)


@pytest.mark.parametrize("values", [None, "7", 7, {"x": "7"}, [7], [None], [["7"]], [True]])
def test_every_answer_is_a_list_of_texts(
    client: JudgingClient, expert: Expert, ground: Ground, values: Any
) -> None:
    expert.consent()
    reply = send(client, body(ground, answers={f"a{ground.number('years')}": values}))
    assert reply.status_code == 400
    assert ground.number("years") not in stored(ground)


@pytest.mark.parametrize(
    "field", ["a0", "a99999999", "a1e3", "a\u0661", "a 1", "1", "__proto__", "a1) OR 1=1--", ""]
)
def test_sec_84_there_are_no_other_fields(
    client: JudgingClient, expert: Expert, ground: Ground, field: str
) -> None:
    expert.consent()
    assert send(client, body(ground, answers={field: ["1"]})).status_code == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"request_id": "request-1", "base": 1, "base": 2, "answers": {"a1": ["1"]}}',
        b'{"request_id": "request-1", "base": NaN, "answers": {"a1": ["1"]}}',
        b'{"request_id": "request-1", "base": 1, "answers": {"a1": ["1"], "a1": ["0"]}}',
    ],
)
def test_sec_83_what_is_no_json_is_refused(
    client: JudgingClient, expert: Expert, ground: Ground, raw: bytes
) -> None:
    expert.consent()
    assert send(client, raw).status_code == 400
    assert len(stored(ground)) == 1


@pytest.mark.parametrize("word", ["x\x00y", "\ud800", "\udfff tail"])
def test_what_cannot_be_stored_is_refused_politely(
    client: JudgingClient, expert: Expert, ground: Ground, word: str
) -> None:
    expert.consent()
    reply = send(client, body(ground, answers={f"a{ground.number('life')}": [word]}))
    assert reply.status_code == 422
    assert "cannot be stored" in reply.json["problems"][0]["message"]


@pytest.mark.parametrize(
    "mimetype", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
def test_sec_29_only_json_is_taken(
    client: JudgingClient, expert: Expert, ground: Ground, mimetype: str
) -> None:
    expert.consent()
    token = client.get("/s/every-kind/p/consent").find("input", name="csrf_token").get("value", "")
    reply = client.http.post(
        "/s/every-kind/save",
        data=json.dumps(body(ground)),
        base_url=client.base_url,
        headers={"X-CSRFToken": token},
        content_type=mimetype,
    )
    assert reply.status_code == 415
    assert ground.number("years") not in stored(ground)


def test_sec_26_the_token_must_be_this_sessions(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    other = Expert(JudgingClient(client.app, client.base_url), ground, 1)
    foreign = other.client.get("/s/every-kind/p/consent").find("input", name="csrf_token").get("value", "")
    for token in (foreign, "wrong", " "):
        assert send(client, body(ground), token=token).status_code == 400
    assert ground.number("years") not in stored(ground)


def test_without_a_session_it_says_how_to_go_on(client: JudgingClient, ground: Ground) -> None:
    reply = send(client, body(ground), token="none")
    assert (reply.status_code, reply.json) == (401, {"kind": "no-seat"})


def test_sec_74_a_body_beyond_the_limit_is_refused(
    client: JudgingClient, expert: Expert, ground: Ground
) -> None:
    expert.consent()
    reply = send(client, body(ground, answers={f"a{ground.number('life')}": ["x" * 1_100_000]}))
    assert reply.status_code == 413
    page = client.get("/s/every-kind/p/about")
    values: dict[str, Any] = page.read_form(page.find_form("about")) | {expert.field("life"): "x" * 1_100_000}
    assert "too long" in client.post("/s/every-kind/p/about", values, 413).words
