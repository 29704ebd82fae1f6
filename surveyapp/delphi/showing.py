"""What one expert is shown of an earlier round: figures over the scale, reasons, summaries, the own answer.

Everything comes out of a release, which has passed the rules of `delphi.privacy`; here nothing is added to
it, and what the protocol does not show is left out. Pages, commands and programs show this and nothing
else, so they cannot disagree.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Final, Literal

from surveyapp.delphi.feedback import (
    ReleaseContent,
    ShownCell,
    ShownFigure,
    ShownItem,
    ShownMarks,
    ShownReason,
    ShownSummary,
)
from surveyapp.delphi.privacy.reasons import order_for
from surveyapp.delphi.protocol.model import Feedback, Reasons
from surveyapp.questionnaire.cells import Given, Status

NOT_ASKED: Final = "not_asked"
"""Why there are no figures: the release knows nothing of the rating."""
BLIND: Final = "blind"
"""Why there are no figures: in real time others are shown only after the own first submitted answer."""

LEFT_BEHIND: Final = frozenset({"accept", "drop", "finalise", "split", "merge"})
"""Outcomes after which an item is not rated any more under its own name."""

_RATED: Final = frozenset({Status.VALUE, Status.KEPT})

Place = Literal["below", "within", "above"]
Cause = Literal["", "outside", "step", "everyone"]
"""Why a reason is asked for: the rating lies outside the middle half, moved far, or everybody is asked."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many chose one point of the scale, or could not judge."""

    value: int | None
    """The point; None for those who could not judge."""
    count: int
    percent: int
    """Of all who answered, rounded to whole per cent."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is shown of the ratings of everybody, or of one group."""

    group: str
    """'' for everybody."""
    n: int
    """Valid ratings."""
    shares: tuple[Share, ...] = ()
    """One per point of the scale, ascending; empty where the distribution is not shown."""
    dont_know: Share | None = None
    median: Fraction | None = None
    q1: Fraction | None = None
    q3: Fraction | None = None
    at_least: int | None = None
    """They answered nearly alike, and all that is told is: at least so many in a hundred chose `mode`."""
    mode: int | None = None
    """The point that they chose; None beside `at_least` stands for “don't know”."""

    @property
    def answered(self) -> int:
        """Everybody whom the shares stand on."""
        return self.n + (self.dont_know.count if self.dont_know else 0)

    def place(self, value: Fraction | int) -> Place | None:
        """Where a rating lies beside the middle half; None where that is not shown."""
        if self.q1 is None or self.q3 is None:
            return None
        return "below" if value < self.q1 else "above" if value > self.q3 else "within"


@dataclass(frozen=True, slots=True)
class RatingView:
    """What is shown beside one rating; the same for all who are shown the same."""

    cell: int
    """The cell's number in the present round."""
    points: tuple[int, ...] = ()
    panel: Figure | None = None
    hidden: str = ""
    """Why there is no figure: a code of `delphi.privacy`, NOT_ASKED or BLIND; '' where none is missing."""
    groups: tuple[Figure, ...] = ()
    hidden_groups: tuple[str, ...] = ()
    """Groups that the protocol shows and that are too small for it."""
    verdict: str = ""
    middle: frozenset[int] | None = None
    """The points within the middle half that is shown; None where none is."""


