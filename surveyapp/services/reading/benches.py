"""The bench on which reasons are worked on: how far the work is, and one item with both its sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveyapp.models import Reason
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.services.reading.closed_rounds import get_closed
from surveyapp.services.reading.reasons import (
    SIDES,
    Part,
    ReasonAtWork,
    SummaryAtWork,
    find_place,
    item_order,
    read_reasons,
    read_summaries,
)
from surveyapp.services.reasons.coding import ThemeInBook, list_themes
from surveyapp.services.reasons.covering import Coverage, Work, count_sources, count_work, coverage_of
from surveyapp.services.reasons.gathering import count_waiting

_EXAMPLES = 20
MOST_OF_A_SIDE = 20
"""How many reasons of each side stand on a page."""


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
    """Some of those with reasons."""
    count: int
    """How many there are in all, or with something left to do where only they were asked for."""
    says_nothing: int
    """How many unread reasons are such as “none”."""
    examples: tuple[str, ...]
    """Some of them."""


@dataclass(frozen=True, slots=True)
class ItemBench:
    """One item's reasons and its summary."""

    number: int
    state: str
    item: str
    questionnaire: Questionnaire
    reasons: tuple[ReasonAtWork, ...]
    """Those of one page: some of each side."""
    page: int
    last: int
    shown: str
    """The state that alone is shown; '' for all."""
    sides: Mapping[str, int]
    """Side → how many are shown on all pages together; '' for what is on neither."""
    states: Mapping[str, int]
    """State → how many reasons on the item are in it."""
    summary: SummaryAtWork | None
    themes: tuple[ThemeInBook, ...]
    before: str | None
    after: str | None
    """The neighbours among the items with reasons; None where there is none."""


def get_bench(
    session: Session,
    *,
    study_id: int,
    number: int,
    left_only: bool = False,
    first: int = 0,
    most: int | None = None,
) -> Bench:
    """The reasons of a closed round, item by item: `most` items from `first` on, of those with reasons.

    With `left_only` of those alone on which something is left to do. No text is read but of some that say
    nothing. Raises NotFound, or RoundClosed while the round is open.
    """
    closed = get_closed(session, study_id=study_id, number=number)
    instrument, questionnaire = closed.instrument, closed.instrument.questionnaire
    work = count_work(session, study_id=study_id, round_number=number)
    sources = count_sources(session, study_id=study_id, round_number=number)
    waiting = count_waiting(session, study_id=study_id, round_number=number)
    by_item: dict[str, list[Work]] = {}
    for each in work:
        by_item.setdefault(each.item, []).append(each)
    order = item_order(questionnaire)
    asked_for = [
        item
        for item in sorted(by_item, key=lambda one: (order(one), one))
        if not left_only or any(each.is_open for each in by_item[item])
    ]
    sentences = Counter(item for item, _ in sources)
    says_nothing = sum(each.reasons for each in work if each.says_nothing and each.state == "unread")
    return Bench(
        number=number,
        state=closed.state,
        coverage=coverage_of(work, instrument, sources, waiting=waiting),
        items=tuple(
            _on_bench(item, by_item[item], questionnaire, sentences[item])
            for item in asked_for[first : None if most is None else first + most]
        ),
        count=len(asked_for),
        says_nothing=says_nothing,
        examples=_read_examples(session, study_id=study_id, number=number) if says_nothing else (),
    )


def _read_examples(session: Session, *, study_id: int, number: int) -> tuple[str, ...]:
    rows = session.scalars(
        select(Reason.text)
        .where(
            Reason.study_id == study_id,
            Reason.round == number,
            Reason.state == "unread",
            Reason.says_nothing,
        )
        .order_by(Reason.public_id)
        .limit(_EXAMPLES)
    )
    return tuple(rows)


def get_item_bench(
    session: Session,
    *,
    study_id: int,
    number: int,
    item: str,
    state: str = "",
    page: int = 1,
    reason: str = "",
) -> ItemBench:
    """The reasons on one item, a page of them; `item` is '' for those on none, `state` shows those alone.

    With `reason` the page that this one is on. Raises NotFound, RoundClosed.
    """
    closed = get_closed(session, study_id=study_id, number=number)
    questionnaire = closed.instrument.questionnaire
    work = count_work(session, study_id=study_id, round_number=number)
    states: Counter[str] = Counter()
    sides: Counter[str] = Counter()
    for each in work:
        if each.item == item:
            states[each.state] += each.reasons
            if not state or each.state == state:
                sides[each.band if each.band in SIDES else ""] += each.reasons
    last = max(1, -(-max(sides.values(), default=0) // MOST_OF_A_SIDE))
    if reason:
        place = find_place(
            session, study_id=study_id, round_number=number, item=item, state=state, public_id=reason
        )
        page = 1 + (max(1, place) - 1) // MOST_OF_A_SIDE
    page = min(max(1, page), last)
    summaries = read_summaries(session, closed.instrument, round_number=number, item=item)
    order = item_order(questionnaire)
    items = sorted({*(each.item for each in work), item}, key=lambda one: (order(one), one))
    place = items.index(item)
    return ItemBench(
        number=number,
        state=closed.state,
        item=item,
        questionnaire=questionnaire,
        reasons=read_reasons(
            session,
            closed.instrument,
            round_number=number,
            item=item,
            state=state,
            summaries=summaries,
            part=Part((page - 1) * MOST_OF_A_SIDE, MOST_OF_A_SIDE),
        ),
        page=page,
        last=last,
        shown=state,
        sides=sides,
        states=states,
        summary=summaries[0] if summaries else None,
        themes=list_themes(session, study_id=study_id, with_uses=False),
        before=items[place - 1] if place else None,
        after=items[place + 1] if place + 1 < len(items) else None,
    )


def title_of(questionnaire: Questionnaire, item: str) -> str:
    """An item's title; '' for reasons on none."""
    found = questionnaire.items_by_id.get(item)
    return found.title.get(questionnaire.language) if found is not None else item


def _on_bench(item: str, work: Sequence[Work], questionnaire: Questionnaire, sentences: int) -> ItemOnBench:
    bands: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for each in work:
        bands[each.band] += each.reasons
        states[each.state] += each.reasons
    return ItemOnBench(
        item=item,
        title=title_of(questionnaire, item),
        reasons=sum(each.reasons for each in work),
        agreeing=bands["agree"],
        disagreeing=bands["disagree"],
        states=states,
        sentences=sentences,
    )
