"""A new study from the workplace: chosen or uploaded, with every problem shown, and what is to do next."""

from __future__ import annotations

import io
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from surveyapp.models import AuditEntry, Panellist, Study
from surveyapp.services import members
from surveyapp.services.instruments import get_instrument
from surveyapp.services.protocols import lock_protocol
from surveyapp.services.reading.setting_up import get_set_up
from surveyapp.services.shelf import list_shipped
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from tests.support.accounts import EMAIL, add_organiser, sign_in
from tests.support.judging import JudgingClient, Page
from tests.support.studies import SMALL

NAMED = {"title": "Fruit for all", "slug": "fruit", "contact_email": "team@example.org"}
BUILT_IN = "systemic-risk-mitigations"
one_database = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def signed_in(client: JudgingClient, database: Database) -> None:
    add_organiser(database, EMAIL)
    sign_in(client)


def send(client: JudgingClient, expect: int = 422, **fields: Any) -> Page:
    page = client.get("/organiser/new")
    token = page.find_all("input", name="csrf_token")[0].get("value", "")
    sent = {**NAMED, "csrf_token": token, "time_zone": "UTC", **fields}
    return client.upload("/organiser/new", sent, expect)


def upload(text: str | bytes, name: str = "mine.yaml") -> FileStorage:
    return FileStorage(io.BytesIO(text.encode() if isinstance(text, str) else text), name)


def count_studies(database: Database) -> int:
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(Study)).scalar_one()


def test_a_study_from_the_shelf_with_its_protocol(client: JudgingClient, database: Database) -> None:
    assert BUILT_IN in [each.name for each in list_shipped()]
    assert "New study" in client.get("/organiser/").words
    page = send(client, 303, questionnaire=BUILT_IN, with_protocol="y")
    assert page.location == "/organiser/s/fruit"
    shown = client.get(page.location).words
    for words in (
        "Questionnaire",
        "27 items",
        "Lock it",
        "Add people from a file",
    ):
        assert words in shown
    assert "surveyapp " not in shown
    for way in client.get(page.location).find("ol", class_="steps-to-go").iter("a"):
        client.get(way.get("href", ""))
    with database.verb() as session:
        study = get_study(session, slug="fruit")
        [member] = members.list_members(session, study_id=study.id)
        assert (member.email, member.role) == (EMAIL, "owner")
        assert get_set_up(session, study=study).missing == 2
        lock_protocol(session, study=study, now=read_now(session), actor="test")
        now = read_now(session)
        session.add(
            Panellist(study_id=study.id, id=7, pseudonym="P-7", state="invited", state_at=now, created_at=now)
        )
        session.flush()
        assert get_set_up(session, study=study).missing == 0
        assert (
            "study.create" in session.scalars(select(AuditEntry.act).where(AuditEntry.actor == EMAIL)).all()
        )
    assert "Open it, or plan when it opens" in client.get("/organiser/s/fruit").words


@one_database
def test_a_study_from_an_own_file(client: JudgingClient, database: Database) -> None:
    send(client, 303, questionnaire="own file", file=upload(SMALL), slug="")
    with database.reading() as session:
        study = get_study(session, slug="fruit-for-all")
        assert (study.title, study.protocol_number) == ("Fruit for all", 0)
        assert get_set_up(session, study=study).protocol == "advised"


@one_database
def test_items_may_stand_in_a_table_of_their_own(client: JudgingClient) -> None:
    with_table = SMALL.replace(
        "items:\n  - {id: apples, title: Apples, definition: A fruit.}\n"
        "  - {id: pears, title: Pears, definition: Another fruit.}\n",
        "items: {file: items.csv}\n",
    )
    assert "items.csv" in with_table
    page = send(client, questionnaire="own file", file=upload(with_table))
    assert "items.csv" in page.words
    table = upload("id,title,definition\nplums,Plums,A fruit.\n", "../../etc/items.csv")
    send(client, 303, questionnaire="own file", file=upload(with_table), table=table)