@dataclass(frozen=True, slots=True)
class ChosenView:
    """What is shown beside one preferred combination: who chose what."""

    cell: int
    n: int
    chosen: Mapping[str, int]
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an item since the earlier round, and why."""

    item: str
    title: str
    """As it was called then."""
    outcome: str
    reason: str
    verdict: str
    successors: tuple[str, ...]
    ratings: tuple[RatingView, ...] = ()
    """Figures of an item that is settled, where its result is shown; cells as the release numbers them."""


@dataclass(frozen=True)
class PanelView:
    """What a release shows to everybody of one group and one variant."""

    round: int
    """The round that it shows."""
    release: int
    submissions: int
    smallest_group: int
    feedback: Feedback
    group: str
    """The own group, where figures of groups are shown."""
    note: str = ""
    is_synthetic: bool = False
    ratings: Mapping[int, RatingView] = field(default_factory=dict)
    chosen: Mapping[int, ChosenView] = field(default_factory=dict)
    reasons: Mapping[str, tuple[ShownReason, ...]] = field(default_factory=dict)
    """Item → the reasons of others; '' for reasons on no item."""
    summaries: Mapping[str, ShownSummary] = field(default_factory=dict)
    marks: Mapping[str, tuple[ShownMarks, ...]] = field(default_factory=dict)
    """Item → how reasons that the round showed were marked in it."""
    changes: Mapping[str, Change] = field(default_factory=dict)
    """Item of the present round → what changed since."""
    settled: tuple[Change, ...] = ()
    """Items that are out of the round."""
    shows_results: bool = False
    """Whether the results of items that are out of the round are shown."""
    missing: tuple[str, ...] = ()

    @cached_property
    def reasons_by_id(self) -> Mapping[str, ShownReason]:
        """Public name of a reason → the reason."""
        return {each.id: each for reasons in self.reasons.values() for each in reasons}

    def reasons_for(self, item: str, context: str, criteria: Iterable[str]) -> tuple[ShownReason, ...]:
        """The reasons that belong beside an item in one context: its own, and those on the item at large."""
        wanted = frozenset(("", *criteria))
        return tuple(each for each in self.reasons.get(item, ()) if _belongs(each, context, wanted))

    def marks_for(self, item: str, context: str, criteria: Iterable[str]) -> tuple[ShownMarks, ...]:
        """How reasons of a round before were marked, of those that belong beside the item in one context."""
        wanted = frozenset(("", *criteria))
        return tuple(each for each in self.marks.get(item, ()) if _belongs(each.reason, context, wanted))


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What one expert answered in an earlier round."""

    round: int
    given: Given
    is_of_earlier_wording: bool = False
    """Whether the item was worded otherwise then, comparably."""


@dataclass(frozen=True, slots=True)
class ExpertView:
    """What one expert is shown: the panel's view, and the own earlier answers by cell number."""

    panel: PanelView | None
    own: Mapping[int, OwnAnswer]
    """Empty where the protocol does not show the own answer."""
    reasons: Reasons
    variant: str = ""


def show_release(
    content: ReleaseContent,
    feedback: Feedback,
    *,
    cells: Mapping[int, int],
    combinations: Mapping[int, int],
    items: Iterable[str],
    group: str,
    shows_settled: bool,
    blind: frozenset[int] = frozenset(),
    viewer: str = "",
    seed: str = "",
) -> PanelView:
    """What `content` shows of the ratings and preferred combinations of the present round.

    `cells` and `combinations` map a cell's number in this round to its number in the release; 0 where
    nothing before may be compared with it. `items` are those still asked. `group` is the own group.
    `blind` are cells whose figures the expert must not see yet. With `shows_settled` the results of items
    that are out of the round are shown too. `viewer` and `seed` settle the order of the reasons.
    """
    of_release = content.cells_by_number
    is_of_groups = feedback.of_groups != "none"
    asked = frozenset(items)
    known = {each.cell: each for each in content.combinations}
    return PanelView(
        round=content.round,
        release=content.number,
        submissions=content.submissions,
        smallest_group=content.smallest_group,
        feedback=feedback,
        group=group if is_of_groups else "",
        note=content.note,
        is_synthetic=content.is_synthetic,
        ratings={
            cell: RatingView(cell, hidden=BLIND)
            if cell in blind
            else _show_rating(cell, of_release.get(before), feedback, group)
            for cell, before in cells.items()
        }
        if feedback.of_panel
        else {},
        chosen={
            cell: ChosenView(cell, each.n, each.chosen, each.hidden)
            for cell, before in combinations.items()
            if cell not in blind and (each := known.get(before)) is not None
        }
        if feedback.distribution
        else {},
        reasons=_show_reasons(content, viewer, seed) if feedback.reasons else {},
        summaries=dict(content.summaries_by_item) if feedback.summaries else {},
        marks=dict(content.marks_by_item) if feedback.reasons else {},
        changes=_changes(content, asked),
        settled=tuple(_settled(content, feedback, asked, group=group, shows_results=shows_settled)),
        shows_results=shows_settled,
        missing=content.missing,
    )


def _show_rating(cell: int, shown: ShownCell | None, feedback: Feedback, group: str) -> RatingView:
    if shown is None:
        return RatingView(cell, hidden=NOT_ASKED)
    if shown.total is None:
        return RatingView(cell, shown.points, hidden=shown.hidden or NOT_ASKED, verdict=shown.verdict)
    panel = _figure("", shown.total, shown.points, feedback)
    wanted: tuple[str, ...] = ()
    if feedback.of_groups == "own group":
        wanted = (group,) if group else ()
    elif feedback.of_groups == "all groups":
        # The own group first, the others as the release has them.
        others = [each for each in (*shown.groups, *shown.hidden_groups) if each != group]
        wanted = ((group,) if group else ()) + tuple(others)
    return RatingView(
        cell,
        shown.points,
        panel,
        groups=tuple(
            _figure(each, shown.groups[each], shown.points, feedback)
            for each in wanted
            if each in shown.groups
        ),
        hidden_groups=tuple(each for each in wanted if each not in shown.groups),
        verdict=shown.verdict,
        middle=_middle(panel, shown.points),
    )


