"""What counts in each round of a study, told by one short mark: it changes when any of it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from surveyapp.models import Panellist, Participation

Mark: TypeAlias = tuple[int, int]

# Whoever submits again raises a number, and whoever goes takes a random one along: the sum tells both.
_BELOW = 1_000_000_007


class StudyMarks:
    """The marks of a study's rounds, and the size of its panel by group and state."""

    def __init__(self, rounds: Mapping[int, Mark], panel: tuple[tuple[str, str, int], ...]) -> None:
        self._rounds = rounds
        self.panel = panel

    def of(self, number: int) -> Mark:
        """The mark of one round: how many submitted, and a sum over who and how often."""
        return self._rounds.get(number, (0, 0))


def read_marks(session: Session, *, study_id: int) -> StudyMarks:
    """Every mark of a study in one query, whatever was submitted: no submission is read for it."""
    summed = func.sum(Participation.panellist_id % _BELOW * Participation.submission)
    rounds = (
        select(Participation.round, literal(""), literal(""), func.count(), summed)
        .where(Participation.study_id == study_id, Participation.submission > 0)
        .group_by(Participation.round)
    )
    panel = (
        select(literal(0), Panellist.group, Panellist.state, func.count(), literal(0))
        .where(Panellist.study_id == study_id)
        .group_by(Panellist.group, Panellist.state)
    )
    marks: dict[int, Mark] = {}
    people = []
    for number, group, state, count, total in session.execute(union_all(rounds, panel)):
        if number:
            marks[number] = (count, int(total))
        else:
            people.append((group, state, count))
    return StudyMarks(marks, tuple(sorted(people)))
