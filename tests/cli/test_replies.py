"""Replies to reasons, as somebody who moderates them types it: listed, passed on, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.delphi.feedback import ReleaseContent, ShownMarks, ShownReason
from surveyapp.models import AuditEntry, Reaction, Reason, Release, Reply, Round
from surveyapp.services.unit import Database, read_now
from tests.cli.test_commands import Shell
from tests.support.speaking import gather, lay_talk, speak
from tests.support.studies import Ground

APPLES = ("apples", "north")


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """Five marks for a reason of round 1, and two replies to it, made in that very round for short."""
    ground = lay_talk(database, tmp_path, groups=("north",) * 6)
    for member in range(6):
        speak(ground, member, {APPLES: ("3", f"They keep, says {member}")})
    ground.close()
    gather(ground)
    with database.verb() as session:
        now = read_now(session)
        reason = session.scalars(select(Reason).where(Reason.text == "They keep, says 0")).one()
        reason.state, reason.released_text, reason.handled_at = "released", "They keep", now
        for member in range(1, 6):
            key = {
                "study_id": ground.study_id,
                "round": 1,
                "panellist_id": ground.panel[member].panellist_id,
                "public_id": reason.public_id,
            }
            session.add(Reaction(**key, stance="for_me", marked_at=now))
            if member < 3:
                session.add(
                    Reply(**key, reply_id=f"A-{member}", text=f"No {member}", state="waiting", written_at=now)
                )
    return ground


@pytest.fixture
def shell(ground: Ground, database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def states(shell: Shell) -> dict[str, str]:
    listed = shell.ask("reasons", "replies", "talk", "--state", "all")["replies"]
    return {each["reply"]: each["state"] for each in listed}


def test_replies_are_listed_passed_on_and_refused(shell: Shell, ground: Ground) -> None:
    told = shell.say("reasons", "replies", "talk")
    for expected in ("A-1  waiting, to R-", "on apples", "    > They keep", "    No 1", "reasons pass talk"):
        assert expected in told
    [first, _] = shell.ask("reasons", "replies", "talk")["replies"]
    assert set(first) == {"reply", "state", "text", "to"}
    assert shell.say("reasons", "pass", "talk", "A-1") == ("1 reply is passed on: others can read it now.\n")
    assert states(shell) == {"A-1": "shown", "A-2": "waiting"}
    told = shell.say("reasons", "refuse", "talk", "A-1", "A-2", "--reason", "Names  a person")
    assert told == "2 replies are refused: only the author sees them.\n"
    assert states(shell) == {"A-1": "hidden", "A-2": "hidden"}
    assert shell.say("reasons", "replies", "talk") == "No reply waits.\n"
    with ground.database.reading() as session:
        acts = session.execute(
            select(AuditEntry.act, AuditEntry.reason)
            .where(AuditEntry.act.like("reply.%"))
            .order_by(AuditEntry.id)
        ).all()
    assert [tuple(row) for row in acts] == [
        ("reply.show", ""),
        ("reply.hide", "Names a person"),
        ("reply.hide", "Names a person"),
    ]


def test_all_or_nothing_and_never_without_a_reason(shell: Shell) -> None:
    told = shell.fail("reasons", "pass", "talk", "A-1", "A-8", "A-9")
    assert "This study has no reply A-8, A-9." in told
    assert states(shell) == {"A-1": "waiting", "A-2": "waiting"}
    assert "it stays on record" in shell.fail("reasons", "refuse", "talk", "A-1", "--reason", " ")
    shell.fail("reasons", "refuse", "talk", "A-1", code=2)
    assert states(shell) == {"A-1": "waiting", "A-2": "waiting"}


def test_marks_are_told_as_the_release_tells_them(shell: Shell, ground: Ground) -> None:
    told = shell.say("reasons", "marks", "talk")
    assert told == "Round 1 is not released: fewer than 5, or all but a few, experts marked reasons.\n"
    reason = ShownReason(id="R-1", item="apples", text="They keep")
    shown = [
        ShownMarks(of_round=0, reason=reason, n=12, for_me=7, not_for_me=5),
        ShownMarks(of_round=0, reason=reason, n=6, at_least=80, mostly="not_for_me"),
    ]
    content = ReleaseContent(
        study="talk",
        round=1,
        number=1,
        questionnaire=1,
        smallest_group=5,
        submissions=6,
        marks=tuple(shown),
    )
    with ground.database.verb() as session:
        now = read_now(session)
        session.add(
            Release(
                study_id=ground.study_id,
                round=1,
                number=1,
                content=content.canonical(),
                content_sha256=content.sha256(),
                input_sha256="",
                submissions=6,
                code_version="",
                created_at=now,
                released_at=now,
                released_by="test",
            )
        )
        session.get_one(Round, (ground.study_id, 1)).state = "released"
        session.get_one(Round, (ground.study_id, 1)).released_at = now
    told = shell.say("reasons", "marks", "talk")
    assert "R-1 on apples: They keep\n    marked by 12; speaks for: 7; not for: 5" in told
    assert "    marked by 6; at least 80%: not for me" in told
    [told_of] = shell.ask("reasons", "marks", "talk")["rounds"]
    assert [each["for_me"] for each in told_of["marks"]] == [7, None]