def _figure(group: str, shown: ShownFigure, points: tuple[int, ...], feedback: Feedback) -> Figure:
    if shown.at_least is not None:
        return Figure(group, shown.n, at_least=shown.at_least, mode=shown.mode)
    has_shares = feedback.distribution and bool(shown.counts)
    answered = shown.n + (shown.dont_know or 0)
    return Figure(
        group,
        shown.n,
        shares=tuple(
            Share(point, count, percent_of(count, answered))
            for point, count in zip(points, shown.counts, strict=True)
        )
        if has_shares
        else (),
        dont_know=Share(None, shown.dont_know, percent_of(shown.dont_know, answered))
        if has_shares and shown.dont_know is not None
        else None,
        median=shown.median if feedback.quartiles else None,
        q1=shown.q1 if feedback.quartiles else None,
        q3=shown.q3 if feedback.quartiles else None,
    )


def percent_of(count: int, of: int) -> int:
    """Whole per cent, halves rounded up. What some chose is never 0, nor what not all did 100."""
    if not of or not count:
        return 0
    return 100 if count == of else min(max(math.floor(Fraction(100 * count, of) + Fraction(1, 2)), 1), 99)


def _middle(figure: Figure, points: tuple[int, ...]) -> frozenset[int] | None:
    if figure.q1 is None or figure.q3 is None:
        return None
    return frozenset(point for point in points if figure.place(point) == "within")


def _show_reasons(content: ReleaseContent, viewer: str, seed: str) -> dict[str, tuple[ShownReason, ...]]:
    found = {}
    for item, reasons in content.reasons_by_item.items():
        by_name = {each.id: each for each in reasons}
        found[item] = tuple(by_name[name] for name in order_for(viewer, by_name, seed=seed))
    return found


def _belongs(reason: ShownReason, context: str, criteria: Collection[str]) -> bool:
    return reason.context in {"", context} and reason.criterion in criteria


def _changes(content: ReleaseContent, asked: frozenset[str]) -> dict[str, Change]:
    """What changed about items that are asked: reworded, come from others, or new."""
    found: dict[str, Change] = {}
    for each in content.items:
        if each.outcome in {"revise", "new"} and each.item in asked:
            found[each.item] = _change(each)
        elif each.outcome in {"split", "merge"}:
            found |= {successor: _change(each) for successor in each.successors if successor in asked}
    return found


def _change(item: ShownItem, ratings: tuple[RatingView, ...] = (), verdict: str = "") -> Change:
    return Change(item.item, item.title, item.outcome, item.reason, verdict, item.successors, ratings)


def _settled(
    content: ReleaseContent,
    feedback: Feedback,
    asked: frozenset[str],
    *,
    group: str,
    shows_results: bool,
) -> Iterable[Change]:
    for each in content.items:
        if each.outcome not in LEFT_BEHIND or each.item in asked:
            continue
        if not shows_results:
            yield _change(each)
            continue
        ratings = tuple(
            _show_rating(shown.cell, shown, feedback, group)
            for shown in content.cells
            if shown.item == each.item and shown.item_version == each.version and shown.total is not None
        )
        yield _change(each, ratings if feedback.of_panel else (), each.verdict)


def cause_to_ask(
    given: Given | None, *, earlier: Given | None, middle: frozenset[int] | None, reasons: Reasons
) -> Cause:
    """Why to ask kindly for a reason once `given` is chosen; '' for not asking. Nothing is ever required.

    By default when the rating lies strictly outside the middle half that was shown, or differs from the own
    earlier one by more than the protocol's step.
    """
    rating = _rating_of(given)
    if rating is None or reasons.ask == "nobody":
        return ""
    if reasons.ask == "everyone":
        return "everyone"
    if middle is not None and rating not in middle:
        return "outside"
    before = _rating_of(earlier)
    return (
        "step"
        if reasons.step is not None and before is not None and abs(rating - before) > reasons.step
        else ""
    )


def _rating_of(given: Given | None) -> Decimal | None:
    if given is None or given.status not in _RATED:
        return None
    return given.number
