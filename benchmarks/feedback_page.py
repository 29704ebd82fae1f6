"""The page of 27 ratings in round 2, with the panel over every scale, against the same page in round 1."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, select

from benchmarks.registry import Figure, Ground, benchmark
from config import Config
from surveyapp import create_app
from surveyapp.mail.links import derive_token
from surveyapp.models import Panellist, Participation
from surveyapp.questionnaire.cells import CellKey, Given, Status
from surveyapp.questionnaire.loading import load
from surveyapp.services import answering, doors, panel, protocols, rehearsing, rounds, simulating
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.seats import find_seat
from surveyapp.services.schema import migrate
from surveyapp.services.studies import create_study, get_study
from surveyapp.services.unit import Database, read_now
from surveyapp.web.security import SEAT, Sessions

EXPERTS = 76
_QUESTIONNAIRES = Path(__file__).resolve().parents[1] / "questionnaires"
_NAME = "systemic-risk-mitigations"
_KEY = b"a key for the links of benchmarks only"
_ADDRESS = "http://127.0.0.1:8000/s/{slug}/p/effectiveness.cbrn"
_TRIALS, _REQUESTS = 15, 20
_ACTOR = "benchmark"


@benchmark("feedback")
def show_round_two(ground: Ground) -> Iterator[Figure]:
    """Both pages in turns, in one process, so that what else the machine does hits both alike."""
    for engine in ground.engines:
        database = Database(ground.new_database(engine))
        migrate(database)
        cookies = {slug: _lay(database, slug, plays=plays) for slug, plays in (("first", 0), ("second", 1))}
        app = _make_app(ground, database)
        first, second = (_Visitor(app, slug, cookie) for slug, cookie in cookies.items())
        queries = [_count_queries(app, visitor) for visitor in (first, second)]
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(_TRIALS):
            for visitor, found in zip((first, second), seconds, strict=True):
                started = time.process_time()
                for _ in range(_REQUESTS):
                    visitor.get()
                found.append((time.process_time() - started) / _REQUESTS)
        before, after = (1000 * statistics.median(found) for found in seconds)
        yield Figure(f"page of 27 ratings, round 1, {engine}", before, "ms")
        yield Figure(f"the same page in round 2, {engine}", after, "ms", floor=1.3 * before)
        yield Figure(f"its queries, {engine}", queries[1], "", floor=queries[0])
        yield Figure(f"its size, {engine}", second.get() / 1000, "kB")
        app.extensions["surveyapp.database"].close()
        database.close()


def _lay(database: Database, slug: str, *, plays: int) -> str:
    """A study whose panel has played so many rounds; the cookie of somebody who has rated the whole page."""
    questionnaire = load(_QUESTIONNAIRES / f"{_NAME}.yaml")
    people = simulating.synthetic_panel(EXPERTS, groups=[group.id for group in questionnaire.groups])
    with database.verb() as session:
        now = read_now(session)
        study = create_study(
            session,
            questionnaire=questionnaire,
            source="",
            title="Synthetic",
            slug=slug,
            now=now,
            actor=_ACTOR,
            is_synthetic=True,
        )
        panel.import_panel(
            session,
            study=study,
            questionnaire=questionnaire,
            rows=people,
            now=now,
            actor=_ACTOR,
            link_key=_KEY,
            is_synthetic=True,
        )
        file = _QUESTIONNAIRES / f"{_NAME}.protocol.yaml"
        protocols.set_protocol(
            session, study=study, file=file.name, content=file.read_bytes(), now=now, actor=_ACTOR
        )
        protocols.lock_protocol(session, study=study, now=now, actor=_ACTOR)
    if plays:
        rehearsing.rehearse(database, slug=slug, link_key=_KEY, actor=_ACTOR, count=plays, share=1.0)
    with database.verb() as session:
        rounds.open_round(session, study=get_study(session, slug=slug), now=read_now(session), actor=_ACTOR)
    return _answer(database, slug)


def _answer(database: Database, slug: str) -> str:
    with database.verb() as session:
        study_id = get_study(session, slug=slug).id
        submitted = select(Participation.panellist_id).where(
            Participation.study_id == study_id, Participation.submission > 0
        )
        chosen = session.scalars(
            select(Panellist.id)
            .where(Panellist.study_id == study_id, Panellist.group == "cbrn")
            .order_by(Panellist.id.not_in(submitted), Panellist.pseudonym)
            .limit(1)
        ).one()
        token = derive_token(_KEY, slug=slug, panellist_id=chosen, number=1)
        cookie = doors.start(session, token=token, now=read_now(session)).cookie
        seat = find_seat(session, id_hash=doors.hash_cookie(cookie))
        assert seat is not None
        instrument = get_instrument(session, study_id=study_id, number=seat.questionnaire_number)
        points = instrument.questionnaire.scales["agreement"].given_by_text
        changes = {
            number: points[str(1 + number % 5)]
            for key, number in instrument.number_of.items()
            if key.criterion == "effectiveness" and key.context == "cbrn"
        }
        if not seat.earlier.numbers:
            changes[instrument.number_of[CellKey("consent")]] = Given(Status.VALUE, number=Decimal(1))
        answering.save(session, seat=seat, request_id="of the benchmark", base=seat.revision, changes=changes)
    return cookie


class _Visitor:
    """Somebody at the page, again and again."""

    def __init__(self, app: Flask, slug: str, cookie: str) -> None:
        self.client = app.test_client()
        self.client.set_cookie(Sessions(is_https=False).name(SEAT), cookie, domain="127.0.0.1")
        self.address = _ADDRESS.format(slug=slug)

    def get(self) -> int:
        """How many bytes the page has."""
        response = self.client.get(self.address)
        if response.status_code != 200:
            raise RuntimeError(f"{self.address} answers with {response.status}")
        return len(response.data)


def _count_queries(app: Flask, visitor: _Visitor) -> int:
    """The queries of one visit, once everything is kept that is read once per process."""
    visitor.get()
    with _noted(app.extensions["surveyapp.database"]) as statements:
        visitor.get()
    return len(statements)


@contextmanager
def _noted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in database.engines:
        event.remove(engine, "before_cursor_execute", note)


def _make_app(ground: Ground, database: Database) -> Flask:
    return create_app(
        Config(
            database_url=database.url.render_as_string(hide_password=False),
            base_url="http://127.0.0.1:8000",
            secret_key="only benchmarks sign with this key: tKq3-vW9x_",
            link_key=_KEY.decode(),
            data_dir=ground.folder / "var",
            environment="test",
        )
    )
