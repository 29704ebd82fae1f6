"""Answering from a seat in a test: the shortest way from form texts to a submission."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from surveyapp.questionnaire.cells import Given
from surveyapp.services import answering
from surveyapp.services.reading.seats import Seat
from tests.support.studies import Ground, Member

_serial = itertools.count(1)


def save(ground: Ground, seat: Seat, answers: Mapping[int, str | Given]) -> int:
    """Save form texts (or what is given) in cells; returns the revision."""
    changes = {
        cell: ground.given(cell, text) if isinstance(text, str) else text for cell, text in answers.items()
    }
    with ground.database.verb() as session:
        return answering.save(
            session, seat=seat, request_id=f"request-{next(_serial)}", base=10_000, changes=changes
        ).revision


def submit(ground: Ground, seat: Seat) -> answering.Submitted:
    """Submit everything as it stands."""
    with ground.database.verb() as session:
        return answering.submit(session, seat=seat, request_id=f"request-{next(_serial)}")


def answer(ground: Ground, member: Member | int, answers: Mapping[int, str | Given]) -> Seat:
    """Sit down, agree, save and submit."""
    seat = ground.sit_down(member)
    first = {} if seat.earlier.numbers else {ground.number("consent"): "1", ground.number("word"): "law"}
    if first or answers:
        save(ground, seat, {**first, **answers})
    submit(ground, seat)
    return seat
