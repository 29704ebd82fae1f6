"""Experts who give reasons: through the same verbs as people, in a small study with a closed round."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from surveyapp.services import answering
from surveyapp.services.gathered import Gathered
from surveyapp.services.reading.reasons import ReasonAtWork, list_reasons
from surveyapp.services.reading.seats import Seat
from surveyapp.services.reasons.gathering import gather_reasons
from surveyapp.services.unit import Database, read_now
from tests.support.studies import SMALL, Ground, Member, lay_ground, load_text

WITH_REMARKS = SMALL + "      - {id: remarks, kind: long_text, text: Anything else?}\n"
_serial = itertools.count(1)

Said = Mapping[tuple[str, str], tuple[str, str]]
"""Item and context → the rating as a form sends it, and the reason."""


def lay_talk(
    database: Database, folder: Path, *, slug: str = "talk", groups: tuple[str, ...] = ("north",) * 5
) -> Ground:
    """A study whose first round is open, with reasons on items and a place for remarks."""
    return lay_ground(database, load_text(WITH_REMARKS, folder), slug=slug, groups=groups)


def lay_noise(database: Database, folder: Path) -> None:
    """Another study with reasons of its own: nothing of it may ever appear."""
    other = lay_talk(database, folder, slug="noise", groups=("north",))
    speak(other, 0, {("apples", "north"): ("3", "From another study")})
    other.close()
    gather(other)


def speak(
    ground: Ground, member: Member | int, said: Said, *, remarks: str = "", submit: bool = True
) -> Seat:
    """Let a member rate items, give reasons, and submit; saying '' takes a reason back."""
    seat = ground.sit_down(member)
    texts = {
        ground.number("consent"): "1",
        ground.number("word"): "botany",
        ground.number("remarks"): remarks,
    }
    for (item, context), (rating, reason) in said.items():
        texts[ground.number("fruit", item, context, "effect")] = rating
        texts[ground.number("fruit", item, context, part="reason")] = reason
    changes = {cell: ground.given(cell, text) for cell, text in texts.items()}
    with ground.database.verb() as session:
        answering.save(session, seat=seat, request_id=_request(), base=seat.revision, changes=changes)
    if submit:
        with ground.database.verb() as session:
            answering.submit(session, seat=seat, request_id=_request())
    return seat


def gather(ground: Ground, *, round_number: int = 1, partial_counts: bool = False) -> Gathered:
    """Gather the reasons of a closed round."""
    with ground.database.verb() as session:
        return gather_reasons(
            session,
            study_id=ground.study_id,
            round_number=round_number,
            now=read_now(session),
            actor="test",
            partial_counts=partial_counts,
        )


@contextmanager
def at_work(ground: Ground) -> Iterator[tuple[Session, dict[str, Any]]]:
    """A unit of work, and what every act on a study's reasons needs to know: study, time and actor."""
    with ground.database.verb() as session:
        yield session, {"study_id": ground.study_id, "now": read_now(session), "actor": "test"}


def read(ground: Ground, *, round_number: int = 1) -> dict[str, ReasonAtWork]:
    """The reasons of a round by their texts."""
    with ground.database.reading() as session:
        found = list_reasons(session, study_id=ground.study_id, round_number=round_number)
    return {each.text: each for each in found}


def names(ground: Ground, *texts: str) -> list[str]:
    """The public names of the reasons with these texts."""
    found = read(ground)
    return [found[text].public_id for text in texts]


def _request() -> str:
    return f"request-{next(_serial):06}"
