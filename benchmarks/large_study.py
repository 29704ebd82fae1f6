"""A closed study of ten thousand panellists who each filled in all 270 rating and reason cells.

The questionnaire is the built-in one: 27 items for effectiveness in four risk areas and for feasibility.
Everything is made from a seed and labelled synthetic. Rows are written in bulk, because laying this ground
is not what is measured; each submission is the very text that submitting would have written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert, text

from surveyapp.models import Answer, Panellist, Participation, Round, Submission
from surveyapp.questionnaire.loading import load
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.protocols import lock_protocol, set_protocol
from surveyapp.services.reading.seats import Stored
from surveyapp.services.studies import create_study
from surveyapp.services.submission_text import canonical_answer
from surveyapp.services.unit import Database, read_now

QUESTIONNAIRE = Path(__file__).resolve().parents[1] / "questionnaires" / "systemic-risk-mitigations.yaml"
PROTOCOL = QUESTIONNAIRE.with_name("systemic-risk-mitigations.protocol.yaml")
PANELLISTS = 10_000
CELLS = 270
_WORDS = (
    "auditors", "need", "access", "risk", "evidence", "early", "models", "deployment", "costs",
    "incentives", "unclear", "Über", "naïve", "«quoted»", "oversight,", '"independent"', "public", "–",
    "透明性", "безопасность", "thresholds", "liability", "reporting", "capacity",
)  # fmt: skip


def lay_large_study(
    database: Database,
    *,
    panellists: int = PANELLISTS,
    seed: int = 1,
    rounds: tuple[str, ...] = ("closed",),
    has_protocol: bool = False,
    file: Path = QUESTIONNAIRE,
    protocol: Path = PROTOCOL,
    cells: int = CELLS,
) -> str:
    """Write the study and return its slug; `rounds` are the states of its rounds, each answered by all.

    With a protocol it is `protocol`; `cells` is how many ratings and reasons the questionnaire in `file` has.
    """
    rng = random.Random(seed)
    questionnaire = load(file)
    with database.verb() as session:
        now = read_now(session)
        study = create_study(
            session,
            questionnaire=questionnaire,
            source=file.read_text(encoding="utf-8"),
            title="A large synthetic study",
            slug="large",
            now=now,
            actor="benchmark",
            is_synthetic=True,
        )
        if has_protocol:
            content = protocol.read_bytes()
            set_protocol(
                session, study=study, file=protocol.name, content=content, now=now, actor="benchmark"
            )
            lock_protocol(session, study=study, now=now, actor="benchmark")
        for number, state in enumerate(rounds, start=1):
            session.add(
                Round(
                    study_id=study.id,
                    number=number,
                    state=state,
                    questionnaire_number=1,
                    protocol_number=study.protocol_number,
                    opened_at=now,
                    closed_at=None if state == "open" else now,
                    released_at=now if state == "released" else None,
                )
            )
        session.flush()
        instrument = get_instrument(session, study_id=study.id, number=1)
        ids = sorted(rng.sample(range(1 << 40), panellists))
        panel = list(_panel(study.id, ids, now, rng, questionnaire))
        session.execute(insert(Panellist), panel)
        groups = {each["id"]: each["group"] for each in panel}
        given = _Given(instrument, rng, cells)
        for number in range(1, len(rounds) + 1):
            for start in range(0, panellists, 250):
                block = _Block(study.id, number, ids[start : start + 250], groups, now)
                _write_block(session, block, given, rng)
        return study.slug


def analyse(database: Database) -> None:
    """Let the database look at its tables, as it does by itself after a while."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not database.is_sqlite:
            connection.execute(text("VACUUM ANALYZE"))


