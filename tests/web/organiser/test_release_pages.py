"""Releasing on pages: what is missing, the next round with an expert's eyes, and only what was looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.delphi.lineage import Decided, Detail, Outcome, Wording
from surveyapp.models import Base, Release
from surveyapp.questionnaire.model import Text
from surveyapp.services import deciding
from surveyapp.services.permissions import Role
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.judging import JudgingClient
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, answers_of, join, rating

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def closed(client: JudgingClient, answered: Ground, desk: str) -> str:
    """Round 1 is closed by its button; the address of its pages."""
    client.get(f"{desk}/rounds")
    client.submit({}, action="/rounds/1/close")
    return f"{desk}/rounds/1"


def pseudonym(ground: Ground, member: int = 0) -> str:
    return f"P-{ground.panel[member].panellist_id:X}"


def dump(ground: Ground) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with ground.database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


def released(ground: Ground) -> list[ReleaseContent]:
    with ground.database.reading() as session:
        rows = session.scalars(select(Release.content).where(Release.released_at.is_not(None)))
        return [ReleaseContent.from_canonical(content) for content in rows]


def decide(ground: Ground, decided: Decided) -> None:
    with ground.database.verb() as session:
        study, now = get_study(session, slug=ground.slug), read_now(session)
        deciding.decide(session, study=study, number=1, decided=decided, now=now, actor="test")


def test_what_is_missing_is_named_and_refused(client: JudgingClient, answered: Ground, closed: str) -> None:
    page = client.get(f"{closed}/release")
    assert "Apples: 6 reasons have not been dealt with" in page.words
    assert "2 items have no decision: Apples, Pears. Decisions" in page.words
    assert "the side for has given" in page.words
    page = client.submit({"note": "Dear panel,"}, action="/release", expect=409)
    assert "cannot be released while reasons are not accounted for" in page.words
    assert page.read_form(page.find_form("/rounds/1/release"))["note"] == ["Dear panel,"]
    assert released(answered) == []


def test_figures_may_go_first_and_the_record_says_so(
    client: JudgingClient, answered: Ground, closed: str
) -> None:
    client.get(f"{closed}/release")
    page = client.submit({"note": "More later.", "figures-first": "yes"}, action="/release", follow=True)
    assert "What was missing, as the record says" in page.words
    assert "No decision yet on: apples, pears." in page.words
    assert "More later." in page.words
    (content,) = released(answered)
    assert content.note == "More later."
    assert len(content.missing) == 3


@pytest.mark.parametrize("changed", ["decision", "answers"])
def test_what_changed_since_it_was_looked_at_is_not_released(
    client: JudgingClient, answered: Ground, closed: str, changed: str
) -> None:
    client.get(f"{closed}/release")
    looked_at = client.page
    if changed == "decision":
        decide(answered, Decided("pears", Outcome.DROP, "nobody wants them"))
    else:
        client.get(closed.removesuffix("/1"))
        client.submit({"reason": "once more"}, action="/rounds/1/reopen")
        give(answered, 1, {rating("pears", "north"): "1"})
        client.get(closed.removesuffix("/1"))
        client.submit({}, action="/rounds/1/close")
    page = client.submit({"figures-first": "yes"}, action="/release", page=looked_at, expect=409)
    assert "is not what you looked at" in page.words
    assert released(answered) == []
    client.submit({"figures-first": "yes"}, action="/release")
    assert len(released(answered)) == 1


@SQLITE
def test_nobody_releases_without_having_looked(client: JudgingClient, answered: Ground, closed: str) -> None:
    client.get(f"{closed}/release")
    client.post(f"{closed}/release", {"figures-first": "yes", "reviewed": ""}, expect=400)
    assert released(answered) == []


def test_looking_changes_nothing(client: JudgingClient, answered: Ground, closed: str, desk: str) -> None:
    urls = [
        f"{closed}/{part}"
        for part in (
            "release",
            "results",
            "results/pears",
            "decisions",
            "decisions/pears",
            "reasons",
            "reasons/pears",
            "new-item",
        )
    ]
    urls += [f"{closed}/release/as/{pseudonym(answered)}/{key}" for key in ("news", "rate.north", "choose")]
    urls += [f"{desk}/{part}" for part in ("rounds", "protocol", "audit", "audit.csv", "jobs", "themes")]
    before = dump(answered)
    for url in urls:
        client.get(url).response.close()
    assert dump(answered) == before


def test_a_missing_draft_is_made_by_a_button(client: JudgingClient, answered: Ground, desk: str) -> None:
    answered.close()
    page = client.get(f"{desk}/rounds/1/release")
    assert "There is no draft from the answers as they stand." in page.words
    refused = client.get(f"{desk}/rounds/1/release/as/{pseudonym(answered)}/news", expect=409)
    assert "is not drafted from the answers as they stand" in refused.words
    page = client.submit({}, action="/release/draft", follow=True)
    assert "It is made from 6 submissions." in page.words


def test_the_next_round_is_seen_as_an_expert_will_see_it(
    client: JudgingClient, answered: Ground, closed: str
) -> None:
    wording = Wording(title=Text({"*": "Ripe pears"}))
    decide(answered, Decided("pears", Outcome.REVISE, "unclear", Detail(wording=wording, is_comparable=True)))
    decide(answered, Decided("apples", Outcome.ACCEPT, "agreed"))
    page = client.get(f"{closed}/release/as/{pseudonym(answered)}/rate.north")
    assert f"Round 2 as {pseudonym(answered)} would see it" in page.words
    assert "Ripe pears" in page.words
    assert "Before: “Pears”." in page.words
    assert "Your answer in round 1: Disagree." in page.words
    assert "6 experts rated this in round 1." in page.words
    assert not page.find_all("article", aria_labelledby="fruit-apples")
    assert not page.find_all("form", id="answers")
    other = client.get(f"{closed}/release/as/{pseudonym(answered, 1)}/rate.north")
    assert "Your answer in round 1: Agree." in other.words
    news = client.get(f"{closed}/release/as/{pseudonym(answered)}/news")
    assert "Reworded since round 1." in news.words
    client.get(f"{closed}/release/as/{pseudonym(answered)}/nowhere", expect=404)
    unknown = client.get(f"{closed}/release/as/P-NOBODY/news", expect=404)
    assert "There is no 'P-NOBODY' on this panel." in unknown.words


def test_what_was_foreseen_is_what_comes(client: JudgingClient, answered: Ground, closed: str) -> None:
    """The very pieces that the expert gets stood on the preview, and what was tried leaves nothing behind."""
    base = f"{closed}/release/as/{pseudonym(answered)}"
    # The same wording, first as comparable and then not: what the first look made must not be kept.
    for is_comparable in (True, False):
        detail = Detail(wording=Wording(title=Text({"*": "Ripe pears"})), is_comparable=is_comparable)
        decide(answered, Decided("pears", Outcome.REVISE, "unclear", detail))
        seen = client.get(f"{base}/rate.south")
        assert ("Your answer in round 1" in seen.words) is is_comparable
    preview = article(client, "fruit-pears")
    decide(answered, Decided("apples", Outcome.DROP, "settled"))
    client.get(f"{closed}/release")
    client.submit({"figures-first": "yes"}, action="/release")
    open_next(answered)
    expert = JudgingClient(client.app, client.base_url)
    expert.get(f"/l/{answered.panel[0].token}")
    expert.submit({}, action="/l/start", follow=True)
    expert.get(f"/s/{answered.slug}/p/rate.south")
    assert article(expert, "fruit-pears") == preview


def article(client: JudgingClient, name: str) -> str:
    """The words of an item's card on the page last seen."""
    assert client.page is not None
    return client.page.words_of(client.page.find("article", aria_labelledby=name))


