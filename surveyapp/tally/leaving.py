"""Who answered a round and not the next: their ratings and those of the others, as counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from surveyapp.models import Answer, Participation
from surveyapp.tally.counts import CellNumber, GroupId
from surveyapp.tally.sql import iterate_edited

_GIVEN = (1, 6)


class Side(NamedTuple):
    """One cell and one group, and whether these people stayed."""

    cell: CellNumber
    group: GroupId
    stayed: bool


SideTally = Mapping[Side, Mapping[float, int]]
"""Side → value → by how many it was given."""


def count_submitted(session: Session, *, study_id: int) -> Mapping[int, frozenset[int]]:
    """Round → the panellists who submitted in it, whatever became of them."""
    rows = session.execute(
        select(Participation.round, Participation.panellist_id).where(
            Participation.study_id == study_id, Participation.submission > 0
        )
    )
    found: dict[int, set[int]] = {}
    for number, panellist in rows:
        found.setdefault(number, set()).add(panellist)
    return {number: frozenset(people) for number, people in found.items()}


def count_sides(
    session: Session, *, study_id: int, before: int, now: int, complete: Sequence[CellNumber] | None = None
) -> SideTally:
    """Ratings in round `before`, of those who submitted in round `now` too and of those who did not.

    Groups are those of the earlier round. With `complete`, only submissions count that leave none of these
    cells blank.
    """
    later = aliased(Participation)
    stayed = exists().where(
        later.study_id == Participation.study_id,
        later.round == now,
        later.panellist_id == Participation.panellist_id,
        later.submission > 0,
    )
    return _count(session, study_id=study_id, number=before, later=(now,), stayed=stayed, complete=complete)


def count_last(
    session: Session, *, study_id: int, last: int, later: Sequence[int], complete: Sequence[CellNumber] | None
) -> SideTally:
    """Ratings in round `last` of those who submitted in none of the `later` rounds: their last ones."""
    again = aliased(Participation)
    stayed = exists().where(
        again.study_id == Participation.study_id,
        again.round.in_(later),
        again.panellist_id == Participation.panellist_id,
        again.submission > 0,
    )
    found = _count(session, study_id=study_id, number=last, later=later, stayed=stayed, complete=complete)
    return {side: values for side, values in found.items() if not side.stayed}


def _count(
    session: Session,
    *,
    study_id: int,
    number: int,
    later: Iterable[int],
    stayed: ColumnElement[bool],
    complete: Sequence[CellNumber] | None,
) -> SideTally:
    counted = [
        Participation.study_id == study_id,
        Participation.round == number,
        Participation.submission > 0,
        Participation.revision == Participation.submitted_revision,
        Participation.has_strays.is_(False),
    ]
    if complete is not None:
        blank = select(Answer.panellist_id).where(
            Answer.study_id == study_id,
            Answer.round == number,
            Answer.cell.in_(complete),
            Answer.status == 2,
        )
        counted.append(Participation.panellist_id.not_in(blank))
    # Who stayed is asked once per person, not once per answer.
    people = (
        select(
            Participation.study_id,
            Participation.round,
            Participation.panellist_id,
            Participation.group.label("group"),
            stayed.label("stayed"),
        )
        .where(*counted)
        .subquery("people")
    )
    rows = session.execute(
        select(Answer.cell, people.c.group, people.c.stayed, Answer.value, func.count())
        .select_from(people)
        .join(
            Answer,
            and_(
                Answer.study_id == people.c.study_id,
                Answer.round == people.c.round,
                Answer.panellist_id == people.c.panellist_id,
            ),
        )
        .where(Answer.status.in_(_GIVEN), Answer.value.is_not(None))
        .group_by(Answer.cell, people.c.group, people.c.stayed, Answer.value)
    )
    found: dict[Side, dict[float, int]] = {}
    for cell, group, is_there, value, times in rows:
        found.setdefault(Side(cell, group, bool(is_there)), {})[value] = times
    edited = list(iterate_edited(session, study_id=study_id, number=number, complete=complete))
    if edited:
        submitted = count_submitted(session, study_id=study_id)
        there = frozenset().union(*(submitted.get(each, frozenset()) for each in later))
        for rater, group, answers in edited:
            for cell, answer in answers.items():
                _add(found, Side(cell, group, rater in there), answer)
    return found


def _add(found: dict[Side, dict[float, int]], side: Side, answer: Mapping[str, Any]) -> None:
    value = answer.get("value")
    if answer["status"] in {"value", "kept"} and isinstance(value, int | float):
        values = found.setdefault(side, {})
        values[float(value)] = values.get(float(value), 0) + 1
