"""The panel on pages: names or pseudonyms and never both, and people from a file, all or nobody."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.datastructures import FileStorage

from surveyapp.models import Identity, Panellist, Study
from surveyapp.services.permissions import Role
from surveyapp.services.reading.panel_lists import MOST, STANDINGS, get_panel_list
from surveyapp.services.unit import Database
from tests.support.judging import JudgingClient, Page
from tests.support.studies import Ground
from tests.web.organiser.conftest import SignIn, join

SQLITE = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)
TWO = "name,e-mail,group\nAda Lund,ada@example.org,North\nBo Berg,bo@example.org,South\n"


@pytest.fixture
def page(answered: Ground, client: JudgingClient, sign_in: SignIn) -> str:
    """The panel's address, with the owner signed in."""
    with answered.database.verb() as session:
        for number, seat in enumerate(session.scalars(select(Panellist)).all()):
            email = f"someone-{number}@example.org"
            session.add(
                Identity(
                    study_id=seat.study_id,
                    panellist_id=seat.id,
                    name=f"Someone Number{number}",
                    email=email,
                    email_key=email,
                )
            )
    sign_in(join(answered, Role.OWNER))
    return f"/organiser/s/{answered.slug}/panel"


def send(client: JudgingClient, page: str, content: str | bytes, *, go: str = "check", expect: int = 200,
         name: str = "people.csv", **more: str) -> Page:  # fmt: skip
    shown = client.get(f"{page}/import")
    token = shown.find_all("input", name="csrf_token")[0].get("value", "")
    body = content.encode() if isinstance(content, str) else content
    fields: dict[str, Any] = {"csrf_token": token, "go": go, "file": FileStorage(io.BytesIO(body), name)}
    fields |= more
    return client.upload(f"{page}/import", fields, expect)


def rows_of(page: Page, table: str) -> list[list[str]]:
    """The words of a table's cells."""
    rows = page.find("table", id=table).iterfind("tbody/tr")
    return [[page.words_of(cell) for cell in row] for row in rows]


def count(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Panellist)) or 0


def identities(ground: Ground) -> list[tuple[str, str, str]]:
    """Name, address and pseudonym of everybody on the panel."""
    with ground.database.reading() as session:
        rows = session.execute(
            select(Identity.name, Identity.email, Panellist.pseudonym).join(
                Panellist,
                (Panellist.study_id == Identity.study_id) & (Panellist.id == Identity.panellist_id),
            )
        )
        return [(row.name, row.email, row.pseudonym) for row in rows]


def test_names_stand_without_pseudonyms(client: JudgingClient, answered: Ground, page: str) -> None:
    shown = client.get(page)
    for name, email, pseudonym in identities(answered):
        assert name in shown.words
        assert email in shown.words
        assert pseudonym not in shown.text
    name, email, _pseudonym = identities(answered)[0]
    found = client.get(f"{page}?words={email.upper()}")
    rows = found.find("tbody").findall("tr")
    assert len(rows) == 1
    assert name in found.words_of(rows[0])
    assert "Nobody fits the filter." in client.get(f"{page}?words=%25").words


def test_where_organisers_are_blind_pseudonyms_stand_without_names(
    client: JudgingClient, answered: Ground, page: str, sign_in: SignIn
) -> None:
    with answered.database.verb() as session:
        session.execute(update(Study).values(anonymity="blind"))
    shown = client.get(page)
    for name, email, pseudonym in identities(answered):
        assert name not in shown.text
        assert email not in shown.text
        assert pseudonym in shown.words
    client.get(f"{page}/import", expect=403)
    # Looking for a name must not tell whether it is there.
    name = identities(answered)[0][0]
    assert "Nobody fits the filter." in client.get(f"{page}?words={name}").words
    sign_in(join(answered, Role.CUSTODIAN))
    named = client.get(page)
    assert all(name in named.words for name, _, _ in identities(answered))
    assert all(pseudonym not in named.text for _, _, pseudonym in identities(answered))


def test_everybody_is_in_one_state(client: JudgingClient, answered: Ground, page: str) -> None:
    totals = 0
    for state in STANDINGS:
        shown = client.get(f"{page}?standing={state}")
        totals += 0 if "Nobody fits" in shown.words else len(shown.find("tbody").findall("tr"))
    assert totals == len(answered.panel)
    client.get(f"{page}?standing=nonsense&group=%00&page=99999999999")


def test_people_from_a_file_are_looked_at_and_added(
    client: JudgingClient, database: Database, page: str
) -> None:
    before = count(database)
    looked = send(client, page, TWO)
    assert "2 panellists would be added." in looked.words
    assert count(database) == before
    added = send(client, page, TWO, go="add", expect=303)
    assert added.location.endswith("/panel?added=2")
    assert "2 panellists were added." in client.get(added.location).words
    assert count(database) == before + 2
    again = send(client, page, TWO, go="add", expect=422)
    assert [cells[:2] for cells in rows_of(again, "bad-rows")] == [
        ["2", "ada@example.org is on the panel already; take the row out."],
        ["3", "bo@example.org is on the panel already; take the row out."],
    ]
    assert count(database) == before + 2


def test_all_that_is_wrong_is_told_a_hundred_here_and_all_in_a_file(
    client: JudgingClient, database: Database, page: str
) -> None:
    before = count(database)
    bad = "name,e-mail,group\n" + "".join(f"Somebody,=nobody-{row},North\n" for row in range(3_000))
    shown = send(client, page, bad, go="add", expect=422)
    rows = rows_of(shown, "bad-rows")
    assert len(rows) == 100
    # As it stands in the sheet, beside what is wrong with it.
    assert (rows[0][0], rows[0][2:5]) == ("2", ["Somebody", "=nobody-0", "North"])
    assert "is not an e-mail address" in rows[0][1]
    assert "3000 things are wrong" in shown.words
    listed = send(client, page, bad, go="problems").response.get_data(as_text=True)
    assert listed.count("\n") == 3_001
    assert "row 3001" in listed
    assert count(database) == before


