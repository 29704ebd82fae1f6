"""The pages of proposals: every one finds its place, in the list, side by side, as an item, or by a file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from surveyapp.services.item_history import read_all_decisions
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient
from tests.support.proposing import close, lay_proposing, name, propose, read
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join

if TYPE_CHECKING:
    from collections.abc import Sequence

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
LINES = (
    ("Higher river dykes", "Dams <upstream> by Dr Ada"),
    ("River dykes that are higher", "Flood maps for all"),
    ("More wetlands",),
)


def lay(database: Database, lines: Sequence[Sequence[str]] = LINES) -> Ground:
    """A round 0 in which these were proposed, closed."""
    ground = lay_proposing(database)
    for member, each in enumerate(lines):
        propose(ground, member, *each)
    return ground


@pytest.fixture
def proposing(database: Database) -> Ground:
    """Proposals to work on, and those of another study that must never appear."""
    other = lay_proposing(database, slug="noise")
    propose(other, 0, "From another study")
    close(other)
    ground = lay(database)
    close(ground)
    return ground


@pytest.fixture
def url(proposing: Ground, client: JudgingClient, sign_in: SignIn) -> str:
    """The list's address, its owner signed in."""
    sign_in(join(proposing, Role.OWNER))
    return f"/organiser/s/{proposing.slug}/rounds/0/proposals"


def test_they_are_listed_without_their_authors(client: JudgingClient, proposing: Ground, url: str) -> None:
    page = client.get(url)
    assert "5 proposals" in page.words
    assert "Dams <upstream> by Dr Ada" in page.words
    assert "From another study" not in page.words
    assert "P-" not in page.words
    assert client.get(f"{url}?words=WETLANDS").words.count("More wetlands") > 0
    page = client.get(f"{url}?words=WETLANDS&state=unread")
    assert len(page.find_all("article")) == 1
    assert not client.get(f"{url}?state=set_aside").find_all("article")
    page = client.get(f"/organiser/s/{proposing.slug}/proposals", 303)
    assert page.response.location.endswith("/rounds/0/proposals")


def test_what_is_worded_alike_is_grouped_and_freed(
    client: JudgingClient, proposing: Ground, url: str
) -> None:
    page = client.get(f"{url}/alike")
    names = {box.get("value") for box in page.find_all("input", name="names")}
    pair = {name(proposing, "Higher river dykes"), name(proposing, "River dykes that are higher")}
    assert names == pair
    lead = page.find_all("input", name="names")[0].get("value", "")
    client.post(url, {"act": "group", "names": sorted(pair, key=lambda each: each != lead), "from": "alike"})
    found = read(proposing)
    grouped = [each.grouped_as for each in found.values() if each.grouped_as]
    assert grouped == [lead]
    assert "These say the same" in client.get(url).words
    assert "proposed by 2 people" in client.get(url).words
    assert not client.get(f"{url}/alike").find_all("input", name="names")
    client.post(url, {"act": "ungroup", "names": lead})
    assert not any(each.grouped_as for each in read(proposing).values())


@SQLITE
def test_who_leaves_one_out_is_told_and_nothing_is_lost(
    client: JudgingClient, proposing: Ground, url: str
) -> None:
    wetlands = name(proposing, "More wetlands")
    client.get(url)
    page = client.post(url, {"act": "set-aside", "names": wetlands, "because": " "}, expect=422)
    assert "Say why" in page.words
    (box,) = [box for box in page.find_all("input", name="names") if box.get("value") == wetlands]
    assert box.get("checked") is not None
    page = client.post(url, {"act": "set-aside", "because": "no measure"}, expect=422)
    assert "choose at least one" in page.words
    assert page.find_all("input", name="because")[0].get("value") == "no measure"
    client.post(url, {"act": "erase", "names": wetlands}, expect=400)


