"""``surveyapp audit``, ``surveyapp jobs``, and what would be: a protocol's changes, the next round."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from surveyapp.models import Job, Panellist, Round
from surveyapp.services import sign_ins
from surveyapp.services.releasing import settle_round
from surveyapp.services.unit import Database, read_now
from tests.cli.test_commands import Shell
from tests.support.studies import Ground
from tests.web.organiser.conftest import PROTOCOL, lay


@pytest.fixture
def ground(database: Database, tmp_path: Path) -> Ground:
    """A study whose first round is closed."""
    ground = lay(database, tmp_path)
    ground.close()
    settle_round(database, study_id=ground.study_id, number=1, actor="test")
    return ground


@pytest.fixture
def shell(ground: Ground, database_url: str, tmp_path: Path) -> Shell:
    return Shell(database_url, tmp_path)


def test_the_record_is_listed_filtered_and_written(shell: Shell, tmp_path: Path) -> None:
    acts = [each["act"] for each in shell.ask("audit", "fruit")]
    assert acts[0] == "study.create"
    assert [each["act"] for each in shell.ask("audit", "fruit", "--act", "round")] == [
        "round.open",
        "round.close",
    ]
    assert shell.ask("audit", "fruit", "--who", "nobody") == []
    assert shell.ask("audit", "fruit", "--since", "2126-01-01 00:00") == []
    assert len(shell.ask("audit", "fruit", "--until", "2126-01-01 00:00")) == len(acts)
    assert "round.close" in shell.say("audit", "fruit")
    file = tmp_path / "record.csv"
    assert f"{len(acts)} entries are in {file}." in shell.say("audit", "fruit", "--out", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    assert [each["act"] for each in rows] == acts
    assert "it is there already" in shell.fail("audit", "fruit", "--out", str(file))
    assert "it cannot be written" in shell.fail("audit", "fruit", "--out", str(tmp_path / "no" / "x.csv"))
    assert "'soon' is no time" in shell.fail("audit", "fruit", "--since", "soon")


def test_without_a_study_the_record_is_that_of_the_installation(shell: Shell, ground: Ground) -> None:
    with ground.database.verb() as session:
        sign_ins.note_refusal(session, organiser_id=None, way="password", now=read_now(session))
    [entry] = shell.ask("audit", "--act", "organiser.sign_in_refused")
    assert (entry["actor"], entry["detail"]) == ("sign-in page", {"id": None, "way": "password"})
    assert shell.ask("audit", "fruit", "--act", "organiser") == []


def test_jobs_are_listed_and_tried_again(shell: Shell, ground: Ground) -> None:
    with ground.database.verb() as session:
        job = session.scalars(select(Job).where(Job.kind == "round.settle")).one()
        now = read_now(session)
        job.attempts, job.done_at, job.error, job.run_at = 12, now, "Unavailable", now - timedelta(hours=1)
        number = job.id
    assert "failed" in shell.say("jobs", "list", "fruit")
    listed = {each["job"]: each for each in shell.ask("jobs", "list", "fruit")}
    assert (listed[number]["state"], listed[number]["error"], listed[number]["round"]) == (
        "failed", "Unavailable", 1,
    )  # fmt: skip
    assert "is tried again" in shell.say("jobs", "again", "fruit", str(number))
    listed = {each["job"]: each for each in shell.ask("jobs", "list", "fruit")}
    assert (listed[number]["state"], listed[number]["attempts"]) == ("waiting", 0)
    assert "This study has no job 9999." in shell.fail("jobs", "again", "fruit", "9999")


def test_a_protocol_is_tried_without_being_kept(shell: Shell, ground: Ground) -> None:
    file = shell.write("other.yaml", PROTOCOL.replace("agree >= 70%", "agree >= 80%"))
    told = shell.say("protocol", "amend", "fruit", file, "--reason", "x", "--dry-run")
    assert "Nothing was changed." in told
    assert "agree >= 80%" in told
    broken = shell.write("broken.yaml", PROTOCOL.replace("agree", "agre"))
    assert "agre" in shell.fail("protocol", "amend", "fruit", broken, "--reason", "x", "--dry-run")
    assert "Nothing was changed." in shell.say("protocol", "set", "fruit", file, "--dry-run")
    assert len(shell.ask("protocol", "history", "fruit")) == 1


def test_the_next_round_is_foreseen_and_not_kept(shell: Shell, ground: Ground) -> None:
    with ground.database.reading() as session:
        pseudonym = session.scalars(select(Panellist.pseudonym).order_by(Panellist.id)).first()
    assert pseudonym is not None
    told = shell.say("feedback", "foresee", "fruit", pseudonym, "--round", "1")
    assert f"Round 2 as {pseudonym} sees it: round 1, release 1, 6 submissions" in told
    assert "own answer in round 1" in told
    assert "Not decided yet, shown as proposed: Apples, Pears." in told
    # Apples would be accepted, and so not asked again.
    assert {
        each["item"] for each in shell.ask("feedback", "foresee", "fruit", pseudonym, "--round", "1")["items"]
    } == {"pears"}
    with ground.database.reading() as session:
        assert session.scalars(select(Round.state)).all() == ["closed"]
    assert "no 'P-NOBODY'" in shell.fail("feedback", "foresee", "fruit", "P-NOBODY", "--round", "1")
