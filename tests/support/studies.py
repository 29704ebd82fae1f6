"""Studies for tests: a small questionnaire, a panel, an open round, and seats to answer from."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from surveyapp.mail.links import derive_token, hash_token
from surveyapp.models import Invitation, Panellist, Study
from surveyapp.questionnaire.cells import CellKey, Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services import doors, rounds, studies
from surveyapp.services.instruments import Instrument, get_instrument
from surveyapp.services.reading.seats import Seat, find_seat
from surveyapp.services.unit import Database, read_now

LINK_KEY = b"a key for links that only tests use"
QUESTIONNAIRES = Path(__file__).resolve().parents[2] / "questionnaires"

SMALL = """
format: 1
id: small
version: "1"
languages: [en]
title: A small study
scales:
  agreement:
    points:
      - {value: 1, label: Disagree}
      - {value: 2, label: Neither}
      - {value: 3, label: Agree}
    agreement: [3]
    disagreement: [1]
    opt_outs: [{id: dont-know, label: Don't know}]
criteria:
  effect: {title: Effect, statement: "It helps in {context}.", scale: agreement}
contexts:
  areas:
    title: Areas
    members: [{id: north, title: North}, {id: south, title: South}]
groups: [{id: north, title: Northerners}, {id: south, title: Southerners}, {id: both, title: Both}]
items:
  - {id: apples, title: Apples, definition: A fruit.}
  - {id: pears, title: Pears, definition: Another fruit.}
pages:
  - id: consent
    title: Consent
    once: true
    questions:
      - {id: consent, kind: consent, text: May we?, agree_label: Yes}
  - id: about
    title: About you
    once: true
    questions:
      - {id: years, kind: number, text: Years of experience?, min: 0, max: 80}
      - {id: word, kind: short_text, text: Your field in a word?, required: true}
  - id: rate
    title: Rate
    for_each: areas
    show_if: group == context or group == 'both'
    questions:
      - {id: fruit, kind: rating, text: Rate, criteria: [effect], reason: item}
  - id: choose
    title: Choose
    questions:
      - {id: best, kind: combination, text: Which?, max: 1}
"""


def load_text(text: str, folder: Path) -> Questionnaire:
    """The questionnaire that `text` describes, loaded as a file would be."""
    file = folder / "questionnaire.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


@dataclass(frozen=True)
class Member:
    """One invented panellist: the seat's id, and the token that opens it."""

    panellist_id: int
    group: str
    token: str


@dataclass(frozen=True)
class Ground:
    """A study in a database, with its questionnaire and panel."""

    database: Database
    study_id: int
    slug: str
    instrument: Instrument
    panel: tuple[Member, ...]

    def sit_down(self, member: Member | int = 0) -> Seat:
        """Press Start with a member's link, and look from the seat."""
        chosen = self.panel[member] if isinstance(member, int) else member
        with self.database.verb() as session:
            started = doors.start(session, token=chosen.token, now=read_now(session))
        return self.look(doors.hash_cookie(started.cookie))

    def look(self, id_hash: str) -> Seat:
        """The seat behind a session, as it stands now."""
        with self.database.reading() as session:
            seat = find_seat(session, id_hash=id_hash)
        assert seat is not None
        return seat

    def number(
        self, question: str, item: str = "", context: str = "", criterion: str = "", part: str = ""
    ) -> int:
        """The number of a cell."""
        return self.instrument.number_of[CellKey(question, item, context, criterion, part)]

    def given(self, number: int, *values: str) -> Given:
        """What these form texts mean in a cell."""
        questionnaire = self.instrument.questionnaire
        spec = self.instrument.spec(number)
        question = questionnaire.questions_by_id[spec.key.question]
        return KINDS[question.kind].parse(questionnaire, question, spec, values)

    def close(self) -> None:
        """Close the open round."""
        rounds.close_round(self.database, slug=self.slug, actor="test")


_serial = itertools.count(1)


def add_member(session, study: Study, *, group: str, now: datetime, tags: tuple[str, ...] = ()) -> Member:  # type: ignore[no-untyped-def]
    """Add one invented panellist with a link."""
    panellist_id = 10_000_019 * next(_serial) % (1 << 62)
    session.add(
        Panellist(
            study_id=study.id,
            id=panellist_id,
            pseudonym=f"P-{panellist_id:X}",
            group=group,
            tags=json.dumps(list(tags)),
            state="invited",
            state_at=now,
            created_at=now,
        )
    )
    session.flush()
    token = derive_token(LINK_KEY, slug=study.slug, panellist_id=panellist_id, number=1)
    session.add(
        Invitation(
            study_id=study.id,
            panellist_id=panellist_id,
            number=1,
            token_hash=hash_token(token),
            created_at=now,
        )
    )
    session.flush()
    return Member(panellist_id, group, token)


def lay_ground(
    database: Database,
    questionnaire: Questionnaire,
    *,
    slug: str = "fruit",
    groups: tuple[str, ...] = ("north", "both", "south"),
    is_open: bool = True,
    closes_at: datetime | None = None,
) -> Ground:
    """Create a study with one panellist per entry of `groups` and, as a rule, open its first round."""
    with database.verb() as session:
        now = read_now(session)
        study = studies.create_study(
            session,
            questionnaire=questionnaire,
            source="",
            title="A small study",
            slug=slug,
            now=now,
            actor="test",
            contact_email="team@example.org",
        )
        panel = tuple(add_member(session, study, group=group, now=now) for group in groups)
        if is_open:
            rounds.open_round(session, study=study, now=now, actor="test", closes_at=closes_at)
        study_id = study.id
        instrument = get_instrument(session, study_id=study_id, number=1)
    return Ground(database, study_id, slug, instrument, panel)
