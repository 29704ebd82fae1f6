"""Others' reasons, marked and answered: with forms alone, by the script's requests, and by whom not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from surveyapp.models import Reaction, Reason, Reply
from surveyapp.questionnaire.cells import CellKey
from surveyapp.questionnaire.loading import load
from surveyapp.services import doors, rounds
from surveyapp.services.reasons.discussing import moderate_reply
from surveyapp.services.unit import Database, read_now
from surveyapp.web.expert.showing import fields_of, fill_page, render_page
from surveyapp.web.expert.standing import read_standing
from tests.support.judging import JudgingClient, Page
from tests.support.second_round import EVERY_KIND_PROTOCOL, Texts, lay_second_round
from tests.support.studies import Ground
from tests.web.expert.conftest import EVERY_KIND, PANEL, Expert, first_answers
from tests.web.expert.test_compiled import PERSON, texts_of
from tests.web.expert.test_pages import counted

if TYPE_CHECKING:
    from flask import Flask

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

SLUG = "every-kind"
RATE = f"/s/{SLUG}/p/rate.north"
SOUTH = 8
"""The one member of the panel who also rates the south, and gives a reason there."""


def answers(member: int) -> Texts:
    if member == SOUTH:
        return {
            CellKey("consent"): "1",
            CellKey("word"): "law",
            CellKey("fruit", "apples", "south", "effect"): "3",
            CellKey("fruit", "apples", "south", part="reason"): "Only in the south.",
        }
    return first_answers(member)


def lay(app: Flask, discussion: str, more: str = "") -> Ground:
    database: Database = app.extensions["surveyapp.database"]
    protocol = EVERY_KIND_PROTOCOL + f"discussion: {discussion}\n" + more
    return lay_second_round(
        database, load(EVERY_KIND), slug=SLUG, groups=PANEL, answers=answers, protocol=protocol
    )


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    """Round 2 with reasons of members 0 and 2 on apples in the north; replies are read by the team first."""
    ground = lay(app, "{marks: true, replies: true, moderated: true}")
    yield ground
    ground.database.close()


@pytest.fixture
def open_ground(app: Flask) -> Iterator[Ground]:
    """The same, where replies are seen at once."""
    ground = lay(app, "{moderated: false}")
    yield ground
    ground.database.close()


def name_of(ground: Ground, text: str) -> str:
    """The public name of a reason."""
    with ground.database.reading() as session:
        return session.scalars(
            select(Reason.public_id).where(Reason.study_id == ground.study_id, Reason.text == text)
        ).one()


def path_of(ground: Ground, text: str = "Because of <0>.") -> str:
    return f"/s/{SLUG}/reasons/{name_of(ground, text)}"


def stored(ground: Ground) -> list[tuple[str, str]]:
    """What of marks and replies is in the database."""
    with ground.database.reading() as session:
        marks = session.execute(select(Reaction.public_id, Reaction.stance))
        replies = session.execute(select(Reply.text, Reply.state).order_by(Reply.text))
        return [tuple(row) for row in (*marks, *replies)]


def seat_at(client: JudgingClient, ground: Ground, member: int) -> Expert:
    client.http.delete_cookie("surveyapp-seat", domain="127.0.0.1")
    expert = Expert(client, ground, member)
    expert.consent()
    return expert


def talk_of(page: Page, path: str) -> str:
    return page.words_of(page.find("div", data_talk=path))


def send(client: JudgingClient, path: str, body: Any, token: str | None = None) -> tuple[int, dict[str, Any]]:
    """What a page's script sends."""
    if token is None:
        token = client.get(RATE).find("input", name="csrf_token").get("value", "")
    reply = client.http.post(
        path, json=body, base_url=client.base_url,
        headers={"X-CSRFToken": token, "Origin": client.base_url},
    )  # fmt: skip
    return reply.status_code, json.loads(reply.get_data()) if reply.is_json else {}


