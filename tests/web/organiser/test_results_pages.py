"""Results on pages: nothing while a round is open, then the table, the filter, and one item in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveyapp.services import releasing
from surveyapp.services.permissions import Role
from surveyapp.services.protocols import amend_protocol
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.web.organiser.results import routes
from tests.cli.test_commands import Shell
from tests.support.judging import JudgingClient, Page
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next, release_first_round
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, answers_of, join, rating

AREAS = ("north", "south")
SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def closed(answered: Ground, desk: str) -> str:
    """Round 1 is closed; the address of its pages."""
    answered.close()
    return f"{desk}/rounds/1"


def rows(page: Page) -> dict[str, list[str]]:
    """Item → the words of its cells."""
    (table,) = page.find_all("table", class_="heat")
    found = {}
    for row in table.iter("tr"):
        heads = [each for each in row.iter("th") if each.get("scope") == "row"]
        if heads:
            found[page.words_of(heads[0])] = [page.words_of(cell) for cell in row.iter("td")]
    return found


def test_an_open_round_shows_no_results(client: JudgingClient, desk: str) -> None:
    for part in ("results", "results/apples", "reasons", "reasons/apples", "decisions", "release"):
        page = client.get(f"{desk}/rounds/1/{part}")
        assert "Round 1 is not closed, so there is nothing to see here yet" in page.words
        assert "Apples" not in page.words
    for part in ("results", "reasons", "decisions", "release"):
        assert "No round is closed yet." in client.get(f"{desk}/{part}").words


def test_the_table_shows_every_rating_and_verdict(client: JudgingClient, closed: str) -> None:
    page = client.get(f"{closed}/results")
    found = rows(page)
    assert list(found) == ["Apples", "Pears"]
    assert found["Apples"][:2] == ["100 %median 3n 6", "100 %median 3n 6"]
    assert found["Pears"][0] == "50 %median 2n 6"
    assert found["Apples"][3].startswith("consensus")
    assert found["Pears"][3].startswith("no consensus")
    assert "6 of 6 answered." in page.words


def test_what_most_agree_on_stands_first_if_one_likes(
    client: JudgingClient, answered: Ground, desk: str
) -> None:
    for member in range(6):
        # Now pears are what all agree on, and apples nobody.
        changed = {
            rating(item, area): "13"[item == "pears"] for item in ("apples", "pears") for area in AREAS
        }
        give(answered, member, changed)
    answered.close()
    base = f"{desk}/rounds/1/results"
    assert list(rows(client.get(base))) == ["Apples", "Pears"]
    assert list(rows(client.get(f"{base}?order=agreement"))) == ["Pears", "Apples"]
    assert list(rows(client.get(f"{base}?order=nonsense"))) == ["Apples", "Pears"]


@SQLITE
def test_the_table_is_filtered_by_verdict_and_paged(
    client: JudgingClient, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(rows(client.get(f"{closed}/results?verdict=no+consensus"))) == ["Pears"]
    assert "No item has this verdict." in client.get(f"{closed}/results?verdict=nonsense").words
    monkeypatch.setattr(routes, "MOST", 1)
    page = client.get(f"{closed}/results")
    assert list(rows(page)) == ["Apples"]
    (link,) = page.find_all("a", rel="next")
    page = client.get(f"{closed.rsplit('/rounds', 1)[0]}{link.get('href', '').split('fruit', 1)[1]}")
    assert list(rows(page)) == ["Pears"]
    assert "Page 2 of 2" in page.words
    for strange in ("0", "-1", "x", "99999999999", "99"):
        client.get(f"{closed}/results?page={strange}")


def test_one_item_is_shown_in_full(client: JudgingClient, closed: str) -> None:
    page = client.get(f"{closed}/results/pears")
    assert "Ratings 6" in page.words.replace("Ratings6", "Ratings 6")
    assert "3 of 6, 50 %" in page.words
    assert "percentage-agreement(70%)" in page.words
    assert "Proposed: keep." in page.words
    points = [page.words_of(row) for row in page.find_all("table", class_="points")[0].iter("tr")][1:]
    assert points == ["1 Disagree3 50 %", "2 Neither0 0 %", "3 Agree3 50 %"]
    client.get(f"{closed}/results/plums", expect=404)
    client.get(f"{closed.replace('/1', '/7')}/results", expect=404)


def test_what_cannot_be_said_is_told_in_words(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=("north", "both", "both"), is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    answers = answers_of(1)
    give(opened, 0, {key: value for key, value in answers.items() if key.context != "south"})
    give(opened, 1, answers | {rating("pears", "south"): "dont-know"})
    ground.close()
    sign_in(join(ground, Role.OWNER))
    page = client.get(f"/organiser/s/{ground.slug}/rounds/1/results")
    found = rows(page)
    assert found["Pears"][1] == "1 said that they cannot judge"
    assert found["Apples"][3].startswith("insufficient data")
    page = client.get(f"/organiser/s/{ground.slug}/rounds/1/results/pears")
    assert "Too few people rated it for a verdict" in page.words
    assert "not shown: too few people" in page.words


def test_groups_are_shown_as_far_as_nobody_is_given_away(
    client: JudgingClient, database: Database, tmp_path: Path, sign_in: SignIn
) -> None:
    groups = ("north",) * 3 + ("both",) * 4
    ground = lay_ground(database, load_text(SMALL, tmp_path), groups=groups, is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    for member, group in enumerate(groups):
        answers = answers_of(member)
        if group == "north":
            answers = {key: each for key, each in answers.items() if key.context != "south"}
        give(opened, member, answers)
    ground.close()
    sign_in(join(ground, Role.OWNER))
    base = f"/organiser/s/{ground.slug}/rounds/1/results"
    of_north = rows(client.get(f"{base}?group=north"))
    assert of_north["Apples"][0] == "100 %median 3n 3"
    assert of_north["Apples"][1] == "not showntoo few people"
    assert rows(client.get(f"{base}?group=nobody"))["Apples"][0] == "not showntoo few people"


def test_a_second_round_shows_how_medians_moved(client: JudgingClient, answered: Ground, desk: str) -> None:
    release_first_round(answered)
    second = open_next(answered)
    for member in range(6):
        give(second, member, {rating("pears", "north"): "3", rating("pears", "south"): "3"})
    second.close()
    page = client.get(f"{desk}/rounds/2/results")
    assert rows(page)["Pears"][0] == "100 %median 2 → 3n 6"
    assert [page.words_of(link) for link in page.find("nav", class_="parts").iter("a")] == [
        "Round 1",
        "Round 2",
    ]
    item = client.get(f"{desk}/rounds/2/results/pears")
    assert "Shift since the round before" in item.words


@SQLITE
def test_what_the_rule_of_stopping_says_stands_on_every_page_about_the_round(
    client: JudgingClient, answered: Ground, desk: str, sign_in: SignIn
) -> None:
    answered.close()
    releasing.settle_round(answered.database, study_id=answered.study_id, number=1, actor="test")
    said = "Round 1 is not the last one that the protocol plans."
    figures = "After round 1: 1 of 2 items settled, 1 open; 0 stable when last rated."
    proposed = "2 items are not decided yet and count as the protocol proposes."
    for place in ("", "/rounds", "/rounds/1/results", "/rounds/1/decisions"):
        assert f"{said} {figures} {proposed}" in client.get(f"{desk}{place}").words, place
    # How many items are settled is a result, and not for everybody who sees how rounds go.
    sign_in(join(answered, Role.OBSERVER))
    assert figures not in client.get(desk).words


@SQLITE
def test_what_departed_from_the_plan_stands_above_the_results(
    client: JudgingClient, answered: Ground, closed: str, database_url: str, tmp_path: Path
) -> None:
    assert "What departed from the plan" not in client.get(f"{closed}/results").words
    with answered.database.verb() as session:
        amend_protocol(
            session,
            study=get_study(session, slug=answered.slug),
            file="protocol.yaml",
            content=PROTOCOL.replace("70%", "75%").encode(),
            reason="As the <board> asked",
            now=read_now(session),
            actor="test",
        )
    words = client.get(f"{closed}/results").words
    assert "What departed from the plan (1)" in words
    assert "The protocol was amended: version 2. Why: As the <board> asked" in words
    told = Shell(database_url, tmp_path).say("results", answered.slug)
    assert "Protocol amended to version 2, 20" in told
    assert ": As the <board> asked" in told


def test_an_analyst_sees_results_and_no_more(
    client: JudgingClient, answered: Ground, sign_in: SignIn
) -> None:
    answered.close()
    sign_in(join(answered, Role.ANALYST))
    base = f"/organiser/s/{answered.slug}"
    page = client.get(f"{base}/rounds/1/results/apples")
    assert "Reasons on it" not in page.words
    assert "Decide about it" not in page.words
    tabs = [page.words_of(link) for link in page.find("nav", class_="tabs").iter("a")]
    assert tabs == ["Overview", "Rounds", "Results", "Attrition", "Export", "Protocol"]
    refused = client.get(f"{base}/rounds/1/reasons", expect=403)
    assert "Your role is: analyst." in refused.words