def test_one_is_set_aside_and_put_back(client: JudgingClient, proposing: Ground, url: str) -> None:
    wetlands = name(proposing, "More wetlands")
    client.get(url)
    reply = client.post(
        url, {"act": "set-aside", "names": wetlands, "because": "a wish", "state": "unread", "words": "e"}
    )
    assert "state=unread" in reply.response.location
    assert (read(proposing)["More wetlands"].state, read(proposing)["More wetlands"].because) == (
        "set_aside",
        "a wish",
    )
    assert "Why: a wish" in client.get(f"{url}?state=set_aside").words
    client.post(url, {"act": "put-back", "names": wetlands})
    assert read(proposing)["More wetlands"].state == "unread"


def test_a_name_is_taken_out(client: JudgingClient, proposing: Ground, url: str) -> None:
    text = "Dams <upstream> by Dr Ada"
    client.get(url)
    given = {"name": name(proposing, text), "text": " ", "seen": ""}
    page = client.post(f"{url}/redact", given, expect=422)
    assert "nothing would be left" in page.words
    client.post(f"{url}/redact", {**given, "text": "Dams upstream"})
    assert read(proposing)[text].released_text == "Dams upstream"
    page = client.post(f"{url}/redact", {**given, "text": "Dams"}, expect=409)
    assert "in the meantime" in page.words
    assert page.find_all("textarea", id=f"{given['name']}-text")[0].text == "Dams"


def test_a_group_becomes_one_item(client: JudgingClient, proposing: Ground, url: str) -> None:
    lead, other = name(proposing, "Higher river dykes"), name(proposing, "River dykes that are higher")
    client.get(url)
    client.post(url, {"act": "group", "names": [lead, other], "lead": lead})
    page = client.get(f"{url}/{lead}/item")
    assert page.find_all("input", name="new-title.en")[0].get("value") == "Higher river dykes"
    assert "River dykes that are higher" in page.words
    typed = {"new-title.en": "Higher dykes", "new-definition.en": "Along rivers.", "reason": ""}
    page = client.post(f"{url}/{lead}/item", typed, expect=422)
    assert page.find_all("input", name="new-title.en")[0].get("value") == "Higher dykes"
    client.post(f"{url}/{lead}/item", {**typed, "reason": "two proposed it"})
    with proposing.database.reading() as session:
        decided = read_all_decisions(session, study_id=proposing.study_id, cohort="")[0]
    made = decided["higher-dykes"].detail
    assert set(made.proposals) == {lead, other}
    assert made.item is not None
    assert made.item.definition is not None
    assert {each.item for each in read(proposing).values() if each.state == "item"} == {"higher-dykes"}
    page = client.get(f"{url}?state=item")
    assert len(page.find_all("article")) == 1
    assert "found its place already" in client.get(f"{url}/{lead}/item").words
    assert client.get(f"{url}/{lead}/item").find_all("input", name="new-title.en") == []
    # Now there is an item that can cover another.
    maps = name(proposing, "Flood maps for all")
    client.get(url)
    client.post(url, {"act": "cover", "names": maps, "item": ""}, expect=422)
    client.post(url, {"act": "cover", "names": maps, "item": "higher-dykes"})
    assert read(proposing)["Flood maps for all"].state == "covered"
    client.get(f"{url}/N-NOTTHERE/item", 404)


