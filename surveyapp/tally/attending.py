"""Who may come to a round, as the database tells it: by its cohort, and by what was answered before."""

from __future__ import annotations

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, literal, or_, select
from sqlalchemy.orm import aliased

from surveyapp.delphi.rounds import OpenTo, RoundState
from surveyapp.models import Panellist, Participation, Round

_NOT_HELD = (RoundState.CANCELLED, RoundState.DRAFT, RoundState.SCHEDULED)
_before = aliased(Round)
_earlier = aliased(Participation)


def previous_round() -> ScalarSelect[int]:
    """The latest round before `Round` that its cohort had: one that was cancelled is none."""
    return (
        select(func.max(_before.number))
        .where(
            _before.study_id == Round.study_id,
            _before.number < Round.number,
            _before.cohort == Round.cohort,
            _before.state.not_in(_NOT_HELD),
        )
        .correlate(Round)
        .scalar_subquery()
    )


def is_in_cohort() -> ColumnElement[bool]:
    """Whether `Round` is for everybody, or for those with a tag that `Panellist` has."""
    # Tags are a JSON list of plain words, and so is a cohort.
    return or_(Round.cohort == "", Panellist.tags.like(literal('%"') + Round.cohort + '"%'))


def could_come() -> ColumnElement[bool]:
    """Whether `Panellist` could take part in `Round`: invited, of its cohort, and there before if need be.

    Whoever did take part could, though what was answered before may have been withdrawn since. A letter that
    reached the wrong person invited nobody.
    """
    answered = and_(
        _earlier.study_id == Panellist.study_id,
        _earlier.panellist_id == Panellist.id,
        _earlier.submission > 0,
        _earlier.withdrawn_at.is_(None),
    )
    in_any = exists().where(
        answered,
        _before.study_id == _earlier.study_id,
        _before.number == _earlier.round,
        _before.number < Round.number,
        _before.state != RoundState.CANCELLED,
    )
    in_previous = exists().where(answered, _earlier.round == previous_round())
    came = exists().where(
        Participation.study_id == Panellist.study_id,
        Participation.round == Round.number,
        Participation.panellist_id == Panellist.id,
    )
    # Said outright whom they are about: within a question of its own they would else be about anybody.
    in_any, in_previous, came = (each.correlate(Panellist, Round) for each in (in_any, in_previous, came))
    return and_(
        Panellist.state != "not_me",
        is_in_cohort(),
        or_(
            Round.open_to == OpenTo.INVITED,
            and_(Round.open_to == OpenTo.ANY_EARLIER, in_any),
            and_(Round.open_to == OpenTo.PREVIOUS, in_previous),
            came,
        ),
    )
