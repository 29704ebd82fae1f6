"""A served installation with the built-in study open, and experts who come and go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from surveyapp.models import Answer, Base, Cell, Study
from surveyapp.questionnaire.cells import CellKey, Status
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import answering, rounds, studies
from surveyapp.services.instruments import get_instrument
from surveyapp.services.unit import Database, read_now
from tests.support.protocols import ROUND_ZERO, give_protocol
from tests.support.serving import LiveServer
from tests.support.studies import QUESTIONNAIRES, Ground, Member, add_member

TITLE = "Mitigations for systemic AI risks"
BUILT_IN = QUESTIONNAIRES / "systemic-risk-mitigations.yaml"
DONT_KNOW = "dont-know"
WITHDRAWN = "(withdrawn)"

Value = int | str | list[str]
"""What was clicked or written: a point, an option's id or a text, several ids; DONT_KNOW is an opt-out."""
Answers = Mapping[CellKey, Value]


@cache
def load_questionnaire(path: Path = BUILT_IN) -> Questionnaire:
    """A questionnaire of the repository, read once per run."""
    return load(path)


@dataclass
class House:
    """One server on one database, with the built-in study open in it."""

    database: Database
    server: LiveServer
    ground: Ground
    studies: dict[str, Ground] = field(default_factory=dict)
    taken: dict[str, set[int]] = field(default_factory=dict)
    """Study → the panellists who have been played already."""

    @property
    def url(self) -> str:
        return self.server.url

    def link(self, member: Member) -> str:
        """The personal link as it stands in a letter."""
        return f"{self.url}/l/{member.token}"

    def invite(self, group: str, *, ground: Ground | None = None, tags: tuple[str, ...] = ()) -> Member:
        """Add an expert to a running study."""
        ground = ground or self.ground
        with self.database.verb() as session:
            study = session.get_one(Study, ground.study_id)
            return add_member(session, study, group=group, tags=tags, now=read_now(session))

    def open_study(
        self, questionnaire: Questionnaire, *, slug: str, groups: Sequence[str] = (), **options: Any
    ) -> Ground:
        """Another study in the same installation, made once."""
        if slug not in self.studies:
            self.studies[slug] = open_study(
                self.database, questionnaire, slug=slug, groups=groups or ("",), **options
            )
        return self.studies[slug]

    def save(self, member: Member, answers: Answers, *, ground: Ground | None = None) -> None:
        """Answer through the service, where clicking is not the point."""
        ground = ground or self.ground
        seat = ground.sit_down(member)
        numbers = {ground.instrument.number_of[key]: _texts(value) for key, value in answers.items()}
        changes = {number: ground.given(number, *texts) for number, texts in numbers.items()}
        with self.database.verb() as session:
            answering.save(session, seat=seat, request_id=uuid4().hex, base=seat.revision, changes=changes)

    def submit(self, member: Member, *, ground: Ground | None = None) -> None:
        """Submit through the service."""
        seat = (ground or self.ground).sit_down(member)
        with self.database.verb() as session:
            answering.submit(session, seat=seat, request_id="submitted before")

    def stored(self, member: Member, *, ground: Ground | None = None) -> dict[CellKey, Value]:
        """What the answer table holds for one expert, blanks aside."""
        ground = ground or self.ground
        with self.database.reading() as session:
            rows = session.execute(
                select(
                    Cell.question, Cell.item, Cell.context, Cell.criterion, Cell.part,
                    Answer.status, Answer.value, Answer.text, Answer.parts,
                )
                .join(Cell, (Cell.study_id == Answer.study_id) & (Cell.number == Answer.cell))
                .where(Answer.study_id == ground.study_id, Answer.panellist_id == member.panellist_id)
            ).all()  # fmt: skip
        found: dict[CellKey, Value] = {}
        for question, item, context, criterion, part, status, number, written, parts in rows:
            if status == Status.BLANK:
                continue
            key = CellKey(question, item, context, criterion, part)
            if parts is not None:
                found[key] = json.loads(parts)
            elif status == Status.WITHDRAWN:
                found[key] = WITHDRAWN
            elif number is not None:
                assert number == int(number), f"{key} holds {number}"
                found[key] = int(number)
            else:
                found[key] = str(written)
            assert (status == Status.DONT_KNOW) == (found[key] == DONT_KNOW), f"{key} has status {status}"
        return found

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: to show that something changed nothing."""
        with self.database.reading() as session:
            return {
                table.name: sorted(map(tuple, session.execute(select(table)).all()), key=repr)
                for table in Base.metadata.sorted_tables
            }


def _texts(value: Value) -> list[str]:
    return list(value) if isinstance(value, list) else [str(value)]


def open_study(
    database: Database,
    questionnaire: Questionnaire,
    *,
    slug: str,
    groups: Sequence[str],
    title: str = TITLE,
    closes_at: datetime | None = None,
    is_open: bool = True,
    planned_rounds: int = 2,
) -> Ground:
    """A study with one expert per entry of `groups`; its first round is open."""
    with database.verb() as session:
        now = read_now(session)
        study = studies.create_study(
            session,
            questionnaire=questionnaire,
            source="",
            title=title,
            slug=slug,
            now=now,
            actor="test",
            organisation="A made-up institute",
            contact_email="team@example.org",
            planned_rounds=planned_rounds,
            is_synthetic=True,
        )
        panel = tuple(add_member(session, study, group=group, now=now) for group in groups)
        if questionnaire.awaits_items:
            give_protocol(session, study, ROUND_ZERO)
        if is_open:
            rounds.open_round(session, study=study, now=now, actor="test", closes_at=closes_at)
        study_id = study.id
        instrument = get_instrument(session, study_id=study_id, number=1)
    return Ground(database, study_id, slug, instrument, panel)


CONSENT: Answers = {CellKey("consent"): 1}


def rating(position: int, part: str = "", *, area: str = "cbrn") -> CellKey:
    """The item at `position` on the page about an area, or its reason."""
    item = load_questionnaire().items[position].id
    return CellKey("effectiveness", item, area, "" if part else "effectiveness", part)
