"""The numbers of closed rounds, counted once per process as long as what counts stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.models import Panellist, Round
from surveyapp.services.figures import RoundFigures, find_before, read_figures, refuse_open
from surveyapp.services.release_drafts import read_input

_MOST_KEPT = 16
_Key: TypeAlias = tuple[object, ...]

_kept: OrderedDict[_Key, RoundFigures] = OrderedDict()
_kept_lock = threading.Lock()


def get_figures(session: Session, *, study_id: int, number: int) -> RoundFigures:
    """The figures of a closed round, counted again only when they could have changed.

    Raises NotFound, and RoundClosed while the round is open: nobody peeks.
    """
    current = session.get(Round, (study_id, number))
    if current is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    refuse_open(current)
    key = _key(session, current)
    with _kept_lock:
        figures = _kept.get(key)
        if figures is not None:
            _kept.move_to_end(key)
            return figures
    figures = read_figures(session, study_id=study_id, number=number)
    with _kept_lock:
        _kept[key] = figures
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return figures


def _key(session: Session, current: Round) -> _Key:
    """All that the figures depend on: submissions by their hashes, the panel by its size in each state."""
    study_id = current.study_id
    before = find_before(session, current)
    panel = session.execute(
        select(Panellist.group, Panellist.state, func.count())
        .where(Panellist.study_id == study_id)
        .group_by(Panellist.group, Panellist.state)
        .order_by(Panellist.group, Panellist.state)
    ).all()
    return (
        # Two databases of one process, as in tests, number their studies alike.
        str(session.get_bind().engine.url),
        study_id,
        current.number,
        current.questionnaire_number,
        current.protocol_number,
        read_input(session, study_id=study_id, number=current.number),
        before,
        None if before is None else read_input(session, study_id=study_id, number=before),
        tuple(tuple(row) for row in panel),
    )