def test_a_file_goes_out_and_comes_back(client: JudgingClient, proposing: Ground, url: str) -> None:
    client.get(url)
    reply = client.post(f"{url}/sheet", {"format": "csv"}, expect=200).response
    rows = list(csv.DictReader(io.StringIO(reply.get_data().decode("utf-8-sig"))))
    reply.close()
    assert len(rows) == 5
    for row in rows:
        row["item"] = "wetlands" if row["text"] == "More wetlands" else ""
        row["set aside because"] = "a wish" if row["text"].startswith("Flood") else ""

    def sent(go: str, reason: str = "the panel") -> dict[str, Any]:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        return {"file": (io.BytesIO(out.getvalue().encode()), "mine.csv"), "go": go, "reason": reason}

    client.get(url)
    page = client.post(f"{url}/bring", sent("check", ""), expect=200)
    assert "1 items made" in page.words
    assert {each.state for each in read(proposing).values()} == {"unread"}
    page = client.post(f"{url}/bring", sent("bring", ""), expect=422)
    assert "say why" in page.words
    reply = client.post(f"{url}/bring", sent("bring")).response
    assert "1 set aside" in client.get(reply.location).words
    assert read(proposing)["More wetlands"].item == "wetlands"
    assert read(proposing)["Flood maps for all"].because == "a wish"
    rows[0]["says the same as"] = rows[0]["proposal"]
    rows[1]["proposal"] = "N-NOTTHERE"
    client.get(url)
    page = client.post(f"{url}/bring", sent("bring"), expect=422)
    assert "row 2" in page.words
    assert "row 3" in page.words
    client.get(url)
    page = client.post(f"{url}/bring", {"go": "bring", "reason": "the panel"}, expect=422)
    assert "choose the XLSX or CSV file" in page.words


@SQLITE
def test_nobody_peeks_into_an_open_round(client: JudgingClient, database: Database, sign_in: SignIn) -> None:
    ground = lay(database)
    sign_in(join(ground, Role.OWNER))
    page = client.get(f"/organiser/s/{ground.slug}/rounds/0/proposals")
    assert "is not closed" in page.words
    assert "wetlands" not in page.words


@SQLITE
def test_a_long_list_comes_in_pages(client: JudgingClient, database: Database, sign_in: SignIn) -> None:
    ground = lay_proposing(database, people=16)
    for member in range(16):
        propose(ground, member, *(f"Thought {chr(65 + member)}{place}" for place in range(4)))
    close(ground)
    sign_in(join(ground, Role.OWNER))
    url = f"/organiser/s/{ground.slug}/rounds/0/proposals"
    first, second = client.get(url), client.get(f"{url}?page=2")
    assert len(first.find_all("article")) == 50
    assert len(second.find_all("article")) == 14
    assert len(client.get(f"{url}?page=99").find_all("article")) == 14


@SQLITE
def test_a_moderator_reads_but_makes_no_item(
    client: JudgingClient, proposing: Ground, sign_in: SignIn
) -> None:
    sign_in(join(proposing, Role.MODERATOR))
    url = f"/organiser/s/{proposing.slug}/rounds/0/proposals"
    page = client.get(url)
    assert "More wetlands" in page.words
    assert "Make an item of it" not in page.words
    assert "Bring a file back" not in page.words


@SQLITE
def test_the_tab_is_there_only_where_items_are_proposed(
    client: JudgingClient, answered: Ground, database: Database, sign_in: SignIn
) -> None:
    sign_in(join(answered, Role.OWNER))
    assert "Proposals" not in client.get(f"/organiser/s/{answered.slug}/protocol").words
    ground = lay_proposing(database)
    sign_in(join(ground, Role.OWNER))
    assert "Proposals" in client.get(f"/organiser/s/{ground.slug}/protocol").words


def test_what_waits_is_said_where_the_study_goes_on(
    client: JudgingClient, proposing: Ground, url: str
) -> None:
    rounds = f"/organiser/s/{proposing.slug}/rounds"
    page = client.get(rounds)
    assert "5 proposals of round 0 have found no place yet." in page.words
    assert "Nothing that was proposed has become an item yet" in page.words
    # Of a round that only collected items there is nothing to release, and nobody is kept out after it.
    assert "is not released yet" not in page.words
    assert "everybody who was invited: 5 panellists" in page.words
    assert page.find_all("a", href=f"{url}?state=unread")
    page = client.get(f"{rounds}/0/release")
    assert "5 proposals of round 0 have found no place yet." in page.words
    wetlands = name(proposing, "More wetlands")
    client.get(f"{url}/{wetlands}/item")
    client.submit({"reason": "one proposed it"}, action="/item")
    page = client.get(rounds)
    assert "4 proposals of round 0 have found no place yet." in page.words
    assert "Nothing that was proposed" not in page.words
    assert "It asks for ratings of 1 item" in page.words