@one_database
def test_everything_that_is_wrong_is_shown_at_once(client: JudgingClient, database: Database) -> None:
    broken = SMALL.replace("kind: number", "kind: numbr").replace("scale: agreement}", "scale: agreemnt}")
    page = send(
        client,
        questionnaire="own file",
        file=upload(broken),
        title="",
        slug="Not A Slug",
        contact_email="nobody",
        time_zone="Mars",
    )
    assert len(page.find_all("span", class_="error")) == 4
    assert "mine.yaml:" in page.words
    assert len(page.find("div", class_="summary").findall("ul/li")) >= 2
    assert page.find("input", name="slug").get("value") == "Not A Slug"
    assert page.find("input", name="time_zone").get("value") == "Mars"
    assert page.find("input", name="questionnaire", value="own file").get("checked") is not None
    assert count_studies(database) == 0


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "empty.yaml"),
        (b"PK\x03\x04" + bytes(500), "questionnaire.yaml"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "questionnaire.yaml"),
        ("title: Käse".encode("utf-16"), "questionnaire.yaml"),
        (b"\xff\xd8\xff\xe0" * 10, "<img src=x onerror=alert(1)>.yaml"),
        (b"a: &a [*a, *a]", "bomb.yaml"),
        (b"!!python/object/apply:os.system ['id']", "tag.yaml"),
        (b"[" * 100_000, "deep.yaml"),
        (b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]><x>&y;</x>", "x.xml"),
        (b"- 1\n" * 20, "list.yaml.exe"),
        (b"x" * 1_200_000, "large.yaml"),
    ],
)
@one_database
def test_sec_75_80_81_what_is_no_questionnaire_is_refused_in_words(
    client: JudgingClient, database: Database, content: bytes, name: str
) -> None:
    page = send(client, questionnaire="own file", file=upload(content, name))
    assert "Nothing was made yet" in page.words
    assert not page.find_all("img")
    assert count_studies(database) == 0


@one_database
def test_sec_76_names_of_files_are_only_ever_shown(client: JudgingClient, database: Database) -> None:
    for name in ("../../x.yaml", "/etc/passwd", "C:\\x.yaml", "a\0b.yaml", "x" * 300, "con"):
        page = send(client, questionnaire="own file", file=upload("format: 2", name))
        assert "/etc" not in page.words
        assert ".." not in page.words
    assert count_studies(database) == 0


@one_database
def test_sec_74_a_file_of_fifty_megabytes_is_refused_in_words(
    client: JudgingClient, database: Database
) -> None:
    page = send(client, questionnaire="own file", file=upload(bytes(50_000_000), "film.yaml"))
    assert "The file has 50.0 megabytes, and at most 1 can be read." in page.words
    assert page.find("input", name="title").get("value") == "Fruit for all"
    page = send(client, 413, questionnaire="own file", file=upload(bytes(65_000_000), "film.yaml"))
    assert "That file is too large" in page.words
    table = upload(bytes(11_000_000), "items.csv")
    page = send(client, questionnaire="own file", file=upload(SMALL), table=table)
    assert "The file has 11.0 megabytes" in page.words
    assert count_studies(database) == 0


@one_database
def test_choosing_nothing_is_told_kindly(client: JudgingClient) -> None:
    assert "choose the file" in send(client, questionnaire="own file").words.lower()
    assert "choose one from the list" in send(client, questionnaire="no-such").words.lower()


def test_two_studies_of_one_name(client: JudgingClient) -> None:
    send(client, 303, questionnaire="own file", file=upload(SMALL))
    page = send(client, questionnaire="own file", file=upload(SMALL))
    assert "already a study" in page.words


def test_settings_are_changed_with_every_problem_at_once(client: JudgingClient, database: Database) -> None:
    send(client, 303, questionnaire="own file", file=upload(SMALL), contact_email="")
    assert "nobody to write to" in client.get("/organiser/s/fruit").words
    client.get("/organiser/s/fruit/settings")
    page = client.submit(
        {"title": " ", "contact_email": "nobody", "time_zone": "Mars"}, action="/settings", expect=422
    )
    assert len(page.find_all("span", class_="error")) == 3
    assert page.find("input", name="time_zone").get("value") == "Mars"
    client.submit(
        {"title": "Fruit  again", "contact_email": "team@example.org", "time_zone": "Europe/Berlin"},
        action="/settings",
    )
    assert "Experts can write to team@example.org" in client.get("/organiser/s/fruit").words
    with database.reading() as session:
        study = get_study(session, slug="fruit")
        assert (study.title, study.time_zone) == ("Fruit again", "Europe/Berlin")
        assert "study.change" in session.scalars(select(AuditEntry.act)).all()


