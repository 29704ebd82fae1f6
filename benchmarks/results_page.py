"""The numbers of a results page: 150 items on 2 criteria, for everybody and for 3 groups, from counts."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.registry import Figure, Ground, benchmark
from surveyapp.models import Study
from surveyapp.questionnaire.loading import load
from surveyapp.services.figures import RoundFigures, scale_of
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.results import MEASURES, OF_CHANGE, measure_cells
from surveyapp.services.schema import migrate
from surveyapp.services.studies import create_study
from surveyapp.services.unit import Database, read_now
from surveyapp.tally.counts import CellTally, Place, RoundTally

ITEMS = 150
GROUPS = ("north", "south", "west")
_PEOPLE = 40
_TRIALS = 9
_HEAD = """\
format: 1
id: page
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
criteria:
  effect: {title: Effect, scale: likert}
  effort: {title: Effort, scale: likert}
groups: [{id: north, title: North}, {id: south, title: South}, {id: west, title: West}]
pages:
  - id: rate
    title: Rate
    questions:
      - {id: rating, kind: rating, text: Rate these, criteria: [effect, effort]}
items:
"""


@benchmark("results")
def measure_a_results_page(ground: Ground) -> Iterator[Figure]:
    """Every measure that the page and its details show; counting is measured by `closing`."""
    figures, study = _lay_figures(ground)
    seconds = []
    shown = 0
    # As `surveyapp serve` does once all is loaded: what stays for good is not looked through for garbage.
    gc.collect()
    gc.freeze()
    for _ in range(_TRIALS):
        # A copy keeps nothing that was worked out before.
        fresh = replace(figures, _counts={}, _matched={}, _looked={})
        started = time.perf_counter()
        cells = measure_cells(fresh, study=study)
        seconds.append(time.perf_counter() - started)
        shown = sum(
            len(cell.measures) + len(cell.change) + sum(map(len, cell.groups.values())) for cell in cells
        )
    gc.unfreeze()
    expected = 2 * ITEMS * ((1 + len(GROUPS)) * len(MEASURES) + len(OF_CHANGE))
    if shown != expected:
        raise RuntimeError(f"{shown} measures were worked out, not {expected}")
    yield Figure(f"{shown:,} measures from counts", 1000 * statistics.median(seconds), "ms", floor=100)


def _lay_figures(ground: Ground) -> tuple[RoundFigures, Study]:
    file = ground.folder / "page.yaml"
    items = [f"  - {{id: item-{number}, title: Item {number}}}\n" for number in range(ITEMS)]
    file.write_text(_HEAD + "".join(items), encoding="utf-8")
    database = Database(ground.new_database("sqlite"))
    migrate(database)
    with database.verb() as session:
        study = create_study(
            session,
            questionnaire=load(file),
            source="",
            title="A synthetic page",
            slug="page",
            now=read_now(session),
            actor="benchmark",
            is_synthetic=True,
        )
        instrument = get_instrument(session, study_id=study.id, number=1)
    database.close()
    rng = random.Random(1)
    cells, pairs = _count(instrument, rng)
    people = dict.fromkeys(GROUPS, _PEOPLE)
    tally = RoundTally(cells, counted=people, invited=people)
    return RoundFigures(instrument, None, 2, tally, {}, pairs, 1), study


def _count(
    instrument: Instrument, rng: random.Random
) -> tuple[dict[Place, CellTally], dict[Place, dict[tuple[float, float], int]]]:
    cells: dict[Place, CellTally] = {}
    pairs: dict[Place, dict[tuple[float, float], int]] = {}
    rated = [cell for cell in instrument.numbers_asked if scale_of(instrument, cell) is not None]
    for place in (Place(cell, group) for cell in rated for group in GROUPS):
        tally, matched = cells.setdefault(place, CellTally()), pairs.setdefault(place, {})
        tally.add(3, None, rng.randint(0, 4))
        for _ in range(_PEOPLE):
            before, now = float(rng.randint(1, 5)), float(rng.randint(1, 5))
            tally.add(1, now)
            matched[before, now] = matched.get((before, now), 0) + 1
    return cells, pairs
