"""What the overview of a round's reasons shows: how far the work on them is, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.errors import say
from surveyapp.services.reading.benches import Bench, ItemOnBench
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reasons.from_sheet import ImportedReasons
from surveyapp.web.organiser.paging import Paging, paging
from surveyapp.web.organiser.reasons.pages import STATES, item_url, state_words

MOST = 50
"""How many items stand on a page."""
_MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Chip:
    """A number and what it counts."""

    words: str
    tone: str


@dataclass(frozen=True, slots=True)
class BenchLine:
    """One item in the overview."""

    title: str
    url: str
    reasons: int
    agreeing: int
    disagreeing: int
    chips: tuple[Chip, ...]
    is_done: bool


@dataclass(frozen=True, slots=True)
class BenchPage:
    """How far the work on a round's reasons is."""

    number: int
    is_released: bool
    has_reasons: bool
    total: str
    is_complete: bool
    waiting: int
    """How many panellists were not looked at since they last submitted."""
    left: str
    unsupported: tuple[str, ...]
    silent: int
    """How many sides would not be heard."""
    warnings: tuple[str, ...]
    lines: tuple[BenchLine, ...]
    left_only: bool
    paging: Paging
    says_nothing: int
    examples: tuple[str, ...]
    would_change: tuple[str, ...] | None
    """What a file would change; None where nobody asked."""
    done: str


def bench_page(
    found: Bench,
    desk: Desk,
    *,
    page: int = 1,
    left_only: bool = False,
    looked: ImportedReasons | None = None,
    brought: str = "",
) -> BenchPage:
    """The overview of a round's reasons."""
    coverage = found.coverage
    return BenchPage(
        number=found.number,
        is_released=found.state == "released",
        has_reasons=bool(coverage.reasons),
        total=ngettext("%(num)s reason", "%(num)s reasons", coverage.reasons),
        is_complete=coverage.is_complete,
        waiting=coverage.waiting,
        left=_left(found),
        unsupported=tuple(
            _(
                "%(item)s: sentence %(position)s of the summary has no reason left that it stands on.",
                item=each.title,
                position=each.position,
            )
            for each in coverage.unsupported
        ),
        silent=len(coverage.warnings),
        warnings=tuple(_some([say(each, _) for each in coverage.warnings])),
        lines=tuple(_line(each, found.number, desk) for each in found.items),
        left_only=left_only,
        paging=paging(page, found.count, MOST),
        says_nothing=found.says_nothing,
        examples=found.examples,
        would_change=tuple(_some([str(each) for each in looked.changes])) if looked is not None else None,
        done=ngettext(
            "%(num)s change from the file was made.", "%(num)s changes from the file were made.", int(brought)
        )
        if brought.isascii() and brought.isdigit() and len(brought) < 8
        else "",
    )


def _left(found: Bench) -> str:
    items = found.coverage.uncovered
    left = sum(each.reasons for each in items)
    if not left:
        return ""
    words: str = ngettext(
        "%(num)s reason has not been dealt with, on %(items)s items.",
        "%(num)s reasons have not been dealt with, on %(items)s items.",
        left,
        items=len(items),
    )
    return words


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield _("… and %(count)s more like these", count=len(lines) - _MOST_LINES)


def _line(each: ItemOnBench, number: int, desk: Desk) -> BenchLine:
    words = state_words()
    return BenchLine(
        title=each.title or _("On no item"),
        url=item_url(desk, number, each.item),
        reasons=each.reasons,
        agreeing=each.agreeing,
        disagreeing=each.disagreeing,
        chips=tuple(
            Chip(f"{each.states[state]} {words[state]}", "warn" if state == "unread" else "no")
            for state in STATES
            if each.states.get(state)
        ),
        is_done=not each.states.get("unread"),
    )
