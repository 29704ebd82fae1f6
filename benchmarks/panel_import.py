"""Ten thousand panellists from a CSV file into an empty study."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.large_study import PANELLISTS, QUESTIONNAIRE
from benchmarks.registry import Figure, Ground, benchmark
from surveyapp.exchange.panel_file import read_panel_file
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.panel import import_panel
from surveyapp.services.schema import migrate
from surveyapp.services.studies import create_study, get_study
from surveyapp.services.unit import Database, read_now

_FIRST = (
    "Ada", "Bo", "Chidi", "Dalia", "Emeka", "Farah", "Goran", "Hana", "Ines", "Jun", "Kofi", "Lena",
    "Mira", "Noor", "Olu", "Petra", "Quinn", "Rosa", "Sven", "Tomo",
)  # fmt: skip
_LAST = (
    "Abe", "Brandt", "Castro", "Diallo", "Eriksen", "Fofana", "Garcia", "Huang", "Ivanova", "Jansen",
    "Kim", "Lopez", "Mwangi", "Novak", "Okafor",
)  # fmt: skip


LINK_KEY = b"a key for benchmarks only, of no value"


def write_panel(folder: Path, questionnaire: Questionnaire) -> Path:
    """A list of ten thousand people, as a spreadsheet program would save it."""
    groups = [group.id for group in questionnaire.groups]
    rng = random.Random(2)
    file = folder / "panel.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Name", "E-mail", "Group", "Tags", "Language"])
        for number in range(PANELLISTS):
            given, family = f"{rng.choice(_FIRST)} {rng.choice(_FIRST)[0]}.", rng.choice(_LAST)
            name = f"{given} {family}-{rng.choice(_LAST)} {number}"
            writer.writerow(
                [name, f"expert.{number}@institute{number % 400}.example", rng.choice(groups), "", "en"]
            )
    return file


def lay_study(database: Database, questionnaire: Questionnaire) -> None:
    """An empty database with one empty study, `panel`."""
    migrate(database)
    with database.verb() as session:
        create_study(
            session,
            questionnaire=questionnaire,
            source="",
            title="A large panel",
            slug="panel",
            now=read_now(session),
            actor="benchmark",
        )


def bring_in(database: Database, questionnaire: Questionnaire, file: Path) -> None:
    """Everybody in the file onto the panel."""
    rows = read_panel_file(file).rows
    with database.verb() as session:
        done = import_panel(
            session,
            study=get_study(session, slug="panel"),
            questionnaire=questionnaire,
            rows=rows,
            now=read_now(session),
            actor="benchmark",
            link_key=LINK_KEY,
        )
    if done.added != PANELLISTS:
        raise RuntimeError(f"{done.added} panellists were added, not {PANELLISTS}")


@benchmark("panel")
def import_ten_thousand(ground: Ground) -> Iterator[Figure]:
    """Reading, checking every row for duplicates and near-duplicates, writing seats, names and links."""
    questionnaire = load(QUESTIONNAIRE)
    file = write_panel(ground.folder, questionnaire)
    for engine in ground.engines:
        database = Database(ground.new_database(engine))
        lay_study(database, questionnaire)
        started = time.perf_counter()
        bring_in(database, questionnaire, file)
        spent = time.perf_counter() - started
        database.close()
        yield Figure(f"import {PANELLISTS:,} panellists, {engine}", spent, "s", floor=10)
