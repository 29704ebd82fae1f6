"""The page of replies: what waits is passed on or refused, and marks are told by the release."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.protocol.model import Discussion
from surveyapp.models import AuditEntry, Reason, Reply, Study
from surveyapp.services import deciding, releasing
from surveyapp.services.figures import read_figures
from surveyapp.services.permissions import Role
from surveyapp.services.reasons.discussing import mark_reason, reply_to_reason
from surveyapp.services.reasons.handling import release_reasons
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, answers_of, join, rating

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
DISCUSSION = Discussion()


def lay_talking(database: Database, folder: Path) -> Ground:
    """Round 2 is open and shows one reason of round 1; two members reply to it and four mark it."""
    ground = lay_ground(
        database, load_text(SMALL, folder), slug="talking", groups=("both",) * 9, is_open=False
    )
    set_protocol(ground, PROTOCOL + "discussion: {marks: true, replies: true, moderated: true}\n")
    first = open_next(ground)
    for member in range(9):
        give(first, member, answers_of(member))
    first.close()
    releasing.settle_round(database, study_id=ground.study_id, number=1, actor="test")
    with database.verb() as session:
        named = (Reason.study_id == ground.study_id, Reason.text.contains("says 5"))
        name = session.scalars(select(Reason.public_id).where(*named)).one()
        release_reasons(
            session, study_id=ground.study_id, public_ids=[name], now=read_now(session), actor="test"
        )
    with database.verb() as session:
        deciding.decide_as_proposed(
            session,
            study=session.get_one(Study, ground.study_id),
            figures=read_figures(session, study_id=ground.study_id, number=1),
            reason="as planned",
            now=read_now(session),
            actor="test",
        )
    releasing.release_round(database, slug="talking", actor="test", number=1, figures_first=True)
    second = open_next(ground)
    for member in range(9):
        give(second, member, {rating("pears", "north"): "3"})
    seats = [second.sit_down(member) for member in range(5)]
    with database.verb() as session:
        now = read_now(session)
        for member in (0, 1):
            reply_to_reason(
                session,
                seat=seats[member],
                public_id=name,
                text=f"So says <{member}> too",
                discussion=DISCUSSION,
                now=now,
            )
        for seat in seats[:4]:
            mark_reason(session, seat=seat, public_id=name, stance="for_me", discussion=DISCUSSION, now=now)
        mark_reason(
            session, seat=seats[4], public_id=name, stance="not_for_me", discussion=DISCUSSION, now=now
        )
    return second


@pytest.fixture
def talking(database: Database, tmp_path: Path) -> Ground:
    return lay_talking(database, tmp_path)


@pytest.fixture
def url(talking: Ground, client: JudgingClient, sign_in: SignIn) -> str:
    """The page's address, a moderator signed in."""
    sign_in(join(talking, Role.MODERATOR))
    return f"/organiser/s/{talking.slug}/rounds/2/replies"


def replies(ground: Ground) -> dict[str, Reply]:
    with ground.database.reading() as session:
        return {row.text: row for row in session.scalars(select(Reply))}


def test_replies_are_passed_on_or_refused(client: JudgingClient, talking: Ground, url: str) -> None:
    page = client.get(f"/organiser/s/{talking.slug}/replies", 303)
    assert page.location.endswith("/rounds/2/replies")
    page = client.get(url)
    assert "So says <0> too" in page.words
    assert "Pears are sweet, says 5." in page.words
    assert "to be read (2)" in page.words
    assert "P-" not in page.words
    found = replies(talking)
    one, two = found["So says <0> too"].reply_id, found["So says <1> too"].reply_id
    client.post(url, {"act": "pass", "names": one})
    assert replies(talking)["So says <0> too"].state == "shown"
    assert "So says <0> too" not in client.get(url).words
    page = client.post(url, {"act": "refuse", "names": two, "because": " "}, expect=422)
    assert "say why they are refused" in page.words
    (box,) = page.find_all("input", name="names")
    assert (box.get("value"), box.get("checked") is not None) == (two, True)
    client.post(url, {"act": "refuse", "names": two, "because": "names a person"})
    row = replies(talking)["So says <1> too"]
    assert (row.state, row.moderated_by) == ("hidden", "moderator@example.org")
    with talking.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "reply.hide")).one()
    assert entry.reason == "names a person"
    # Either can be undone.
    assert "So says <1> too" in client.get(f"{url}?state=hidden").words
    client.post(url, {"act": "pass", "names": two, "state": "hidden"})
    assert replies(talking)["So says <1> too"].state == "shown"
    assert client.get(f"{url}?state=all").words.count("So says") == 2


def test_marks_are_told_when_the_round_is_released(
    client: JudgingClient, talking: Ground, url: str, sign_in: SignIn
) -> None:
    assert "nothing is counted while it is open" in client.get(url).words
    talking.close()
    page = client.get(url)
    assert "5 experts marked reasons." in page.words
    assert not page.find_all("table")
    releasing.settle_round(talking.database, study_id=talking.study_id, number=2, actor="test")
    sign_in(join(talking, Role.OWNER))
    release = client.get(url.replace("/replies", "/release"))
    assert "How 1 reason of the round before was marked is told." in release.words
    releasing.release_round(talking.database, slug="talking", actor="test", number=2, figures_first=True)
    page = client.get(url)
    (table,) = page.find_all("table")
    assert [cell.text for cell in table.iter("td")] == ["5", "4", "1"]


@SQLITE
def test_what_cannot_be_done_is_said(client: JudgingClient, talking: Ground, url: str) -> None:
    client.get(url)
    page = client.post(url, {"act": "refuse", "because": "a name"}, expect=422)
    assert "choose at least one" in page.words
    assert page.find_all("input", name="because")[0].get("value") == "a name"
    client.get(url)
    client.post(url, {"act": "pass", "names": "A-0000000000000000"}, expect=404)
    client.get(url)
    client.post(url, {"act": "burn"}, expect=400)
    client.get(url.replace("/2/", "/7/"), 404)


@SQLITE
def test_the_tab_is_there_only_where_experts_may_discuss(
    client: JudgingClient, talking: Ground, url: str, answered: Ground, sign_in: SignIn
) -> None:
    (tabs,) = client.get(url).find_all("nav", class_="tabs")
    assert "Replies" in "".join(tabs.itertext())
    sign_in(join(answered, Role.OWNER))
    (tabs,) = client.get(f"/organiser/s/{answered.slug}/protocol").find_all("nav", class_="tabs")
    assert "Replies" not in "".join(tabs.itertext())