def test_a_reason_is_marked_and_the_mark_taken_back(client: JudgingClient, ground: Ground) -> None:
    expert = seat_at(client, ground, 1)
    path = path_of(ground)
    field = expert.field("fruit", "apples", "north", "effect")
    page = client.get(RATE)
    assert "You marked it" not in page.words
    # The button saves what stands on the page, then leads to the reason.
    opened = client.submit({field: "3"}, button=("go", f"reason.{path.rsplit('/', 1)[1]}"))
    assert opened.location == f"{path}?page=rate.north"
    page = client.get(opened.location)
    assert "A reason on Apples & <pears>" in page.words
    assert "Because of <0>." in page.words
    assert [each.get("href") for each in page.find_all("a") if "Back" in page.words_of(each)] == [
        f"{RATE}#{field}"
    ]
    assert client.submit(action="/mark", button=("stance", "for_me"), follow=True).path == path
    page = client.get(opened.location)
    pressed = {each.get("value"): each.get("aria-pressed") for each in page.find_all("button", name="stance")}
    assert pressed == {"none": "true", "not_for_me": "false"}
    page = client.get(RATE)
    assert "You marked it: speaks for me." in talk_of(page, path)
    assert page.find("input", name=field, value="3").get("checked") == ""
    client.get(opened.location)
    client.submit(action="/mark", button=("stance", "not_for_me"))
    assert "You marked it: not for me." in talk_of(client.get(RATE), path)
    client.get(opened.location)
    client.submit(action="/mark", button=("stance", "none"))
    assert "You marked it" not in client.get(RATE).words
    assert stored(ground) == []


