"""Markup in every text of a study, strange addresses and bodies: shown as text, refused, never run."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import update

from surveyapp.models import Identity, Study
from surveyapp.questionnaire.cells import CellKey
from surveyapp.services.permissions import Role
from surveyapp.services.unit import Database
from tests.support.addresses import organiser_addresses
from tests.support.judging import JudgingClient, Page
from tests.support.protocols import set_protocol
from tests.support.second_round import give, open_next
from tests.support.studies import SMALL, Ground, lay_ground, load_text
from tests.web.organiser.conftest import PROTOCOL, SignIn, answers_of, join, reason_on

if TYPE_CHECKING:
    from flask import Flask

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)

MARKUP = "</script><img src=x onerror=alert(1)>\"'{{7*7}}"
TITLES = ("Agree", "Effect", "Areas", "North", "Northerners", "Apples", "Pears", "About you", "Don't know")
LONG = "\u202e\u200b" + "e" + "\u0301" * 9_000 + "😀" * 2_000 + MARKUP
STRANGE = (MARKUP, "javascript:alert(1)", "(a+)+$ a%b_c\\ '--", "\x00\u202e", "9" * 400, "-1")


def quoted(text: str) -> str:
    """A text as YAML takes it whatever stands in it."""
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture
def hostile(database: Database, tmp_path: Path) -> Ground:
    """A study whose every text holds markup, in its first round, answered with more of it."""
    text = SMALL.replace("title: A small study", f"title: {quoted(MARKUP)}")
    for each in TITLES:
        text = re.sub(rf"(title|label): {each}(?=[,}}\n])", rf"\1: {quoted(each + MARKUP)}", text)
    assert text.count("onerror") >= len(TITLES)
    ground = lay_ground(database, load_text(text, tmp_path), groups=("both",) * 6, is_open=False)
    set_protocol(ground, PROTOCOL)
    opened = open_next(ground)
    for number, member in enumerate(opened.panel):
        given: dict[CellKey, str] = {
            **answers_of(number),
            reason_on("apples", "north"): LONG[:11_000] + MARKUP,
        }
        give(opened, number, given)
        with database.verb() as session:
            mail = f"expert{number}@example.org"
            session.add(
                Identity(
                    study_id=opened.study_id,
                    panellist_id=member.panellist_id,
                    name=MARKUP,
                    email=mail,
                    email_key=mail,
                )
            )
    with database.verb() as session:
        session.execute(update(Study).values(title=MARKUP))
    return opened


def assert_harmless(page: Page) -> None:
    """Markup stands on the page as text, or not at all."""
    for element in page.tree.iter():
        assert element.get("src") != "x", page.path
        assert not (element.get("href") or "").startswith("javascript"), page.path
        assert not [name for name in element.attrib if name.startswith("on")], page.path


def walk(app: Flask, client: JudgingClient, ground: Ground, query: str = "", **filled: str) -> list[Page]:
    """Every page and file of the organiser's part that can be had by looking."""
    found = []
    for address in organiser_addresses(app, slug=ground.slug, **filled):
        if address.method != "GET" or address.name == "export":
            continue
        reply = client.http.get(address.url + query, base_url=client.base_url)
        assert reply.status_code < 500, f"{address.url}{query}"
        found.append(Page(reply, address.url))
        reply.close()
    return found