def test_a_study_without_protocol_has_a_next_round_too(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3)
    for member in range(3):
        give(ground, member, answers_of(member))
    sign_in(join(ground, Role.OWNER))
    base = f"/organiser/s/{ground.slug}/rounds"
    client.get(base)
    client.submit({}, action="/rounds/1/close")
    page = client.get(f"{base}/1/release/as/{pseudonym(ground)}/news")
    assert "It helps in North." in page.words
    assert "6 experts rated" not in page.words


def test_after_the_last_round_there_is_no_next_one(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("both",) * 3, is_open=False)
    lines = PROTOCOL.splitlines()
    of_one_round = (line for line in lines if "number: 2" not in line and "number: 3" not in line)
    set_protocol(ground, "\n".join(line for line in of_one_round if "stability" not in line))
    opened = open_next(ground)
    for member in range(3):
        give(opened, member, answers_of(member))
    sign_in(join(ground, Role.OWNER))
    base = f"/organiser/s/{ground.slug}/rounds"
    client.get(base)
    client.submit({}, action="/rounds/1/close")
    page = client.get(f"{base}/1/release/as/{pseudonym(ground)}/news", expect=409)
    assert "The protocol plans rounds up to 1, and they are over." in page.words
    assert "No further round is planned" in client.get(base).words
    client.get(f"{base}/1/release")
    client.submit({"figures-first": "yes"}, action="/release")
    assert len(released(ground)) == 1


@SQLITE
def test_without_a_pseudonym_one_stays_where_one_was(client: JudgingClient, closed: str) -> None:
    page = client.get(f"{closed}/release/as?expert=", expect=303)
    assert page.location == f"{closed}/release"
    page = client.get(f"{closed}/release/as?expert=a/b", expect=303)
    assert page.location == f"{closed}/release"


@SQLITE
def test_whoever_may_see_no_results_sees_no_preview(
    client: JudgingClient, answered: Ground, closed: str, sign_in: SignIn
) -> None:
    for role in (Role.CUSTODIAN, Role.MODERATOR, Role.OBSERVER):
        sign_in(join(answered, role))
        client.get(f"{closed}/release/as/{pseudonym(answered)}/news", expect=403)
