"""What of the reasons the panel may read: texts without authors, a band instead of a rating."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveyapp.delphi.feedback import ShownReason, ShownSentence, ShownSummary
from surveyapp.delphi.privacy.reasons import groups_named
from surveyapp.delphi.privacy.rules import PrivacyRules
from surveyapp.models import Participation, Reason, Study
from surveyapp.questionnaire.cells import Status
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.beside import ratings_beside
from surveyapp.services.reading.counted import read_counted
from surveyapp.services.reading.reasons import (
    ReasonAtWork,
    get_closed_round,
    list_reasons,
    list_summaries,
)

_USUAL_K_REASONS = PrivacyRules().k_reasons
_ANSWERED = frozenset({Status.VALUE.value, Status.KEPT.value, Status.DONT_KNOW.value})
_WITHOUT_DONT_KNOW = _ANSWERED - {Status.DONT_KNOW.value}


def shown_reasons(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    rules: PrivacyRules | None = None,
    with_groups: bool = False,
) -> tuple[ShownReason, ...]:
    """The released reasons as the panel may read them, in the order of items and of their random names.

    `rules` are those of the protocol; without one the study's own k. A reason carries the band of its
    author's rating where at least k people answered that rating, and with `with_groups` the author's group
    where `delphi.privacy` lets it be named. In a panel smaller than k nobody reads another's reasons.
    """
    if rules is None:
        k = session.get_one(Study, study_id).smallest_group
        rules = PrivacyRules(k=k, k_reasons=max(k, _USUAL_K_REASONS))
    released = list_reasons(session, study_id=study_id, round_number=round_number, state="released")
    groups = _read_groups(session, study_id=study_id, round_number=round_number)
    if not released or len(groups) < rules.k:
        return ()
    merged = _count_merged(session, study_id=study_id, round_number=round_number)
    authors = _read_authors(session, study_id=study_id, round_number=round_number)
    answered = _count_answered(
        session, study_id=study_id, round_number=round_number, reasons=released, groups=groups, rules=rules
    )
    shown = []
    for each in released:
        sizes = answered[each.cell]
        total = sum(sizes.values())
        named = groups_named(total, {group: size for group, size in sizes.items() if group}, rules)
        group = groups.get(authors[each.public_id], "")
        shown.append(
            ShownReason(
                id=each.public_id,
                item=each.item,
                context=each.context,
                criterion=each.criterion,
                text=each.released_text,
                band=each.band if total >= rules.k else "",
                group=group if with_groups and group in named else "",
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


def _read_groups(session: Session, *, study_id: int, round_number: int) -> dict[int, str]:
    """Whoever submitted in the round → the group."""
    rows = session.execute(
        select(Participation.panellist_id, Participation.group).where(
            Participation.study_id == study_id,
            Participation.round == round_number,
            Participation.submission > 0,
        )
    )
    return dict(rows.all())


def _count_merged(session: Session, *, study_id: int, round_number: int) -> Counter[str]:
    """Public name of a reason → how many others were merged into it."""
    rows = session.execute(
        select(Reason.merged_into, func.count())
        .where(Reason.study_id == study_id, Reason.round == round_number, Reason.state == "merged")
        .group_by(Reason.merged_into)
    )
    return Counter(dict(rows.all()))


def _read_authors(session: Session, *, study_id: int, round_number: int) -> dict[str, int]:
    rows = session.execute(
        select(Reason.public_id, Reason.panellist_id).where(
            Reason.study_id == study_id, Reason.round == round_number, Reason.state == "released"
        )
    )
    return dict(rows.all())


def _count_answered(
    session: Session,
    *,
    study_id: int,
    round_number: int,
    reasons: Sequence[ReasonAtWork],
    groups: Mapping[int, str],
    rules: PrivacyRules,
) -> Mapping[int, Counter[str]]:
    """Cell of a reason → group → how many answered the rating beside it, or the least answered of several."""
    held = get_closed_round(session, study_id=study_id, round_number=round_number)
    instrument = get_instrument(session, study_id=study_id, number=held.questionnaire_number)
    beside = {each.cell: ratings_beside(instrument, each.cell) for each in reasons}
    cells = {cell for mine in beside.values() for cell in mine}
    statuses = _ANSWERED if rules.counts_dont_know else _WITHOUT_DONT_KNOW
    sizes: dict[int, Counter[str]] = defaultdict(Counter)
    if cells:
        counted = read_counted(
            session, instrument=instrument, round_number=round_number, cells=cells, only=groups
        )
        for panellist_id, given in counted.items():
            for cell, stored in given.items():
                sizes[cell][groups[panellist_id]] += stored[0] in statuses
    return {
        cell: min((sizes[each] for each in mine), key=lambda size: sum(size.values()), default=Counter())
        for cell, mine in beside.items()
    }
