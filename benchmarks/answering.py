"""Experts at work: the full 27-item page opened, saved, submitted and thanked for; and single autosaves.

The page asks 27 items on two criteria with a reason each: 54 ratings, 27 reason boxes. Two web processes of
`surveyapp serve`, the database and the client share the machine. Each expert opens the page, saves and
submits it, and sees the thanks page; each answer is read back afterwards and compared.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import psutil
from sqlalchemy import insert, select

from benchmarks.registry import Figure, Ground, benchmark
from benchmarks.served import connect, seconds_of, server_seconds, serving, settle
from surveyapp.mail.links import derive_token, hash_token
from surveyapp.models import Invitation, Panellist, Submission
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Page, Questionnaire, Rating, Text
from surveyapp.services import doors, rounds
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.schema import migrate
from surveyapp.services.studies import create_study
from surveyapp.services.unit import Database, read_now

QUESTIONNAIRE = Path(__file__).resolve().parents[1] / "questionnaires" / "systemic-risk-mitigations.yaml"
EXPERTS = 600
WARM_UP = 40
AT_A_TIME = 4
AUTOSAVES = 1_500
ARRIVALS_PER_SECOND = 100
_KEY = b"a key for the links of benchmarks only"
_HIDDEN = re.compile(rb'name="(csrf_token|revision|request_id|shown)" value="([^"]*)"')


@dataclass
class Timings:
    """Seconds that each sort of request took."""

    opened: list[float] = field(default_factory=list)
    submitted: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def full_page() -> Questionnaire:
    """The built-in questionnaire, cut down to one page of all items on both criteria."""
    whole = load(QUESTIONNAIRE)
    question = Rating(
        id="all", kind="rating", text=Text("Rate every measure."), criteria=("effectiveness", "feasibility")
    )
    page = Page(id="all", title=Text("All measures"), questions=(question,))
    cut = whole.model_copy(update={"pages": (page,), "practice": None, "groups": ()})
    # Read anew, so that nothing remembers the pages it had before.
    return Questionnaire.from_canonical(cut.canonical())


@benchmark("answering")
def answering(ground: Ground) -> Iterator[Figure]:
    """Whole experts and single autosaves, on each database."""
    for engine in ground.engines:
        database = Database(ground.new_database(engine))
        migrate(database)
        seats, instrument = _lay(database, EXPERTS + WARM_UP)
        with serving(ground.folder / engine, database.url.render_as_string(hide_password=False)) as (
            port,
            server,
        ):
            yield from _whole_experts(engine, database, seats, instrument, port=port, server=server)
            yield from _autosaves(engine, seats, instrument, port)
        database.close()


def _lay(database: Database, experts: int) -> tuple[list[str], Instrument]:
    """A study with open round; returns the experts' cookies."""
    with database.verb() as session:
        now = read_now(session)
        study = create_study(
            session,
            questionnaire=full_page(),
            source="",
            title="A synthetic study",
            slug="bench",
            now=now,
            actor="benchmark",
            is_synthetic=True,
        )
        ids = random.Random(2).sample(range(1 << 60), experts)
        tokens = [derive_token(_KEY, slug="bench", panellist_id=each, number=1) for each in ids]
        common = {"study_id": study.id, "state": "invited", "state_at": now, "created_at": now}
        seats = [{**common, "id": each, "pseudonym": f"P-{each:X}", "is_synthetic": True} for each in ids]
        session.execute(insert(Panellist), seats)
        session.execute(
            insert(Invitation),
            [
                {
                    "study_id": study.id,
                    "panellist_id": each,
                    "number": 1,
                    "token_hash": hash_token(token),
                    "created_at": now,
                }
                for each, token in zip(ids, tokens, strict=True)
            ],
        )
        rounds.open_round(session, study=study, now=now, actor="benchmark")
        instrument = get_instrument(session, study_id=study.id, number=1)
    cookies = []
    with database.verb() as session:
        now = read_now(session)
        cookies = [doors.start(session, token=token, now=now).cookie for token in tokens]
    return cookies, instrument


def _answers(instrument: Instrument, rng: random.Random) -> dict[int, str]:
    """What one expert gives in each of the 81 cells."""
    given = {}
    for number, spec in enumerate(instrument.specs, start=1):
        if spec.key.part == "reason":
            given[number] = (
                f"Because of {spec.key.item}, and what I saw in {rng.randrange(1990, 2026)}: “it depends”."
            )
        else:
            given[number] = rng.choice(("1", "2", "3", "4", "5", "dont-know"))
    return given


def _whole_experts(
    engine: str,
    database: Database,
    cookies: list[str],
    instrument: Instrument,
    *,
    port: int,
    server: psutil.Process,
) -> Iterator[Figure]:
    rng = random.Random(5)
    work = [(cookie, _answers(instrument, rng)) for cookie in cookies]
    _run(work[:WARM_UP], port, Timings())
    settle(server)
    timings = Timings()
    before = server_seconds(server), _database_seconds(database)
    start = time.perf_counter()
    _run(work[WARM_UP:], port, timings)
    took = time.perf_counter() - start
    after = server_seconds(server), _database_seconds(database)
    _read_back(database, instrument, work)
    experts = len(work) - WARM_UP
    milliseconds = 1_000 / experts
    rate = {"sqlite": 140, "postgresql": 110}[engine]
    yield Figure(
        f"{engine}: server processor time per expert", (after[0] - before[0]) * milliseconds, "ms", 10
    )
    if engine != "sqlite":
        yield Figure(
            f"{engine}: database processor time per expert", (after[1] - before[1]) * milliseconds, "ms", 5
        )
    yield Figure(f"{engine}: complete experts per second", experts / took, "/s", rate, more_is_better=True)
    yield Figure(f"{engine}: open the page, p95", _p95(timings.opened), "ms", 25)
    yield Figure(f"{engine}: submit, p95", _p95(timings.submitted), "ms", 30)


