"""Closing a round and drafting its release: a usual panel, and a very large one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks import child
from benchmarks.large_study import PANELLISTS, analyse, lay_large_study
from benchmarks.registry import Figure, Ground, benchmark
from surveyapp.models import Study
from surveyapp.services import releasing, rounds
from surveyapp.services.schema import migrate
from surveyapp.services.unit import Database, read_now

EXPERTS = 76
_TRIALS = 7
_DRAFT_WITHIN = {"sqlite": 8.0, "postgresql": 5.0}


@benchmark("closing")
def close_and_draft(ground: Ground) -> Iterator[Figure]:
    """A usual panel from the close to the draft; then a very large one, drafted in a process of its own."""
    for engine in ground.engines:
        usual = statistics.median(_close_usual(ground.new_database(engine)))
        yield Figure(f"close and draft, {EXPERTS} × 27 × 5, {engine}", usual, "s", floor=0.5)
        yield from _close_large(ground, engine)


def _close_usual(url: str) -> Iterator[float]:
    database = Database(url)
    migrate(database)
    slug = lay_large_study(database, panellists=EXPERTS, rounds=("released", "open"), has_protocol=True)
    analyse(database)
    for _ in range(_TRIALS):
        started = time.perf_counter()
        closed = rounds.close_round(database, slug=slug, actor="benchmark")
        releasing.settle_round(database, study_id=closed.study_id, number=closed.number, actor="benchmark")
        yield time.perf_counter() - started
        with database.verb() as session:
            study = session.get_one(Study, closed.study_id)
            rounds.reopen_round(
                session, study=study, reason="once more", now=read_now(session), actor="benchmark"
            )
    database.close()


def _close_large(ground: Ground, engine: str) -> Iterator[Figure]:
    url = ground.new_database(engine)
    database = Database(url)
    migrate(database)
    slug = lay_large_study(database, rounds=("released", "open"), has_protocol=True)
    analyse(database)
    started = time.perf_counter()
    rounds.close_round(database, slug=slug, actor="benchmark")
    yield Figure(
        f"close a round of {PANELLISTS:,} × 270, {engine}", time.perf_counter() - started, "s", floor=1
    )
    database.close()
    spent = child.run("draft", url, ground.folder)
    if spent.count != PANELLISTS:
        raise RuntimeError(f"the draft stands on {spent.count} submissions, not {PANELLISTS}")
    yield Figure(
        f"… count it and its pairs, draft the release, {engine}",
        spent.seconds,
        "s",
        floor=_DRAFT_WITHIN[engine],
    )
    yield Figure(f"… peak memory, {engine}", spent.peak_mb, "MB", floor=300)
    spent = child.run("settle", url, ground.folder)
    yield Figure(f"… gather {spent.count:,} reasons first, draft again, {engine}", spent.seconds, "s")
    yield Figure(f"… peak memory, {engine}", spent.peak_mb, "MB", floor=300)
