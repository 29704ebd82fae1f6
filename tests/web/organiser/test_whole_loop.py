"""From an open round 1 to an open round 2 on the organiser's pages, without JavaScript."""

from __future__ import annotations

from sqlalchemy import select

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.models import AuditEntry, Decision, Reason, Release, Round
from tests.support.judging import JudgingClient
from tests.support.studies import Ground


def test_from_an_open_round_to_the_next(client: JudgingClient, answered: Ground, desk: str) -> None:
    page = client.get(f"{desk}/rounds")
    assert "Until the" not in page.words
    closed = client.submit({}, action="/rounds/1/close", follow=True)
    assert "Round 1 is closed." in closed.words

    table = client.get(f"{desk}/rounds/1/results")
    assert "Apples" in table.words
    assert "consensus" in table.words
    item = client.get(f"{desk}/rounds/1/results/pears")
    assert "no consensus" in item.words

    bench = client.get(f"{desk}/rounds/1/reasons")
    assert "12 reasons" in bench.words
    client.submit({}, action="/set-aside-empty", follow=True)
    for fruit in ("apples", "pears"):
        page = client.get(f"{desk}/rounds/1/reasons/{fruit}")
        names = [
            box.get("value", "")
            for article in page.find_all("article", class_="unread")
            for box in article.iter("input")
            if box.get("name") == "reasons"
        ]
        assert names
        client.post(f"{desk}/rounds/1/reasons/{fruit}", {"reasons": names, "act": "release"})
    assert "Every reason is accounted for." in client.get(f"{desk}/rounds/1/reasons").words

    client.get(f"{desk}/rounds/1/decisions")
    done = client.submit({"reason": "as the protocol has it"}, action="/as-proposed", follow=True)
    assert "2 items are decided as proposed." in done.words

    page = client.get(f"{desk}/rounds/1/release")
    assert not page.find_all("section", aria_labelledby="missing")
    seen = client.get(f"{desk}/rounds/1/release/as?expert={pseudonym(answered)}", follow=True)
    assert "What is new in this round" in seen.words
    client.get(f"{desk}/rounds/1/release")
    released = client.submit({"note": "Thank you."}, action="/rounds/1/release", follow=True)
    assert "This round is released" in released.words

    page = client.get(f"{desk}/rounds")
    assert "It asks for ratings of 1 item; the round before asked for 2." in page.words
    opened = client.submit({"closes": ""}, action="/rounds/open", follow=True)
    assert "Round 2 is open." in opened.words
    with answered.database.reading() as session:
        states = dict(session.execute(select(Round.number, Round.state)).all())
        assert states == {1: "released", 2: "open"}
        content = ReleaseContent.from_canonical(session.scalars(select(Release.content)).one())
        assert content.note == "Thank you."
        assert {row.outcome for row in session.scalars(select(Decision))} == {"accept", "keep"}
        assert {row.state for row in session.scalars(select(Reason))} == {"released", "set_aside"}
        actors = set(session.scalars(select(AuditEntry.actor).where(AuditEntry.act == "round.release")))
        assert actors == {"owner@example.org"}


def pseudonym(ground: Ground) -> str:
    """The first panellist's."""
    return f"P-{ground.panel[0].panellist_id:X}"
