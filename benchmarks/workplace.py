"""Every page of an organiser about one study: 1,000 panellists, 150 items, three rounds that all answered."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, insert, select, update

from benchmarks.large_study import analyse, lay_large_study
from benchmarks.registry import Figure, Ground, benchmark
from config import Config
from surveyapp import create_app
from surveyapp.delphi.rounds import RoundState
from surveyapp.models import Identity, Panellist, Reason, Round, Study
from surveyapp.services import accounts
from surveyapp.services.deciding import decide_as_proposed
from surveyapp.services.doors import hash_cookie
from surveyapp.services.figures import read_figures
from surveyapp.services.permissions import Role
from surveyapp.services.reading.panellists import seat_of
from surveyapp.services.releasing import release_round, settle_round
from surveyapp.services.schema import migrate
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.web.security import stamped

_ITEMS, _PANELLISTS, _TRIALS = 150, 1_000, 7
_SLUG = "large"
_MOST_MILLISECONDS, _MOST_QUERIES = 50, 12
_HEAD = """\
format: 1
id: work
version: "1"
languages: [en]
title: A hundred and fifty items
scales:
  likert:
    points:
      - {value: 1, label: Not at all}
      - {value: 2, label: Hardly}
      - {value: 3, label: Somewhat}
      - {value: 4, label: Well}
      - {value: 5, label: Very well}
    agreement: [4, 5]
    disagreement: [1, 2]
    opt_outs: [{id: dont-know, label: Don't know}]
criteria:
  effect: {title: Effect, scale: likert}
groups: [{id: north, title: North}, {id: south, title: South}, {id: west, title: West}]
pages:
  - id: rate
    title: Rate
    questions:
      - {id: rating, kind: rating, text: Rate these, criteria: [effect], reason: item}
items:
"""
_PROTOCOL = """\
format: 1
id: work
version: "1"
title: Three rounds
questionnaire: work
rounds: [{number: 1, asks: all items}, {number: 2, asks: all items}, {number: 3, asks: all items}]
consensus: [{id: agreed, for: {criterion: effect}, rule: "agree >= 70%"}]
stability: {for: {criterion: effect}, minimum_pairs: 3}
counting: {minimum_n: 3}
anonymity: {k: 5}
"""


@benchmark("workplace")
def open_every_page(ground: Ground) -> Iterator[Figure]:
    """The addresses are those of the program itself, filled in; what only sends on is left out."""
    for engine in ground.engines:
        url = ground.new_database(engine)
        cookie = lay_workplace(url, ground.folder)
        yield from _measure(url, ground.folder, cookie, engine)


def lay_workplace(url: str, folder: Path) -> str:
    """A study with two rounds decided and released and a third one closed; returns the owner's cookie.

    Everybody has a name and an address, so that there are letters; all reasons are gathered.
    """
    file, protocol = folder / "work.yaml", folder / "work.protocol.yaml"
    items = "".join(f"  - {{id: item-{number}, title: Item {number}}}\n" for number in range(_ITEMS))
    file.write_text(_HEAD + items, encoding="utf-8")
    protocol.write_text(_PROTOCOL, encoding="utf-8")
    database = Database(url)
    migrate(database)
    slug = lay_large_study(
        database,
        panellists=_PANELLISTS,
        rounds=("draft", "draft", "draft"),
        has_protocol=True,
        file=file,
        protocol=protocol,
        cells=2 * _ITEMS,
    )
    with database.verb() as session:
        study_id = get_study(session, slug=slug).id
        ids = session.scalars(select(Panellist.id).where(Panellist.study_id == study_id)).all()
        people = [
            {
                "study_id": study_id,
                "panellist_id": each,
                "name": f"Person {each:x}",
                "email": f"p{each:x}@example.org",
                "email_key": f"p{each:x}@example.org",
            }
            for each in ids
        ]
        session.execute(insert(Identity), people)
    for number in (1, 2, 3):
        analyse(database)
        with database.verb() as session:
            # One after the other: what was decided about stands, once a later round was begun.
            session.get_one(Round, (study_id, number)).state = RoundState.CLOSED
        settle_round(database, study_id=study_id, number=number, actor="benchmark")
        if number < 3:
            _release(database, study_id=study_id, slug=slug, number=number)
    analyse(database)
    cookie = _sign_in(database, slug)
    database.close()
    return cookie


def _release(database: Database, *, study_id: int, slug: str, number: int) -> None:
    """Half of the reasons go out, every item is decided as proposed, the figures go first."""
    with database.verb() as session:
        now = read_now(session)
        session.execute(
            update(Reason)
            .where(Reason.study_id == study_id, Reason.round == number, Reason.cell % 4 == 0)
            .values(
                state="released",
                released_text=Reason.text,
                handled_by="benchmark",
                handled_at=now,
            )
        )
        study = session.get_one(Study, study_id)
        figures = read_figures(session, study_id=study_id, number=number)
        decide_as_proposed(session, study=study, figures=figures, reason="", now=now, actor="benchmark")
    release_round(database, slug=slug, actor="benchmark", number=number, figures_first=True)


def _sign_in(database: Database, slug: str) -> str:
    email, password = "owner@example.org", "a long pass phrase of benchmarks"
    with database.verb() as session:
        now = read_now(session)
        password_hash = accounts.hash_password(password)
        accounts.add_organiser(
            session, email=email, password=password, password_hash=password_hash, now=now, actor="benchmark"
        )
        study = get_study(session, slug=slug)
        accounts.grant(session, email=email, study=study, role=Role.OWNER, now=now, actor="benchmark")
    with database.verb() as session:
        credentials = accounts.find_credentials(session, email=email)
        cookie = accounts.start_session(session, credentials=credentials, now=now)
    with database.reading() as session:
        found = accounts.find_signed_in(session, id_hash=hash_cookie(cookie))
    assert found is not None
    return stamped(cookie, found.csrf_secret, now.timestamp())


def _list_addresses(app: Flask, panellist_id: int) -> Iterator[tuple[str, str]]:
    adapter = app.url_map.bind("127.0.0.1")
    values: dict[str, str | int] = {
        "slug": _SLUG,
        "number": 3,
        "item": "item-70",
        "kind": "reminder",
        "seat": seat_of(panellist_id),
    }
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        is_page = rule.endpoint.startswith("organiser.") and "GET" in (rule.methods or ())
        if is_page and "slug" in rule.arguments and rule.arguments <= values.keys():
            # The text of a letter and the round of a page are both called a number.
            fitting = {name: values[name] for name in rule.arguments}
            yield rule.endpoint.partition(".")[2], adapter.build(rule.endpoint, fitting)


def _measure(url: str, folder: Path, cookie: str, engine: str) -> Iterator[Figure]:
    app = create_app(
        Config(
            database_url=url,
            base_url="http://127.0.0.1:8000",
            secret_key="only benchmarks sign with this key: tKq3-vW9x_",
            link_key="a key for the links of benchmarks only",
            data_dir=folder / "var",
            environment="test",
        )
    )
    client: FlaskClient = app.test_client()
    client.set_cookie("surveyapp-organiser", cookie, domain="127.0.0.1")
    database: Database = app.extensions["surveyapp.database"]
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    for each in database.engines:
        event.listen(each, "before_cursor_execute", note)
    with database.reading() as session:
        panellist_id = session.scalars(select(func.min(Panellist.id))).one()
    for name, address in _list_addresses(app, panellist_id):
        seconds, worked = [], []
        # The first visit reads what is kept per process.
        for _ in range(1 + _TRIALS):
            statements.clear()
            started, began = time.perf_counter(), time.process_time()
            reply = client.get(address, base_url="http://127.0.0.1:8000")
            reply.get_data()
            seconds.append(time.perf_counter() - started)
            worked.append(time.process_time() - began)
        if reply.status_code != 200:
            continue
        median = 1000 * statistics.median(seconds[1:])
        yield Figure(f"{engine}: {name}, server time", median, "ms", floor=_MOST_MILLISECONDS)
        yield Figure(f"{engine}: {name}, … of the processor", 1000 * statistics.median(worked[1:]), "ms")
        yield Figure(f"{engine}: {name}, queries", len(statements), "", floor=_MOST_QUERIES)
