"""``surveyapp feedback show``: what an expert sees, and never a name beside an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks, ShownReason
from surveyapp.delphi.plan import RoundPlan
from surveyapp.delphi.protocol.model import Discussion
from surveyapp.models import Identity, Panellist, Reason, Release, Round, Study
from surveyapp.questionnaire.loading import load
from surveyapp.services.reasons.discussing import mark_reason, moderate_reply, reply_to_reason
from surveyapp.services.unit import Database, read_now
from tests.cli.test_commands import Shell
from tests.support.second_round import lay_second_round
from tests.support.studies import Ground
from tests.web.expert.conftest import EVERY_KIND, PANEL, SILENT, first_answers

SHOW = ("feedback", "show", "every-kind")
OPEN = Discussion(moderated=False)
ADDRESS = "ada@example.org"


@pytest.fixture
def ground(database: Database) -> Ground:
    """Nine people after their first round; the first of them has an address."""
    ground = lay_second_round(
        database, load(EVERY_KIND), slug="every-kind", groups=PANEL, answers=first_answers,
        summaries={"apples": "Some think of the taste."}, note="Thank you.",
    )  # fmt: skip
    with database.verb() as session:
        session.add(
            Identity(
                study_id=ground.study_id, panellist_id=ground.panel[0].panellist_id, name="Ada",
                email=ADDRESS, email_key=ADDRESS,
            )
        )  # fmt: skip
    return ground


@pytest.fixture
def talking(ground: Ground) -> Ground:
    """In round 2 a mark and two replies to the reason of member 0; the release tells marks of earlier."""
    with ground.database.verb() as session:
        now = read_now(session)
        held = session.get_one(Round, (ground.study_id, 2))
        held.plan = RoundPlan.from_canonical(held.plan).model_copy(update={"discussion": OPEN}).canonical()
        release = session.scalars(select(Release)).one()
        earlier = ShownReason(id="R-before", item="apples", text="They keep.")
        marks = ShownMarks(of_round=0, reason=earlier, n=9, for_me=5, not_for_me=4)
        content = ReleaseContent.from_canonical(release.content).model_copy(update={"marks": (marks,)})
        release.content, release.content_sha256 = content.canonical(), content.sha256()
        public_id = session.scalars(select(Reason.public_id).where(Reason.text == "Because of <0>.")).one()
    key: dict[str, Any] = {"public_id": public_id, "discussion": OPEN, "now": now}
    seats = {member: ground.sit_down(member) for member in (0, 1, 3)}
    with ground.database.verb() as session:
        mark_reason(session, seat=seats[1], stance="not_for_me", **key)
        refused = reply_to_reason(session, seat=seats[1], text="Dr <5> says no.", **key)
        reply_to_reason(session, seat=seats[3], text="In cellars.", **key)
        moderate_reply(
            session,
            study_id=ground.study_id,
            reply_id=refused,
            is_shown=False,
            because="Names a person",
            now=now,
            actor="test",
        )
    return ground


@pytest.fixture
def shell(ground: Ground, database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def pseudonym(ground: Ground, member: int) -> str:
    with ground.database.reading() as session:
        return session.scalars(
            select(Panellist.pseudonym).where(Panellist.id == ground.panel[member].panellist_id)
        ).one()


def test_the_terminal_tells_what_the_page_shows(shell: Shell, ground: Ground) -> None:
    told = shell.say(*SHOW, pseudonym(ground, 2))
    assert f"Round 2 as {pseudonym(ground, 2)} sees it: round 1, release 1, 9 submissions" in told
    for expected in (
        "Note to the panel: Thank you.",
        "everybody: n 7, 1: 2 (25%), 2: 1 (13%), 3: 4 (50%), don't know: 1 (13%), median 3 (1.5–3)",
        "north: n 4,",
        "own answer in round 1: Disagree",
        "summary: Some think of the taste.",
        "“Because of <0>.”",
        "Nobody has answered this.",
    ):
        assert expected in told
    read = shell.ask(*SHOW, pseudonym(ground, 2), "--round", "2")
    [apples] = [
        each
        for each in read["ratings"]
        if (each["question"], each["item"], each["criterion"]) == ("fruit", "apples", "effect")
    ]
    assert apples["panel"]["counts"] == {"1": 2, "2": 1, "3": 4}
    assert (apples["panel"]["median"], apples["groups"]["north"]["n"]) == ("3", 4)
    assert apples["own"] == {"round": 1, "answer": "Disagree", "is_of_earlier_wording": False}
    assert read["shows"]["group"] == "north"
    assert [each["n"] for each in read["combinations"]] == [8, 0]


def test_marks_and_replies_stand_with_their_reasons(shell: Shell, talking: Ground) -> None:
    told = shell.say(*SHOW, pseudonym(talking, 1))
    for expected in (
        "    own mark: not for me",
        "    own reply, not passed on: Names a person: “Dr <5> says no.”",
        "    reply: “In cellars.”",
        "  marked in round 1: “They keep.”\n    marked by 9; speaks for: 5; not for: 4",
    ):
        assert expected in told
    other = shell.say(*SHOW, pseudonym(talking, 3))
    assert "own mark" not in other
    assert "Dr <5>" not in other
    assert "own reply: “In cellars.”" in other
    # Whoever is looked for by address: what anybody sees, nothing of the own.
    [apples] = [each for each in shell.ask(*SHOW, ADDRESS)["items"] if each["item"] == "apples"]
    assert [each["is_own"] for each in apples["reasons"]] == [False, False]
    assert [each["text"] for reason in apples["reasons"] for each in reason["replies"]] == ["In cellars."]
    assert [each["n"] for each in apples["marks"]] == [9]


def test_somebody_new_has_no_own_answers(shell: Shell, ground: Ground) -> None:
    read = shell.ask(*SHOW, pseudonym(ground, SILENT))
    assert {each["own"] and each["own"]["answer"] for each in read["ratings"]} == {None}
    assert (read["has_started"], read["hides_own"]) == (False, False)


def test_an_address_never_stands_beside_answers_or_a_pseudonym(shell: Shell, ground: Ground) -> None:
    told = shell.say(*SHOW, ADDRESS.upper())
    assert "Own answers are left out" in told
    assert "own answer in round" not in told
    assert pseudonym(ground, 0) not in told
    read = shell.ask(*SHOW, ADDRESS)
    assert (read["expert"], read["hides_own"]) == ("", True)
    assert not any(each["own"] for each in read["ratings"])
    with ground.database.verb() as session:
        session.execute(update(Study).values(anonymity="attributed"))
    assert "own answer in round 1: Agree" in shell.say(*SHOW, ADDRESS)


def test_what_cannot_be_shown_is_said(shell: Shell, ground: Ground) -> None:
    assert "no 'nobody@example.org' on this panel" in shell.fail(*SHOW, "nobody@example.org")
    assert "no 'P-0' on this panel" in shell.fail(*SHOW, "P-0")
    assert "Round 1 shows no feedback" in shell.fail(*SHOW, pseudonym(ground, 0), "--round", "1")
    assert "no round 7" in shell.fail(*SHOW, pseudonym(ground, 0), "--round", "7")
