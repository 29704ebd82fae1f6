"""The bench on which reasons are worked on: how far the work is, and one item with both its sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.delphi.empty_words import is_empty_word
from surveyapp.models import Reason
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.reasons import (
    ReasonAtWork,
    SummaryAtWork,
    get_closed_round,
    item_order,
    list_reasons,
    list_summaries,
)
from surveyapp.services.reasons.coding import ThemeInBook, list_themes
from surveyapp.services.reasons.covering import Coverage, find_coverage


@dataclass(frozen=True, slots=True)
class ItemOnBench:
    """The work on one item's reasons in numbers."""

    item: str
    title: str
    reasons: int
    agreeing: int
    disagreeing: int
    states: Mapping[str, int]
    sentences: int


@dataclass(frozen=True, slots=True)
class Bench:
    """All reasons of a closed round."""

    number: int
    state: str
    coverage: Coverage
    items: tuple[ItemOnBench, ...]
    says_nothing: tuple[ReasonAtWork, ...]
    """Unread reasons such as “none”."""


@dataclass(frozen=True, slots=True)
class ItemBench:
    """One item's reasons and its summary."""

    number: int
    state: str
    item: str
    questionnaire: Questionnaire
    reasons: tuple[ReasonAtWork, ...]
    summary: SummaryAtWork | None
    themes: tuple[ThemeInBook, ...]
    before: str | None
    after: str | None
    """The neighbours among the items with reasons; None where there is none."""


def get_bench(session: Session, *, study_id: int, number: int) -> Bench:
    """The reasons of a closed round, item by item. Raises NotFound, or RoundClosed while it is open."""
    held = get_closed_round(session, study_id=study_id, round_number=number)
    questionnaire = get_instrument(session, study_id=study_id, number=held.questionnaire_number).questionnaire
    summaries = list_summaries(session, study_id=study_id, round_number=number)
    reasons = list_reasons(
        session, study_id=study_id, round_number=number, with_codes=False, summaries=summaries
    )
    by_item: dict[str, list[ReasonAtWork]] = {}
    for each in reasons:
        by_item.setdefault(each.item, []).append(each)
    sentences = {each.item: len(each.sentences) for each in summaries}
    return Bench(
        number=number,
        state=held.state,
        coverage=find_coverage(
            session,
            study_id=study_id,
            round_number=number,
            summaries=summaries,
            bands={each.public_id: each.band for each in reasons},
        ),
        items=tuple(
            _on_bench(item, mine, questionnaire, sentences.get(item, 0)) for item, mine in by_item.items()
        ),
        says_nothing=tuple(
            each
            for each in reasons
            if each.state == "unread" and is_empty_word(each.text, questionnaire.languages)
        ),
    )


def get_item_bench(session: Session, *, study_id: int, number: int, item: str) -> ItemBench:
    """The reasons on one item; `item` is '' for those on none. Raises NotFound, RoundClosed."""
    held = get_closed_round(session, study_id=study_id, round_number=number)
    questionnaire = get_instrument(session, study_id=study_id, number=held.questionnaire_number).questionnaire
    summaries = list_summaries(session, study_id=study_id, round_number=number, item=item)
    reasons = list_reasons(session, study_id=study_id, round_number=number, item=item, summaries=summaries)
    order = item_order(questionnaire)
    others = session.scalars(
        select(Reason.item).where(Reason.study_id == study_id, Reason.round == number).distinct()
    )
    items = sorted({*others, item}, key=lambda one: (order(one), one))
    place = items.index(item)
    return ItemBench(
        number=number,
        state=held.state,
        item=item,
        questionnaire=questionnaire,
        reasons=reasons,
        summary=summaries[0] if summaries else None,
        themes=list_themes(session, study_id=study_id, with_uses=False),
        before=items[place - 1] if place else None,
        after=items[place + 1] if place + 1 < len(items) else None,
    )


def title_of(questionnaire: Questionnaire, item: str) -> str:
    """An item's title; '' for reasons on none."""
    found = questionnaire.items_by_id.get(item)
    return found.title.get(questionnaire.language) if found is not None else item


def _on_bench(
    item: str, reasons: Sequence[ReasonAtWork], questionnaire: Questionnaire, sentences: int
) -> ItemOnBench:
    bands = Counter(each.band for each in reasons)
    return ItemOnBench(
        item=item,
        title=title_of(questionnaire, item),
        reasons=len(reasons),
        agreeing=bands["agree"],
        disagreeing=bands["disagree"],
        states=Counter(each.state for each in reasons),
        sentences=sentences,
    )