@SQLITE
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "people.csv"),
        (b"\xff\xfe\x00", "people.csv"),
        (b"name,e-mail\n", "no panellist below it"),
        (b"Ada,ada@example.org\n", "e-mail"),
        (b"a" * 50_000_000, "people.csv"),
    ],
    ids=["empty", "broken encoding", "only a header", "no header", "50 MB"],
)
def test_what_is_no_list_of_people_gets_a_sentence(
    client: JudgingClient, page: str, content: bytes, said: str
) -> None:
    shown = send(client, page, content, go="add", expect=422)
    assert said in shown.words_of(shown.find("div", class_="summary"))


@SQLITE
@pytest.mark.parametrize(("content", "name"), [(b"PK\x03\x04broken", "people.xlsx"), (b"MZ", "people.exe")])
def test_what_is_no_sheet_gets_a_sentence(
    client: JudgingClient, page: str, content: bytes, name: str
) -> None:
    shown = send(client, page, content, name=name, expect=422)
    assert shown.words_of(shown.find("div", class_="summary"))


def test_a_page_of_the_list_is_cut_in_the_database(answered: Ground) -> None:
    with answered.database.verb() as session:
        study = session.get_one(Study, answered.study_id)
        first = session.scalars(select(Panellist)).first()
        assert first is not None
        for number in range(2 * MOST):
            session.add(
                Panellist(
                    study_id=study.id,
                    id=number + 1,
                    pseudonym=f"P-X{number:04}",
                    group=first.group,
                    state_at=first.state_at,
                    created_at=first.created_at,
                )
            )
        session.flush()
        listed = get_panel_list(session, study=study, with_names=False, page=2)
        assert (listed.page, len(listed.rows)) == (2, MOST)
        assert listed.seats == listed.found == 2 * MOST + len(answered.panel)
        assert get_panel_list(session, study=study, with_names=False, page=99).page == 3
        assert get_panel_list(session, study=study, with_names=False, words="p-x00").found == 2 * MOST


@SQLITE
def test_names_are_kept_until_a_day_that_is_said(client: JudgingClient, page: str) -> None:
    client.get(page)
    refused = client.submit({"until": "2020-01-01"}, action=f"{page}/names", expect=422)
    assert "This day is over" in refused.words
    assert refused.find("input", id="until").get("value") == "2020-01-01"
    client.submit({"until": "2126-12-31"}, action=f"{page}/names")
    assert "until 2126-12-31" in client.get(page).words
    client.submit({"until": ""}, action=f"{page}/names")
    assert "as long as the study is there" in client.get(page).words


@SQLITE
def test_columns_that_are_not_understood_are_said_once_and_kept(
    client: JudgingClient, database: Database, page: str
) -> None:
    strange = "Wer,Kontakt,Team\nAda Lund,ada@example.org,North\nBo Berg,,South\n"
    asked = send(client, page, strange, expect=422)
    assert "there is no column for the e-mail address" in asked.words
    assert asked.find("details", class_="columns").get("open") is not None
    said = {"title-0": "Wer", "column-0": "name", "title-1": "Kontakt", "column-1": "email"}
    said |= {"title-2": "Team", "column-2": "group"}
    wrong = send(client, page, strange, expect=422, **said)
    assert rows_of(wrong, "bad-rows")[0][:4] == [
        "3", "the e-mail address is missing; each panellist needs one of their own.", "Bo Berg", ""
    ]  # fmt: skip
    chosen = [
        option.get("value")
        for option in wrong.find("select", id="column-1")
        if option.get("selected") is not None
    ]
    assert chosen == ["email"]
    before = count(database)
    send(client, page, strange.replace("Berg,", "Berg,bo@example.org"), go="add", expect=303, **said)
    assert count(database) == before + 2
    # What was said of one sheet is not said of another.
    send(client, page, "Was,Adresse\nx,cy@example.org\n", expect=422, **said)
    without = send(client, page, "ada@example.org,e-mail\nx,cy@example.org\n", expect=422)
    assert "the group is missing" in without.words
    first = send(
        client, page, "cy@example.org\n", expect=422, **{"title-0": "cy@example.org", "column-0": "email"}
    )
    assert "an address stands where the columns are named" in first.words


@SQLITE
def test_who_may_be_on_the_panel_already_stands_beside_the_row(
    client: JudgingClient, database: Database, page: str
) -> None:
    alike = (
        "name,e-mail,group\nAda,SOMEONE-1@example.org,North\nNumber2 Someone,new@example.org,South\n"
        "Cy,cy@example.org,South\n"
    )
    shown = send(client, page, alike, expect=422)
    beside = [row[:3] for row in rows_of(shown, "beside-rows")]
    assert beside == [
        ["row 2 of the file", "Ada", "SOMEONE-1@example.org"],
        ["on the panel with this address", "Someone Number1", "someone-1@example.org"],
        ["row 3 of the file", "Number2 Someone", "new@example.org"],
        ["on the panel with the same name", "Someone Number2", "someone-2@example.org"],
    ]
    listed = send(client, page, alike, go="problems").response.get_data(as_text=True)
    assert "SOMEONE-1@example.org is on the panel already" in listed
    before = count(database)
    looked = send(client, page, alike, known="leave_out")
    assert "2 panellists would be added. 1 row is left out" in looked.words
    send(client, page, alike, go="add", expect=303, known="leave_out")
    assert count(database) == before + 2
