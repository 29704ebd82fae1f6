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
         name: str = "people.csv") -> Page:  # fmt: skip
    shown = client.get(f"{page}/import")
    token = shown.find_all("input", name="csrf_token")[0].get("value", "")
    body = content.encode() if isinstance(content, str) else content
    fields: dict[str, Any] = {"csrf_token": token, "go": go, "file": FileStorage(io.BytesIO(body), name)}
    return client.upload(f"{page}/import", fields, expect)


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
    assert "row 2: ada@example.org is on the panel already" in again.words
    assert count(database) == before + 2


def test_all_that_is_wrong_is_told_a_hundred_here_and_all_in_a_file(
    client: JudgingClient, database: Database, page: str
) -> None:
    before = count(database)
    bad = "name,e-mail,group\n" + "".join(f"Somebody,=nobody-{row},North\n" for row in range(3_000))
    shown = send(client, page, bad, go="add", expect=422)
    lines = [shown.words_of(line) for line in shown.find("div", class_="summary").iter("li")]
    assert len(lines) == 100
    assert lines[0].startswith("row 2:")
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