def _panel(
    study_id: int, ids: list[int], now: datetime, rng: random.Random, questionnaire: Any
) -> Iterator[dict[str, Any]]:
    groups = [group.id for group in questionnaire.groups]
    names = rng.sample(range(1 << 28), len(ids))
    for panellist_id, name in zip(ids, names, strict=True):
        yield {
            "study_id": study_id,
            "id": panellist_id,
            "pseudonym": f"P{name:07X}",
            "group": rng.choice(groups),
            "language": "en",
            "tags": "[]",
            "state": "invited",
            "state_at": now,
            "is_synthetic": True,
            "created_at": now,
        }


class _Given:
    """What a panellist gives in each cell, and how a submission writes it."""

    def __init__(self, instrument: Instrument, rng: random.Random, cells: int) -> None:
        self.cells = [
            number
            for number, spec in enumerate(instrument.specs, start=1)
            if spec.kind == "rating" or spec.key.part == "reason"
        ]
        if len(self.cells) != cells:
            raise ValueError(f"the questionnaire has {len(self.cells)} rating and reason cells, not {cells}")
        reasons = [" ".join(rng.choices(_WORDS, k=rng.randint(4, 14))).capitalize() + "." for _ in range(300)]
        blank = (2, None, None, None)
        self._choices: dict[int, list[tuple[Stored, str]]] = {}
        for cell in self.cells:
            spec = instrument.specs[cell - 1]
            stored: list[Stored]
            if spec.key.part == "reason":
                stored = [blank] * 40 + [(1, None, reason, None) for reason in rng.sample(reasons, 10)]
            else:
                points = [label for label in spec.labels if label.lstrip("-").isdigit()]
                opt_outs = [label for label in spec.labels if label not in points]
                stored = [(1, float(point), None, None) for point in points for _ in range(4)]
                stored += [(3, None, opt_out, None) for opt_out in opt_outs] * 2 + [blank]
            self._choices[cell] = [(each, canonical_answer(instrument, cell, each)) for each in stored]

    def fill_in(self, rng: random.Random) -> list[tuple[int, Stored, str]]:
        """(cell, what is stored, how it is submitted) for every cell."""
        return [(cell, *rng.choice(self._choices[cell])) for cell in self.cells]


class _Block(NamedTuple):
    study_id: int
    round: int
    ids: list[int]
    groups: Mapping[int, str]
    now: datetime


def _write_block(session: Any, block: _Block, given: _Given, rng: random.Random) -> None:
    study_id, number, ids, groups, now = block
    participations, submissions, answers = [], [], []
    for panellist_id in ids:
        at = now - timedelta(seconds=rng.randint(0, 10**6))
        key = {"study_id": study_id, "round": number, "panellist_id": panellist_id}
        filled = given.fill_in(rng)
        content = f'{{"answers":[{",".join(each[2] for each in filled)}],"head":{{}}}}'
        participations.append(
            key
            | {
                "group": groups[panellist_id],
                "revision": 2,
                "submitted_revision": 2,
                "place": "",
                "started_at": at,
                "submission": 1,
                "submitted_at": at,
            }
        )
        submissions.append(
            key
            | {
                "number": 1,
                "content": content,
                "answer_count": len(filled),
                "sha256": "0" * 64,
                "salt_seed": "0" * 64,
                "submitted_at": at,
            }
        )
        answers += [(study_id, number, panellist_id, cell, *stored, 1) for cell, stored, _ in filled]
    session.execute(insert(Participation), participations)
    session.execute(insert(Submission), submissions)
    _write_answers(session, answers)


_COLUMNS = ("study_id", "round", "panellist_id", "cell", "status", "value", "text", "parts", "revision")


def _write_answers(session: Any, rows: list[tuple[Any, ...]]) -> None:
    connection = session.connection()
    cursor = connection.connection.cursor()
    names = ", ".join(_COLUMNS)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(_COLUMNS))
        cursor.executemany(f"INSERT INTO {Answer.__tablename__} ({names}) VALUES ({marks})", rows)
        return
    with cursor.copy(f"COPY {Answer.__tablename__} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
