"""The record of acts and the jobs, each on its page."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from surveyapp.models import AuditEntry, Job
from surveyapp.services import audit, queue
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.audit import routes
from surveyapp.web.organiser.audit.words import act_words
from tests.support.judging import JudgingClient, Page
from tests.support.studies import Ground

if TYPE_CHECKING:
    from flask import Flask

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def acts(page: Page) -> list[str]:
    """The acts on the page, by their short names."""
    tables = page.find_all("table", class_="record")
    return [each.get("title", "") for table in tables for each in table.iter("strong")]


def rows(page: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(page.response.get_data(as_text=True))))


def test_the_record_is_filtered_and_paged(
    client: JudgingClient, answered: Ground, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered.close()
    found = acts(client.get(f"{desk}/audit"))
    assert found[0] == "round.close"
    assert {"round.open", "protocol.lock", "study.create"} <= set(found)
    assert acts(client.get(f"{desk}/audit?act=round")) == ["round.close", "round.open"]
    assert acts(client.get(f"{desk}/audit?act=round.open")) == ["round.open"]
    assert acts(client.get(f"{desk}/audit?act=roun")) == []
    assert acts(client.get(f"{desk}/audit?actor=nobody")) == []
    assert acts(client.get(f"{desk}/audit?since=2126-01-01")) == []
    assert acts(client.get(f"{desk}/audit?until=2126-01-01")) == found
    assert acts(client.get(f"{desk}/audit?until=2001-01-01")) == []
    for strange in ("since=yesterday", "until=9999-12-31", "since=0001-01-01", "page=7", "act=%25"):
        client.get(f"{desk}/audit?{strange}")
    monkeypatch.setattr(routes, "MOST", 1)
    page = client.get(f"{desk}/audit?act=round&page=2")
    assert acts(page) == ["round.open"]
    assert "Page 2 of 2" in page.words
    (link,) = page.find_all("a", rel="prev")
    assert "act=round" in (link.get("href") or "")


def test_the_record_is_taken_home_without_a_formula(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    with answered.database.verb() as session:
        key = {"study_id": answered.study_id, "now": read_now(session), "actor": "=cmd()"}
        audit.record(session, act="item.decide", reason="=1+1, “so”", **key)  # type: ignore[arg-type]  # as named
        # Another study's acts are nobody's business here.
        audit.record(session, act="round.open", **{**key, "study_id": None})  # type: ignore[arg-type]  # as named
    page = client.get(f"{desk}/audit")
    (link,) = [each for each in page.find_all("a") if page.words_of(each) == "Download as CSV"]
    found = rows(client.get(link.get("href", "")))
    assert [each["act"] for each in found][-1] == "item.decide"
    assert found[-1]["actor"] == "'=cmd()"
    assert found[-1]["reason"] == "'=1+1, “so”"
    assert len(found) == len(acts(page))
    filtered = rows(client.get(f"{desk}/audit.csv?act=round"))
    assert {each["act"] for each in filtered} == {"round.open"}


def add_job(ground: Ground, **values: object) -> int:
    with ground.database.verb() as session:
        session.execute(delete(Job))
        now = read_now(session)
        job = Job(key="k", kind="round.settle", study_id=ground.study_id, payload='{"round": 1}', run_at=now)
        for name, value in values.items():
            setattr(job, name, now + value if isinstance(value, timedelta) else value)
        session.add(job)
        session.flush()
        return job.id


def test_a_job_that_was_given_up_runs_again(client: JudgingClient, answered: Ground, desk: str) -> None:
    number = add_job(answered, attempts=12, done_at=timedelta(), error="Unavailable")
    page = client.get(f"{desk}/jobs")
    assert "Gather the reasons of round 1 and draft its release" in page.words
    assert "Attempt 12 of 12 ended with Unavailable" in page.words
    assert "given up" in page.words
    page = client.submit({}, action=f"/jobs/{number}/again", follow=True)
    assert "waiting" in page.words
    with answered.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "job.again")).one()
        assert entry.actor == "owner@example.org"
    with answered.database.verb() as session:
        claimed = queue.claim(session, now=read_now(session))
    assert claimed is not None
    assert (claimed.id, claimed.attempt) == (number, 1)


def test_jobs_that_need_nobody_are_left_alone(client: JudgingClient, answered: Ground, desk: str) -> None:
    number = add_job(answered, attempts=1, lease_until=timedelta(minutes=5))
    page = client.get(f"{desk}/jobs")
    assert "running" in page.words
    page = client.post(f"{desk}/jobs/{number}/again", expect=409)
    assert "A worker is at it in this moment." in page.words
    number = add_job(answered, attempts=1, done_at=timedelta())
    page = client.post(f"{desk}/jobs/{number}/again", expect=409)
    assert "This job is done already." in page.words
    with answered.database.verb() as session:
        session.execute(delete(Job))
    page = client.post(f"{desk}/jobs/{number}/again", expect=404)
    assert "There are no jobs." in page.words


@SQLITE
def test_jobs_of_the_installation_are_not_shown(client: JudgingClient, answered: Ground, desk: str) -> None:
    number = add_job(answered, study_id=None, kind="upkeep.sweep", payload="{}")
    assert "There are no jobs." in client.get(f"{desk}/jobs").words
    client.post(f"{desk}/jobs/{number}/again", expect=404)


@SQLITE
def test_the_record_is_in_the_language_of_the_page(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    with answered.database.verb() as session:
        audit.record(
            session,
            study_id=answered.study_id,
            now=read_now(session),
            actor="jane@example.org",
            act="letters.send",
            detail={"kind": "reminder", "letters": 7, "automatic": True, "unheard_of": "x"},
        )
    client.http.set_cookie("surveyapp-language", "de", domain="127.0.0.1", path="/organiser")
    words = client.get(f"{desk}/audit").words
    assert "E-Mails gesendet" in words
    assert "von selbst: ja · Art: Erinnerung 1 · E-Mails: 7 · unheard of: x" in words
    assert "Runde geöffnet" in words


@SQLITE
def test_every_act_has_its_words(app: Flask) -> None:
    services = Path(act_words.__code__.co_filename).parents[3] / "services"
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(services.rglob("*.py")))
    acts = set(re.findall(r'\bact="([a-z]+\.[a-z_]+)"', source))
    of_accounts = {act for act in acts if act.startswith("organiser.")} - {"organiser.grant"}
    assert len(acts - of_accounts) > 40
    with app.test_request_context():
        assert [act for act in sorted(acts - of_accounts) if act_words(act) == act] == []
