"""Running rounds on pages: what can be done, what it says, and what is refused without losing a word."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from surveyapp.models import AuditEntry, Participation, Release, Round, Study
from surveyapp.services import answering
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient, Page
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import SignIn, join

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def waiting(database: Database, tmp_path: Path, client: JudgingClient, sign_in: SignIn) -> Ground:
    """A study without protocol and without a round, in Berlin; its owner is signed in."""
    ground = lay_ground(database, load_text(SMALL, tmp_path), is_open=False)
    with database.verb() as session:
        session.execute(update(Study).values(time_zone="Europe/Berlin"))
    sign_in(join(ground, Role.OWNER))
    return ground


def read_round(ground: Ground, number: int = 1) -> Round:
    with ground.database.reading() as session:
        return session.get_one(Round, (ground.study_id, number))


def field(page: Page, act: str, name: str) -> str:
    """What stands in a field of the form `act`."""
    (form,) = page.find_all("form", id=act)
    return page.read_form(form)[name][0]


def test_a_round_is_scheduled_moved_and_opened(client: JudgingClient, waiting: Ground) -> None:
    client.get("/organiser/s/fruit/rounds")
    times = {"opens": "2126-07-01T09:00", "closes": "2126-07-20T18:00"}
    page = client.submit(times, action="/rounds/schedule", follow=True)
    assert "Round 1 is scheduled." in page.words
    assert "09:00 CEST" in page.words
    scheduled = read_round(waiting)
    assert scheduled.opens_at is not None
    assert scheduled.opens_at.hour == 7
    assert field(page, "schedule-round-1", "opens") == "2126-07-01T09:00"
    page = client.submit({"opens": "2126-07-02T09:00"}, action="/rounds/schedule", follow=True)
    assert read_round(waiting).opens_at == scheduled.opens_at + timedelta(days=1)
    page = client.submit({"closes": ""}, action="/rounds/open", follow=True)
    assert "Round 1 is open." in page.words
    assert read_round(waiting).state == "open"


@SQLITE
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"opens": "2020-01-01T09:00"}, "is over already"),
        ({"opens": "2126-07-02T09:00", "closes": "2126-07-01T09:00"}, "is not after the opening"),
        ({"opens": "next week"}, "'next week' is no time"),
        ({"opens": "2126-03-31T02:30"}, "clocks are put forward"),
        ({"opens": "a\0b"}, "'ab' is no time"),
    ],
)
def test_a_refused_time_stays_typed(
    client: JudgingClient, waiting: Ground, typed: dict[str, str], said: str
) -> None:
    client.get("/organiser/s/fruit/rounds")
    page = client.submit(typed, action="/rounds/schedule", expect=422)
    assert said in page.words
    for name, value in typed.items():
        assert field(page, "schedule-next", name) == value.replace("\0", "")
    with waiting.database.reading() as session:
        assert session.scalars(select(Round)).all() == []


def test_a_deadline_moves_with_a_reason_and_never_back(
    client: JudgingClient, waiting: Ground, database: Database
) -> None:
    client.get("/organiser/s/fruit/rounds")
    client.submit({"closes": "2126-07-10T18:00"}, action="/rounds/open")
    client.get("/organiser/s/fruit/rounds")
    page = client.submit({"closes": "2126-07-20T18:00"}, action="/rounds/1/extend", expect=422)
    assert "it is empty; write why the deadline is moved" in page.words
    assert field(page, "extend-round-1", "closes") == "2126-07-20T18:00"
    page = client.submit({"reason": "many asked"}, action="/rounds/1/extend", follow=True)
    assert "The deadline of round 1 is moved." in page.words
    earlier = {"closes": "2126-07-15T18:00", "reason": "in a hurry"}
    page = client.submit(earlier, action="/rounds/1/extend", expect=409)
    assert "only ever moved to a later time" in page.words
    assert field(page, "extend-round-1", "reason").strip() == "in a hurry"
    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.act == "round.extend")).all()
    assert [(each.actor, each.reason) for each in entries] == [("owner@example.org", "many asked")]


def test_a_closed_round_is_opened_again_closed_and_cancelled(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    client.get(f"{desk}/rounds")
    page = client.submit({}, action="/rounds/1/close", follow=True)
    assert "Its results" in page.words
    with answered.database.reading() as session:
        assert session.scalars(select(Release.released_at)).all() == [None]
    page = client.submit({"reason": "links were blocked"}, action="/rounds/1/reopen", follow=True)
    assert "Round 1 is open again." in page.words
    assert "is closed." not in client.get(f"{desk}/rounds?done=close-1").words
    client.get(f"{desk}/rounds")
    client.submit({"reason": "the wrong questionnaire"}, action="/rounds/1/cancel", follow=True)
    assert read_round(answered).state == "cancelled"
    page = client.get(f"{desk}/rounds")
    assert "Next: round 1" in page.words


def test_what_came_too_late_is_let_in(client: JudgingClient, answered: Ground, desk: str) -> None:
    ground = answered
    number = ground.number("fruit", "apples", "north", "effect")
    seat = ground.sit_down(0)
    with ground.database.verb() as session:
        changes = {number: ground.given(number, "1")}
        answering.save(session, seat=seat, request_id="late-in-the-train", base=10_000, changes=changes)
    client.get(f"{desk}/rounds")
    page = client.submit({}, action="/rounds/1/close", follow=True)
    pseudonym = f"P-{ground.panel[0].panellist_id:X}"
    assert f"{pseudonym}: changed something and did not submit again" in page.words
    page = client.submit({"reason": ""}, action="/rounds/1/admit", expect=422)
    assert "write why the answers are let in" in page.words
    page = client.submit({"reason": "the train"}, action="/rounds/1/admit", follow=True)
    assert "The answers are let in" in page.words
    with ground.database.reading() as session:
        row = session.get_one(Participation, (ground.study_id, 1, ground.panel[0].panellist_id))
        assert row.submission == 2


@SQLITE
def test_a_page_that_is_too_old_says_so(client: JudgingClient, answered: Ground, desk: str) -> None:
    client.get(f"{desk}/rounds")
    old = client.page
    client.submit({}, action="/rounds/1/close")
    page = client.submit({}, action="/rounds/1/close", expect=409, page=old)
    assert "Round 1 is closed, so you cannot close it." in page.words


@SQLITE
def test_what_stands_before_the_next_round_is_said_with_its_place(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    answered.close()
    page = client.get(f"{desk}/rounds")
    assert "The feedback of round 1 is not released yet. Release" in page.words
    assert "2 items have no decision yet. Decisions" in page.words
    page = client.submit({"closes": "2126-07-20T18:00"}, action="/rounds/open", expect=409)
    assert "the feedback of round 1 is not released yet. Release it first." in page.words
    assert "surveyapp round" not in page.words
    alert = page.find("div", class_="summary")
    assert [link.get("href") for link in alert.iter("a")] == [f"{desk}/release"]
    assert field(page, "open-next", "closes") == "2126-07-20T18:00"


@SQLITE
def test_whoever_only_watches_sees_no_forms(client: JudgingClient, answered: Ground, sign_in: SignIn) -> None:
    sign_in(join(answered, Role.OBSERVER))
    page = client.get(f"/organiser/s/{answered.slug}/rounds")
    assert "Round 1" in page.words
    assert {form.get("action") for form in page.find_all("form")} == {"/organiser/sign-out"}


@SQLITE
def test_the_address_says_nothing_that_is_not_so(client: JudgingClient, answered: Ground, desk: str) -> None:
    for done in ("close-1", "open-7", "release-1", "open-x", "open-99999999", "<b>"):
        assert not client.get(f"{desk}/rounds?done={done}").find_all("p", class_="done")
    assert "Round 1 is open." in client.get(f"{desk}/rounds?done=open-1").words


def test_a_long_study_has_a_short_page(client: JudgingClient, answered: Ground, desk: str) -> None:
    with answered.database.verb() as session:
        now = read_now(session)
        session.add_all(
            Round(
                study_id=answered.study_id,
                number=number,
                state="cancelled",
                questionnaire_number=1,
                opened_at=now,
                closed_at=now,
            )
            for number in range(2, 15)
        )
    page = client.get(f"{desk}/rounds")
    assert "Round 14 cancelled" in page.words