LISTED = "Title;Definition;Code;Cost\nPlums;A fruit.;F1;low\nCherries;A small fruit.;F2;high\n"
ASKED: dict[str, Any] = {
    "question": "How important is it?",
    "criterion": "Importance",
    "scale": "importance",
    "language": "en",
}


@one_database
def test_a_list_of_items_is_looked_at_and_becomes_a_study(client: JudgingClient, database: Database) -> None:
    asked = {**ASKED, "groups": "Patients, Clinicians", "with_reasons": "y"}
    listed = upload(LISTED, "items.csv")
    looked = send(client, 200, questionnaire="list", list=listed, go="check", **asked)
    table = looked.words_of(looked.find("section", id="look"))
    for words in ("2 items", "Plums", "A small fruit.", "F2", "Groups: Patients, Clinicians."):
        assert words in table
    assert count_studies(database) == 0
    # What was read stands in the page, can be changed there, and no file is chosen again.
    text = looked.find("textarea", id="text").text or ""
    token = looked.find_all("input", name="csrf_token")[0].get("value", "")
    sent = {**NAMED, "csrf_token": token, "time_zone": "UTC", "questionnaire": "own file", "go": "make"}
    page = client.upload("/organiser/new", {**sent, "text": text.replace("Plums", "Damsons")}, 303)
    with database.reading() as session:
        study = get_study(session, slug="fruit")
        instrument = get_instrument(session, study_id=study.id, number=1)
    asked_of = instrument.questionnaire
    assert [each.title.get("en") for each in asked_of.items] == ["Damsons", "Cherries"]
    assert [each.id for each in asked_of.groups] == ["patients", "clinicians"]
    assert asked_of.items[0].categories[0].code == "F1"
    assert len(asked_of.scales["importance"].points) == 9
    assert "2 items" in client.get(page.location).words


@one_database
def test_everything_wrong_with_a_list_is_said(client: JudgingClient, database: Database) -> None:
    broken = upload("Name;Code\n;A\nPears;B\nPears;C\n", "items.csv")
    page = send(
        client, questionnaire="list", list=broken, title="", **{**ASKED, "question": "", "groups": "A"}
    )
    assert "items.csv: row 2" in page.words
    assert page.find("input", name="criterion").get("value") == "Importance"
    errors = {each.get("id") for each in page.find_all("span", class_="error")}
    assert {"question-error", "title-error"} <= errors
    assert "choose the file" in send(client, questionnaire="list", **ASKED).words.lower()
    assert count_studies(database) == 0


@one_database
def test_what_is_wrong_is_told_in_german(client: JudgingClient) -> None:
    client.http.set_cookie("surveyapp-language", "de", domain="127.0.0.1", path="/organiser")
    broken = (
        SMALL.replace("kind: number", "kind: numbr")
        .replace("scale: agreement}", "scale: agreemnt}")
        .replace("title: Apples", "title: 7")
    )
    page = send(client, questionnaire="own file", file=upload(broken))
    for words in (
        "„numbr“ ist keine Art von Frage; meinten Sie „number“?",
        "Skala „agreemnt“ gibt es nicht; meinten Sie „agreement“?",
        "hier gehört ein Text hin, nicht 7; setzen Sie ihn in Anführungszeichen",
    ):
        assert words in page.words
    doubled = send(client, questionnaire="own file", file=upload(SMALL.replace("id: pears", "id: apples")))
    assert "die Kennung „apples“ steht hier zum zweiten Mal" in doubled.words
    listed = send(
        client,
        questionnaire="own file",
        file=upload("format: 1\nitems: {file: items.csv}\n"),
        table=upload("id,Name\nplums,\n", "items.csv"),
    )
    assert "dieses Item hat keinen Titel; schreiben Sie einen oder entfernen Sie die Zeile" in listed.words
    unclosed = send(client, questionnaire="own file", file=upload('title: "Fruit\n'))
    assert "ein Text in Anführungszeichen wird nicht geschlossen" in unclosed.words