def test_a_reply_waits_for_the_team_and_is_then_read_by_all(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    client.get(path)
    sent = client.submit({"reply": "  In <cellars> only.\r\n"}, action="/reply", follow=True)
    assert "In <cellars> only.Your reply. The study team reads it before others do." in sent.words
    # A second click, or a retry after a lost answer, is the same reply.
    client.submit({"reply": "In <cellars> only."}, action="/reply")
    assert stored(ground) == [("In <cellars> only.", "waiting")]
    assert "The study team reads it before others do." in talk_of(client.get(RATE), path)
    seat_at(client, ground, 3)
    assert "cellars" not in client.get(RATE).words
    assert "cellars" not in client.get(path).words
    with ground.database.verb() as session:
        reply_id = session.scalars(select(Reply.reply_id)).one()
        moderate_reply(
            session, study_id=ground.study_id, reply_id=reply_id, is_shown=True, now=read_now(session),
            actor="test",
        )  # fmt: skip
    assert "In <cellars> only." in talk_of(client.get(RATE), path)
    assert "Your reply" not in talk_of(client.get(RATE), path)
    assert "In <cellars> only." in client.get(path).words
    with ground.database.verb() as session:
        moderate_reply(
            session, study_id=ground.study_id, reply_id=reply_id, is_shown=False, now=read_now(session),
            actor="test", because="Cellars are no <topic>.",
        )  # fmt: skip
    assert "cellars" not in client.get(RATE).words.lower()
    seat_at(client, ground, 1)
    why = "Your reply. The study team has not passed it on to others: “Cellars are no <topic>.”"
    assert why in client.get(path).words
    assert why in talk_of(client.get(RATE), path)


@on_sqlite
def test_without_moderation_others_read_it_at_once(client: JudgingClient, open_ground: Ground) -> None:
    path = path_of(open_ground)
    seat_at(client, open_ground, 1)
    assert "Others read it at once, without your name." in client.get(path).words
    client.submit({"reply": "In cellars only."}, action="/reply")
    seat_at(client, open_ground, 3)
    assert "In cellars only." in talk_of(client.get(RATE), path)
    # Who wrote it, and when, is not told.
    assert "Your reply" not in talk_of(client.get(RATE), path)
    assert not client.page.find_all("button", value="Delete my reply")  # type: ignore[union-attr]  # a page was opened
    seat_at(client, open_ground, 1)
    page = client.get(path)
    [form] = [each for each in page.tree.iter("form") if each.get("action", "").endswith("/take-back")]
    assert client.submit(action=form.get("action")).location.startswith(path)
    assert stored(open_ground) == []


def test_the_own_reason_is_shown_as_such_and_takes_neither(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 0)
    page = client.get(RATE)
    assert talk_of(page, path) == "This is your own reason."
    assert not page.find("div", data_talk=path).findall("button")
    page = client.get(path)
    assert "This is your own reason." in page.words
    assert not page.find_all("textarea")
    assert not page.find_all("button", name="stance")
    for act, body in (("mark", {"stance": "for_me"}), ("reply", {"reply": "Hear, hear"})):
        status, said = send(client, f"{path}/{act}", body)
        assert (status, said["message"]) == (409, "This reason is your own.")
    assert stored(ground) == []


def test_the_script_marks_replies_and_takes_back(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    assert send(client, f"{path}/mark", {"stance": "not_for_me"}) == (200, {"stance": "not_for_me"})
    status, said = send(client, f"{path}/reply", {"reply": " <b>No</b> "})
    reply = said["reply"]
    assert (status, reply["text"]) == (200, "<b>No</b>")
    assert reply["note"] == "Your reply. The study team reads it before others do."
    assert "<b>No</b>" in talk_of(client.get(RATE), path)
    assert client.get(RATE).find("li", data_reply=reply["id"]) is not None
    assert send(client, f"{path}/replies/{reply['id']}/take-back", {}) == (200, {"gone": reply["id"]})
    assert send(client, f"{path}/replies/{reply['id']}/take-back", {})[0] == 409
    assert send(client, f"{path}/mark", {"stance": "none"}) == (200, {"stance": "none"})
    assert stored(ground) == []


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [
        {}, [], "for_me", None, {"stance": "loves"}, {"stance": None}, {"stance": ["for_me"]},
        {"stance": True},
        {"stance": {"for_me": 1}}, {"stance": "for_me", "more": 1},
    ],
)  # fmt: skip
def test_sec_62_strange_bodies_are_refused(client: JudgingClient, ground: Ground, body: object) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    assert send(client, f"{path}/mark", body)[0] == 400
    assert send(client, f"{path}/reply", body)[0] == 400
    assert stored(ground) == []


@on_sqlite
def test_what_is_wrong_with_a_reply_is_said_and_it_is_still_there(
    client: JudgingClient, ground: Ground
) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    client.get(path)
    long = "Much to say. " * 200
    page = client.submit({"reply": long}, action="/reply", expect=422)
    assert "up to 2,000 can be stored" in page.words
    box = page.find("textarea", name="reply")
    assert (box.get("aria-invalid"), "".join(box.itertext()).strip()) == ("true", long.strip())
    assert "empty" in client.submit({"reply": " \n"}, action="/reply", expect=409).words
    status, said = send(client, f"{path}/reply", {"reply": long})
    assert (status, said["kind"]) == (422, "mistake")
    assert stored(ground) == []


@on_sqlite
def test_nothing_typed_is_lost_when_the_session_was_renewed(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    page = client.get(path)
    old = page.find_all("input", name="csrf_token")[0].get("value", "")
    seat_at(client, ground, 1)
    again = client.submit({"reply": "Kept."}, action="/reply", page=page, expect=400)
    assert "Everything you typed is still here" in again.words
    assert "".join(again.find("textarea", name="reply").itertext()).strip() == "Kept."
    assert send(client, f"{path}/reply", {"reply": "Kept."}, token=old) == (400, {"kind": "no-seat"})
    assert client.submit(action="/reply").status == 303
    assert stored(ground) == [("Kept.", "waiting")]
    # Somebody else's link was opened in this browser: nothing is mixed, and the text is shown back.
    shown = client.get(path)
    seat_at(client, ground, 3)
    page = client.submit({"reply": "Mine"}, action="/reply", page=shown, expect=403)
    assert "".join(page.find("textarea").itertext()).strip() == "Mine"
    client.http.delete_cookie("surveyapp-seat", domain="127.0.0.1")
    page = client.submit({"reply": "Mine"}, action="/reply", page=shown, expect=403)
    assert "".join(page.find("textarea").itertext()).strip() == "Mine"
    assert stored(ground) == [("Kept.", "waiting")]


@on_sqlite
def test_nothing_typed_is_lost_when_the_round_has_closed(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    token = client.get(RATE).find("input", name="csrf_token").get("value", "")
    shown = client.get(path)
    rounds.close_round(ground.database, slug=SLUG, actor="test")
    page = client.submit({"reply": "Too late"}, action="/reply", page=shown, expect=409)
    assert "The round has closed" in page.words
    assert "".join(page.find("textarea").itertext()).strip() == "Too late"
    assert page.find("textarea").get("readonly") is not None
    status, said = send(client, f"{path}/mark", {"stance": "for_me"}, token=token)
    assert (status, said["kind"]) == (409, "closed")
    assert client.get(path, 303).location == f"/s/{SLUG}/"
    assert stored(ground) == []


def acts(path: str) -> list[tuple[str, dict[str, str]]]:
    """Everything that can be done to a reason."""
    return [
        (f"{path}/mark", {"stance": "for_me"}),
        (f"{path}/reply", {"reply": "Hello"}),
        (f"{path}/replies/A-NONE/take-back", {}),
    ]


def is_nobodys(client: JudgingClient, path: str) -> None:
    """Fail unless this reason does not exist for the expert at this browser."""
    token = client.get(RATE).find("input", name="csrf_token").get("value", "")
    seat = client.page.find("input", name="seat").get("value", "")  # type: ignore[union-attr]  # a page was opened
    client.get(path, 404)
    for url, body in acts(path):
        client.post(url, {**body, "csrf_token": token, "seat": seat}, expect=404)
        assert send(client, url, body, token=token)[0] == 404


def test_a_reason_that_is_not_shown_to_this_expert_does_not_exist(
    client: JudgingClient, ground: Ground
) -> None:
    # Released, and about a context that northerners are not asked about.
    elsewhere = path_of(ground, "Only in the south.")
    seat_at(client, ground, SOUTH)
    assert client.get(elsewhere).status == 200
    seat_at(client, ground, 1)
    assert client.get(path_of(ground)).status == 200
    is_nobodys(client, elsewhere)
    for strange in ("R-NONE", "%25", "%22%20or%201=1"):
        is_nobodys(client, f"/s/{SLUG}/reasons/{strange}")
    with ground.database.verb() as session:
        # Not released any more in the release that this round shows.
        reason = session.scalars(select(Reason).where(Reason.text == "Because of <2>.")).one()
        reason.public_id = "R-OTHER"
    is_nobodys(client, f"/s/{SLUG}/reasons/R-OTHER")
    assert stored(ground) == []


@on_sqlite
def test_another_study_s_reason_does_not_exist(app: Flask, client: JudgingClient, ground: Ground) -> None:
    other = lay_second_round(
        ground.database, load(EVERY_KIND), slug="elsewhere", groups=PANEL, answers=answers,
        protocol=EVERY_KIND_PROTOCOL.replace("id: every-kind", "id: elsewhere") + "discussion: {}\n",
    )  # fmt: skip
    theirs = name_of(other, "Because of <0>.")
    seat_at(client, ground, 1)
    is_nobodys(client, f"/s/{SLUG}/reasons/{theirs}")
    client.get(f"/s/elsewhere/reasons/{theirs}", 404)
    client.http.delete_cookie("surveyapp-seat", domain="127.0.0.1")
    client.get(f"/s/elsewhere/reasons/{theirs}", 403)
    assert stored(ground) == []


VARIANTS = """
variants:
  - {id: bare, share: 50%, feedback: {reasons: false}}
  - {id: rest, share: 50%, feedback: {reasons: false, summaries: false}}
"""


@on_sqlite
@pytest.mark.parametrize(
    ("discussion", "more"),
    [("{marks: false, replies: false}", ""), ("{}", VARIANTS)],
    ids=["nothing allowed", "a variant without reasons"],
)
def test_where_nothing_may_be_said_there_is_no_way_to(
    app: Flask, client: JudgingClient, discussion: str, more: str
) -> None:
    ground = lay(app, discussion, more)
    seat_at(client, ground, 1)
    page = client.get(RATE)
    assert not page.find_all("div", class_="talk")
    assert not page.find_all("template")
    is_nobodys(client, path_of(ground))
    assert "reply to" not in client.get(f"/s/{SLUG}/news").words


@on_sqlite
def test_marks_alone_or_replies_alone(app: Flask, client: JudgingClient) -> None:
    ground = lay(app, "{marks: true, replies: false}")
    path = path_of(ground)
    seat_at(client, ground, 1)
    assert talk_of(client.get(RATE), path).startswith("Mark: ")
    assert not client.get(path).find_all("textarea")
    status, said = send(client, f"{path}/reply", {"reply": "Hello"})
    assert (status, said["message"]) == (409, "In this study reasons are not replied to.")
    assert "which of these reasons speak for you, without your name" in client.get(f"/s/{SLUG}/news").words


@on_sqlite
def test_who_has_withdrawn_says_nothing_more(client: JudgingClient, ground: Ground) -> None:
    path = path_of(ground)
    seat_at(client, ground, 1)
    token = client.get(RATE).find("input", name="csrf_token").get("value", "")
    seat = ground.sit_down(1)
    with ground.database.verb() as session:
        doors.withdraw(session, seat=seat, keep_answers=True, now=read_now(session))
    assert send(client, f"{path}/mark", {"stance": "for_me"}, token=token)[0] in {400, 401, 409}
    assert stored(ground) == []


def test_a_page_with_discussion_costs_one_more_query(client: JudgingClient, open_ground: Ground) -> None:
    path = path_of(open_ground)
    for member in range(1, 5):
        seat_at(client, open_ground, member)
        send(client, f"{path}/mark", {"stance": "for_me"})
        for number in range(5):
            send(client, f"{path}/reply", {"reply": f"Reply {number} of {member}"})
    client.get(RATE)
    with counted(open_ground.database) as statements:
        client.get(RATE)
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 3
    with counted(open_ground.database) as statements:
        client.get(path)
    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 3


@on_sqlite
def test_compiled_is_plain_with_discussion(app: Flask, client: JudgingClient, open_ground: Ground) -> None:
    path, other = path_of(open_ground), path_of(open_ground, "Because of <2>.")
    seat_at(client, open_ground, 1)
    send(client, f"{path}/mark", {"stance": "not_for_me"})
    for reply in ("One\u2028 & <two>", "@R-\u202e"):
        send(client, f"{other}/reply", {"reply": reply})
    shown = []
    for member in (0, 1, 3):
        seat = open_ground.sit_down(member)
        with app.test_request_context(f"/s/{SLUG}/"):
            standing = read_standing(seat)
            for routed in standing.route.pages:
                values = texts_of(standing.instrument, dict(standing.answers))
                plain = render_page(
                    standing, routed, fields=fields_of(standing, routed, values), person=PERSON
                )
                assert fill_page(standing, routed, PERSON) == plain.encode()
                shown.append(plain)
    assert any("One\u2028 &amp; &lt;two&gt;" in page for page in shown)


@on_sqlite
def test_a_mistake_on_the_page_shows_the_discussion_still(client: JudgingClient, open_ground: Ground) -> None:
    path = path_of(open_ground)
    expert = seat_at(client, open_ground, 1)
    send(client, f"{path}/mark", {"stance": "for_me"})
    client.get(RATE)
    reason = expert.field("fruit", "apples", "north", "", "reason")
    page = client.submit({reason: "x" * 20_001}, button=("go", "reason.R-X"), expect=422)
    assert "You marked it: speaks for me." in talk_of(page, path)
    with open_ground.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM reaction")).scalar() == 1