def _run(work: list[tuple[str, dict[int, str]]], port: int, timings: Timings) -> None:
    """Let client processes' worth of threads walk the experts through, four at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for future in [pool.submit(_walk, port, cookie, given, timings) for cookie, given in work]:
            future.result()


def _walk(port: int, cookie: str, given: dict[int, str], timings: Timings) -> None:
    client = connect(port, cookie)
    clock = time.perf_counter
    begun = clock()
    page = client.get("/s/bench/p/all")
    opened = clock() - begun
    hidden = {name.decode(): value.decode() for name, value in _HIDDEN.findall(page.body)}
    pairs = [*hidden.items(), ("go", "submit"), *((f"a{number}", text) for number, text in given.items())]
    body = "&".join(f"{name}={quote_plus(text)}" for name, text in pairs).encode()
    begun = clock()
    sent = client.post("/s/bench/p/all", body, "application/x-www-form-urlencoded")
    submitted = clock() - begun
    _expect(sent.status, 303, sent.body)
    if not sent.header(b"location").endswith("/thanks"):
        raise RuntimeError(f"submitting led to {sent.header(b'location')}")
    thanks = client.get(urlsplit(sent.header(b"location")).path)
    _expect(thanks.status, 200, thanks.body)
    client.close()
    with timings.lock:
        timings.opened.append(opened)
        timings.submitted.append(submitted)


def _expect(status: int, expected: int, body: bytes) -> None:
    if status != expected:
        raise RuntimeError(f"the server answered {status} instead of {expected}: {body[:400]!r}")


def _read_back(database: Database, instrument: Instrument, work: list[tuple[str, dict[int, str]]]) -> None:
    """Every answer of every expert stands as it was given, or this run counts for nothing."""
    with database.reading() as session:
        stored = session.scalars(select(Submission.content)).all()
    if len(stored) != len(work):
        raise RuntimeError(f"{len(work)} experts submitted, {len(stored)} submissions are stored")
    wanted = sorted(json.dumps(sorted(given.items())) for _, given in work)
    found = sorted(
        json.dumps(sorted(_texts_of(json.loads(content), instrument).items())) for content in stored
    )
    if wanted != found:
        raise RuntimeError("what is stored is not what was given")


def _texts_of(content: dict[str, Any], instrument: Instrument) -> dict[int, str]:
    texts = {}
    for number, answer in enumerate(content["answers"], start=1):
        key = instrument.specs[number - 1].key
        if (answer["item"], answer["criterion"], answer["part"]) != (key.item, key.criterion, key.part):
            raise RuntimeError("the answers of a submission stand in another order than the cells")
        texts[number] = str(answer["value"]) if "value" in answer else answer["text"]
    return texts


def _autosaves(engine: str, cookies: list[str], instrument: Instrument, port: int) -> Iterator[Figure]:
    """Single answers at a steady rate of arrivals, whether or not the earlier ones are done."""
    ratings = [number for number, spec in enumerate(instrument.specs, start=1) if not spec.key.part]
    rng = random.Random(7)
    tokens = {cookie: _csrf(port, cookie) for cookie in cookies[:100]}
    latencies: list[float] = []
    lock = threading.Lock()
    start = time.perf_counter() + 0.5

    def send(number: int, cookie: str, csrf: str, cell: int, value: str) -> None:
        due = start + number / ARRIVALS_PER_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        body = {
            "request_id": str(uuid.uuid4()),
            "base": 1_000_000,
            "place": "all",
            "answers": {f"a{cell}": [value]},
        }
        client = connect(port, cookie)
        reply = client.post(
            "/s/bench/save", json.dumps(body).encode(), "application/json", extra=f"X-CSRFToken: {csrf}\r\n"
        )
        # From the moment it was due, not from the moment a busy client got round to it.
        latency = time.perf_counter() - due
        client.close()
        _expect(reply.status, 200, reply.body)
        with lock:
            latencies.append(latency)

    with ThreadPoolExecutor(24) as pool:
        futures = []
        for number in range(AUTOSAVES):
            cookie = cookies[number % len(tokens)]
            futures.append(
                pool.submit(send, number, cookie, tokens[cookie], rng.choice(ratings), rng.choice("12345"))
            )
        for future in futures:
            future.result()
    yield Figure(
        f"{engine}: autosave of one answer at {ARRIVALS_PER_SECOND}/s, median",
        statistics.median(latencies) * 1000,
        "ms",
    )
    yield Figure(
        f"{engine}: autosave of one answer at {ARRIVALS_PER_SECOND}/s, p95", _p95(latencies), "ms", 20
    )


def _csrf(port: int, cookie: str) -> str:
    client = connect(port, cookie)
    body = client.get("/s/bench/p/all").body
    client.close()
    return dict(_HIDDEN.findall(body))[b"csrf_token"].decode()


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[18] * 1_000


def _database_seconds(database: Database) -> float:
    """Processor time of PostgreSQL and all its processes; none for SQLite, which works inside the server."""
    if database.is_sqlite:
        return 0.0
    home = parse_qs(urlsplit(database.url.render_as_string()).query)["host"][0]
    postmaster = psutil.Process(int((Path(home) / "data" / "postmaster.pid").read_text().split()[0]))
    ended = postmaster.cpu_times()
    running = sum(seconds_of(each) for each in (postmaster, *postmaster.children(recursive=True)))
    return running + ended.children_user + ended.children_system