def test_sec_40_sec_47_and_sec_90_markup_and_endless_texts_are_shown_as_text(
    app: Flask, client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    pages = walk(app, client, hostile)
    hostile.close()
    pages += walk(app, client, hostile)
    for page in pages:
        assert_harmless(page)
    assert sum(MARKUP in page.words for page in pages) > 10
    expert = JudgingClient(app, client.base_url)
    assert_harmless(expert.get(f"/l/{hostile.panel[0].token}"))


def test_sec_49_sec_63_and_sec_65_parameters_are_never_run_and_break_no_page(
    app: Flask, client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    names = (
        "words",
        "group",
        "standing",
        "verdict",
        "order",
        "page",
        "at",
        "show",
        "state",
        "act",
        "part",
        "x",
    )
    for strange in STRANGE:
        query = "?" + "&".join(f"{name}={quote(strange)}" for name in (*names, "language", "done", "changed"))
        for page in walk(app, client, hostile, query):
            assert_harmless(page)
    walk(app, client, hostile, "?words=%ff%fe&page=%ed%a0%80&act=%c3&group=%c3&%ff=1&%ed%a0%80=2")


def test_sec_63_signs_of_patterns_are_looked_for_as_they_are(
    client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    for words, there in (("expert1@", True), ("%", False), ("_", False), ("expert.@", False), ("e*", False)):
        page = client.get(f"/organiser/s/{hostile.slug}/panel?words={quote(words)}")
        assert ("expert1@example.org" in page.words) is there, words


def test_sec_23_sec_56_and_sec_57_files_are_saved_and_kept_by_nobody(
    app: Flask, client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    hostile.close()
    files = [
        page for page in walk(app, client, hostile, kind="csv") if page.status == 200 and not page.is_html
    ]
    desk = f"/organiser/s/{hostile.slug}"
    client.get(f"{desk}/export")
    files.append(client.submit(action="/export", expect=200))
    files[-1].response.close()
    assert {page.path for page in files} >= {f"{desk}/audit.csv", f"{desk}/export"}
    for page in files:
        kept = (page.headers["X-Content-Type-Options"], page.headers["Vary"])
        assert kept == ("nosniff", "Cookie"), page.path
        assert "no-store" in page.headers["Cache-Control"], page.path
        if page.response.mimetype != "application/json":
            assert page.headers["Content-Disposition"].startswith("attachment"), page.path
            assert re.search(r'filename="?[\w.-]+"?$', page.headers["Content-Disposition"]), page.path
        if (page.response.mimetype or "").startswith("text/"):
            assert page.response.mimetype_params["charset"] == "utf-8", page.path


@pytest.mark.parametrize("number", [2**31, 2**63, -1, "1e3", "١", "0x1", " 1", "01", "1.0", "None"])
def test_sec_67_what_is_no_number_of_ours_is_unknown(
    app: Flask, client: JudgingClient, sign_in: SignIn, hostile: Ground, number: object
) -> None:
    sign_in(join(hostile, Role.OWNER))
    numbered = [rule for rule in app.url_map.iter_rules() if "<number:" in rule.rule]
    assert len(numbered) > 3
    addresses = app.url_map.bind("127.0.0.1")
    for rule in numbered:
        path = re.sub(r"<number:\w+>", str(number), rule.rule).replace("<slug>", hostile.slug)
        path = re.sub(r"<[^>]+>", "x", path)
        # Whatever the page would look up, the database is never asked about such a number.
        assert not addresses.test(path, method=min(rule.methods or {"GET"})), path
        url = quote(path)
        reply = client.http.get(url, base_url=client.base_url)
        assert reply.status_code in {404, 405}, url
        reply.close()


def test_sec_43_a_file_full_of_markup_is_told_about_as_text(
    client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    desk = f"/organiser/s/{hostile.slug}/panel"
    cell = MARKUP.replace('"', '""')
    for content, says in (
        (f'name,email,group,language\nX,"{cell}","{cell}","{cell}"\n', True),
        (f'"{cell}",email\nX,x@example.org\n', True),
        (f'name,email,group\n"{cell}",new@example.org,both\n', True),
        (f"{MARKUP}\x00", False),
    ):
        token = client.get(f"{desk}/import").find_all("input", name="csrf_token")[0].get("value", "")
        reply = client.http.post(
            f"{desk}/import",
            data={
                "csrf_token": token,
                "go": "check",
                "file": (io.BytesIO(content.encode()), f"{MARKUP}.csv"),
            },
            base_url=client.base_url,
            headers={"Origin": client.base_url},
        )
        page = Page(reply, desk)
        assert reply.status_code in {200, 422}, page.words[:200]
        assert_harmless(page)
        assert ("onerror=alert(1)" in page.words) or not says, content


def test_sec_61_and_sec_69_names_of_fields_reach_nothing(
    app: Flask, client: JudgingClient, sign_in: SignIn, hostile: Ground
) -> None:
    sign_in(join(hostile, Role.OWNER))
    home = f"/organiser/s/{hostile.slug}/settings"
    names = ("title) OR 1=1--", "__proto__", "__class__", "constructor", "id", "slug'", "\x00", MARKUP, "")
    client.get(home)
    page = client.page
    assert page is not None
    values = page.read_form(page.find_form("/settings"))
    before = read_study(hostile)
    client.post(home, {**values, **dict.fromkeys(names, "1")}, expect=303)
    assert read_study(hostile) == before
    many = {**values, **{f"f{number}": "x" * 20 for number in range(50_000)}}
    assert client.http.post(
        home, data=many, base_url=client.base_url, headers={"Origin": client.base_url}
    ).status_code in {400, 413}
    assert read_study(hostile) == before


def read_study(ground: Ground) -> tuple[object, ...]:
    """What is kept of the study, but for the time of its last change."""
    with ground.database.reading() as session:
        study = session.get_one(Study, ground.study_id)
        return study.id, study.title, study.slug, study.contact_email, study.time_zone
