"""The numbers of closed rounds, counted once per process as long as what counts stays the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, Sentence
from surveyapp.models import QuestionnaireVersion, Round
from surveyapp.services.figures import RoundFigures, before_among, read_figures, refuse_open
from surveyapp.services.instruments import note_versions
from surveyapp.services.round_marks import read_marks

_MOST_KEPT = 16
_Key: TypeAlias = tuple[object, ...]

_kept: OrderedDict[_Key, RoundFigures] = OrderedDict()
_kept_lock = threading.Lock()


def get_figures(session: Session, *, study_id: int, number: int) -> RoundFigures:
    """The figures of a closed round, counted again only when they could have changed.

    Raises NotFound, and RoundClosed while the round is open: nobody peeks.
    """
    rounds = hold_rounds(session, study_id=study_id)
    current = next((each for each in rounds if each.number == number), None)
    if current is None:
        raise NotFound(Sentence("This study has no round {number}.", number=number))
    refuse_open(current)
    key = _key(session, current, before_among(rounds, current))
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


def hold_rounds(session: Session, *, study_id: int) -> Sequence[Round]:
    """The study's rounds, ascending, read once in a session that only reads, with which text each asked.

    A session forgets what nobody holds, and whoever asks for figures asks for the round as well.
    """
    held: dict[int, Sequence[Round]] = session.info.setdefault("rounds", {})
    if study_id not in held:
        rows = session.execute(
            select(Round, QuestionnaireVersion.sha256)
            .outerjoin(
                QuestionnaireVersion,
                and_(
                    QuestionnaireVersion.study_id == Round.study_id,
                    QuestionnaireVersion.number == Round.questionnaire_number,
                ),
            )
            .where(Round.study_id == study_id)
            .order_by(Round.number)
        ).all()
        held[study_id] = [row[0] for row in rows]
        note_versions(session, {(study_id, row[0].questionnaire_number): row[1] for row in rows if row[1]})
    return held[study_id]


def _key(session: Session, current: Round, before: int | None) -> _Key:
    """All that the figures depend on: what was submitted, and the panel by its size in each state."""
    marks = read_marks(session, study_id=current.study_id)
    return (
        # Two databases of one process, as in tests, number their studies alike.
        str(session.get_bind().engine.url),
        current.study_id,
        current.number,
        current.questionnaire_number,
        current.protocol_number,
        marks.of(current.number),
        before,
        None if before is None else marks.of(before),
        marks.panel,
    )
