"""The page of 27 ratings in round 2, with the panel over every scale, against the same page in round 1."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import event, select

from benchmarks.registry import Figure, Ground, benchmark
from benchmarks.served import connect, server_seconds, serving, settle
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
_PATH = "/s/{slug}/p/effectiveness.cbrn"
# The kernel counts processor time in hundredths of a second, so many requests are counted at once.
_WARM_UP, _TRIALS, _REQUESTS = 60, 11, 400
_ACTOR = "benchmark"


@benchmark("feedback")
def show_round_two(ground: Ground) -> Iterator[Figure]:
    """Both pages in turns, so that what else the machine does hits both alike."""
    for engine in ground.engines:
        url = ground.new_database(engine)
        database = Database(url)
        migrate(database)
        cookies = {slug: _lay(database, slug, plays=plays) for slug, plays in (("first", 0), ("second", 1))}
        before, after, size = _serve(ground, url, cookies)
        queries = [_count_queries(ground, url, slug, cookie) for slug, cookie in cookies.items()]
        yield Figure(f"{engine}: a page of 27 ratings in round 1, server processor time", before, "ms")
        yield Figure(f"{engine}: the same page in round 2", after, "ms", floor=1.3 * before)
        yield Figure(f"{engine}: queries of the page in round 2", queries[1], "", floor=queries[0])
        yield Figure(f"{engine}: size of the page in round 2", size / 1000, "kB")
        database.close()


def _serve(ground: Ground, url: str, cookies: Mapping[str, str]) -> tuple[float, float, int]:
    """Milliseconds of a page in round 1 and in round 2, and the latter's size."""
    found: dict[str, list[float]] = {slug: [] for slug in cookies}
    with serving(ground.folder / "feedback", url) as (port, server):
        clients = {slug: connect(port, cookie) for slug, cookie in cookies.items()}
        size = 0
        for slug, client in clients.items():
            for _ in range(_WARM_UP):
                reply = client.get(_PATH.format(slug=slug))
                if reply.status != 200:
                    raise RuntimeError(f"{slug} answers with {reply.status}")
                size = len(reply.body)
        settle(server)
        for _ in range(_TRIALS):
            for slug, client in clients.items():
                started = server_seconds(server)
                for _ in range(_REQUESTS):
                    client.get(_PATH.format(slug=slug))
                found[slug].append((server_seconds(server) - started) / _REQUESTS)
        for client in clients.values():
            client.close()
    first, second = (1000 * statistics.median(seconds) for seconds in found.values())
    return first, second, size


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


def _count_queries(ground: Ground, url: str, slug: str, cookie: str) -> int:
    """The queries of one visit, once everything is kept that is read once per process."""
    app = create_app(
        Config(
            database_url=url,
            base_url="http://127.0.0.1:8000",
            secret_key="only benchmarks sign with this key: tKq3-vW9x_",
            link_key=_KEY.decode(),
            data_dir=ground.folder / "var",
            environment="test",
        )
    )
    database: Database = app.extensions["surveyapp.database"]
    client = app.test_client()
    client.set_cookie(Sessions(is_https=False).name(SEAT), cookie, domain="127.0.0.1")
    address = "http://127.0.0.1:8000" + _PATH.format(slug=slug)
    client.get(address)
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", note)
    response = client.get(address)
    database.close()
    if response.status_code != 200 or not statements:
        raise RuntimeError(f"{address} answers with {response.status}")
    return len(statements)
