"""Every page of an organiser about one study: 1,000 panellists, 150 items, three rounds that all answered."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from benchmarks.large_study import analyse, lay_large_study
from benchmarks.registry import Figure, Ground, benchmark
from config import Config
from surveyapp import create_app
from surveyapp.services import accounts
from surveyapp.services.doors import hash_cookie
from surveyapp.services.permissions import Role
from surveyapp.services.releasing import settle_round
from surveyapp.services.schema import migrate
from surveyapp.services.studies import get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.web.security import stamped

_ITEMS, _PANELLISTS, _TRIALS = 150, 1_000, 5
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
    file, protocol = ground.folder / "work.yaml", ground.folder / "work.protocol.yaml"
    items = "".join(f"  - {{id: item-{number}, title: Item {number}}}\n" for number in range(_ITEMS))
    file.write_text(_HEAD + items, encoding="utf-8")
    protocol.write_text(_PROTOCOL, encoding="utf-8")
    for engine in ground.engines:
        url = ground.new_database(engine)
        database = Database(url)
        migrate(database)
        slug = lay_large_study(
            database,
            panellists=_PANELLISTS,
            rounds=("released", "released", "closed"),
            has_protocol=True,
            file=file,
            protocol=protocol,
            cells=2 * _ITEMS,
        )
        analyse(database)
        cookie = _sign_in(database, slug)
        with database.reading() as session:
            study_id = get_study(session, slug=slug).id
        settle_round(database, study_id=study_id, number=3, actor="benchmark")
        database.close()
        yield from _measure(url, ground.folder, slug, cookie, engine)


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


def _list_addresses(app: Flask, slug: str) -> Iterator[tuple[str, str]]:
    adapter = app.url_map.bind("127.0.0.1")
    values = {"slug": slug, "number": 3, "item": "item-70"}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        is_page = rule.endpoint.startswith("organiser.") and "GET" in (rule.methods or ())
        if is_page and "slug" in rule.arguments and rule.arguments <= values.keys():
            fitting = {name: values[name] for name in rule.arguments}
            yield rule.endpoint.partition(".")[2], adapter.build(rule.endpoint, fitting)


def _measure(url: str, folder: Path, slug: str, cookie: str, engine: str) -> Iterator[Figure]:
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
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    for each in app.extensions["surveyapp.database"].engines:
        event.listen(each, "before_cursor_execute", note)
    for name, address in _list_addresses(app, slug):
        seconds = []
        # The first visit reads what is kept per process.
        for _ in range(1 + _TRIALS):
            statements.clear()
            started = time.perf_counter()
            reply = client.get(address, base_url="http://127.0.0.1:8000")
            reply.get_data()
            seconds.append(time.perf_counter() - started)
        if reply.status_code != 200:
            continue
        median = 1000 * statistics.median(seconds[1:])
        yield Figure(f"{engine}: {name}, server time", median, "ms", floor=_MOST_MILLISECONDS)
        yield Figure(f"{engine}: {name}, queries", len(statements), "", floor=_MOST_QUERIES)
