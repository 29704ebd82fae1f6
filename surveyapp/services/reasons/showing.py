"""What of the reasons the panel may read: texts without authors, a band instead of a rating."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ShownReason, ShownSentence, ShownSummary
from surveyapp.models import Answer, Participation, Reason, Study
from surveyapp.questionnaire.cells import Status
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.counted import read_counted
from surveyapp.services.reading.reasons import (
    ReasonAtWork,
    get_closed_round,
    list_reasons,
    list_summaries,
    ratings_beside,
)

SMALLEST_NAMED_GROUP = 8


def shown_reasons(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    with_groups: bool = False,
    smallest_named_group: int = SMALLEST_NAMED_GROUP,
) -> tuple[ShownReason, ...]:
    """The released reasons as the panel may read them, in the order of items and of their random names.

    Where fewer than the study's k people rated, the reason carries no band; where a whole panel is smaller
    than k, none is shown. `with_groups` adds the author's group if at least `smallest_named_group` of it
    took part, and if those whose groups are too small for that are not told by the missing name.
    """
    study = session.get_one(Study, study_id)
    sizes = _count_groups(session, study_id=study_id, round_number=round_number)
    if sum(sizes.values()) < study.smallest_group:
        return ()
    reasons = list_reasons(session, study_id=study_id, round_number=round_number)
    released = [each for each in reasons if each.state == "released"]
    merged = Counter(each.merged_into for each in reasons if each.state == "merged")
    named = named_groups(sizes, smallest=smallest_named_group) if with_groups else frozenset()
    groups = _read_groups(session, study_id=study_id, round_number=round_number) if named else {}
    rated = _count_rated(session, study_id=study_id, round_number=round_number, reasons=released)
    shown = []
    for each in released:
        may_tell = rated[each.cell] >= study.smallest_group
        group = groups.get(each.public_id, "")
        shown.append(
            ShownReason(
                id=each.public_id,
                item=each.item,
                context=each.context,
                criterion=each.criterion,
                text=each.released_text,
                band=each.band if may_tell else "",
                group=group if group in named else "",
                also=merged[each.public_id],
                language=each.language,
            )
        )
    return tuple(shown)


def shown_summaries(session: Session, *, study_id: int, round_number: int) -> tuple[ShownSummary, ...]:
    """The summaries as the panel may read them; a sentence that has lost its reasons is left out."""
    shown = []
    for summary in list_summaries(session, study_id=study_id, round_number=round_number):
        sentences = tuple(
            ShownSentence(text=each.text, sources=each.sources) for each in summary.sentences if each.sources
        )
        if sentences:
            shown.append(ShownSummary(item=summary.item, sentences=sentences))
    return tuple(shown)


def named_groups(sizes: Mapping[str, int], *, smallest: int) -> frozenset[str]:
    """The groups whose name may stand beside a reason, by how many of each took part.

    Those of `smallest` people or more; but none at all where the others are together fewer than that: a
    reason without a name would then point to the few.
    """
    named = frozenset(group for group, size in sizes.items() if group and size >= smallest)
    others = sum(size for group, size in sizes.items() if group not in named)
    return named if others == 0 or others >= smallest else frozenset()


def _count_groups(session: Session, *, study_id: int, round_number: int) -> dict[str, int]:
    rows = session.execute(
        select(Participation.group, func.count())
        .where(*_submitted_in(study_id, round_number))
        .group_by(Participation.group)
    )
    return dict(rows.all())


def _read_groups(session: Session, *, study_id: int, round_number: int) -> dict[str, str]:
    rows = session.execute(
        select(Reason.public_id, Participation.group)
        .join(
            Participation,
            (Participation.study_id == Reason.study_id)
            & (Participation.round == Reason.round)
            & (Participation.panellist_id == Reason.panellist_id),
        )
        .where(Reason.study_id == study_id, Reason.round == round_number)
    )
    return dict(rows.all())


def _count_rated(
    session: Session, *, study_id: int, round_number: int, reasons: Sequence[ReasonAtWork]
) -> Mapping[int, int]:
    """Cell of a reason → by how many people the ratings beside it were answered: by the fewest of them."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    beside = {each.cell: ratings_beside(instrument, each.cell) for each in reasons}
    cells = sorted({cell for mine in beside.values() for cell in mine})
    counts = Counter(_count_clean(session, study_id=study_id, round_number=round_number, cells=cells))
    edited = session.scalars(
        select(Participation.panellist_id).where(
            *_submitted_in(study_id, round_number), Participation.revision > Participation.submitted_revision
        )
    ).all()
    if edited and cells:
        counted = read_counted(
            session, instrument=instrument, round_number=round_number, cells=cells, only=edited
        )
        counts.update(cell for given in counted.values() for cell in given)
    return {cell: min((counts[each] for each in mine), default=0) for cell, mine in beside.items()}


def _count_clean(
    session: Session, *, study_id: int, round_number: int, cells: Sequence[int]
) -> dict[int, int]:
    if not cells:
        return {}
    rows = session.execute(
        select(Answer.cell, func.count())
        .join(
            Participation,
            (Participation.study_id == Answer.study_id)
            & (Participation.round == Answer.round)
            & (Participation.panellist_id == Answer.panellist_id),
        )
        .where(
            *_submitted_in(study_id, round_number),
            Participation.revision == Participation.submitted_revision,
            Answer.cell.in_(cells),
            Answer.status.in_([Status.VALUE, Status.DONT_KNOW, Status.KEPT]),
        )
        .group_by(Answer.cell)
    )
    return dict(rows.all())


def _submitted_in(study_id: int, round_number: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Participation.study_id == study_id,
        Participation.round == round_number,
        Participation.submission > 0,
    )
