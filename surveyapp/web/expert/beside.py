"""What stands beside ratings from round 2 on: figures, a request for a reason, and what others wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from surveyapp.delphi.feedback import ShownMarks, ShownReason
from surveyapp.delphi.showing import Change
from surveyapp.statistics.counts import thirds
from surveyapp.web.expert.fields import EMPTY
from surveyapp.web.expert.over_scale import OverScale, fill, labels_of, over_scale, span_words

if TYPE_CHECKING:
    from surveyapp.questionnaire.model import Scale
    from surveyapp.services.instruments import Instrument
    from surveyapp.web.expert.asking import Choice, Wording
    from surveyapp.web.expert.feedback import Shown

TalkOf: TypeAlias = Callable[[str], Markup]
"""Public name of a reason → what goes with it on a page."""
MOST_OPEN: Final = 3
"""Up to so many reasons stand open on the page; more are folded."""


@dataclass(frozen=True, slots=True)
class Request:
    """A kind request for a reason: shown once a rating is given that makes it due."""

    reason: int
    """The cell to write it in."""
    outside: Markup
    """What is said of a rating outside the middle half; '' where none is shown."""
    middle: str
    """The points within it, as a script reads them: ``4 5``."""
    step: int | None
    is_for_everyone: bool


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One reason of another expert."""

    text: str
    language: str
    about: str
    """Where its author's rating lies, the group, and how many said the same; '' where none is told."""
    talk: Markup = EMPTY
    """Marks and replies; '' where the protocol allows no discussion."""


@dataclass(frozen=True, slots=True)
class MarkedReason:
    """A reason of a round before, and how it was marked."""

    text: str
    language: str
    told: str


@dataclass(frozen=True, slots=True)
class BesideItem:
    """What is told about one item: what changed, what the organisers summarise, what others wrote."""

    change: tuple[Markup, ...]
    summary: tuple[str, ...]
    reasons: tuple[ReasonLine, ...]
    marked: tuple[MarkedReason, ...]
    """Reasons that were shown in the round that is shown now, with how they were marked in it."""
    round: int

    @property
    def is_open(self) -> bool:
        """Whether the reasons stand open."""
        return len(self.reasons) <= MOST_OPEN


class Beside:
    """Makes what stands beside the questions of one page, for one sort of experts."""

    def __init__(
        self, shown: Shown, instrument: Instrument, wording: Wording, talk: TalkOf | None = None
    ) -> None:
        self.shown = shown
        self.talk = talk
        self.instrument = instrument
        self.wording = wording
        self.groups = {each.id: wording.plain(each.title) for each in instrument.questionnaire.groups}

    @property
    def owns(self) -> bool:
        """Whether the own earlier answers are shown."""
        return self.shown.feedback.own_answer

    def over(self, cell: int, choices: Sequence[Choice]) -> OverScale | None:
        """The panel over the scale of a rating; None where nothing of the panel is shown."""
        panel = self.shown.panel
        view = panel.ratings.get(cell) if panel is not None else None
        if panel is None or view is None:
            return None
        return over_scale(view, panel, choices, self.groups)

    def request(self, cell: int, choices: Sequence[Choice]) -> Request | None:
        """The request for a reason that belongs to a rating; None where none can ever become due."""
        reason = self.instrument.reason_of.get(cell)
        reasons, panel = self.shown.reasons, self.shown.panel
        if reason is None or reasons.ask == "nobody":
            return None
        is_for_everyone = reasons.ask == "everyone"
        step = reasons.step if self.owns and not is_for_everyone else None
        view = panel.ratings.get(cell) if panel is not None else None
        if is_for_everyone or view is None or view.middle is None:
            words, middle = Markup(""), ""
            if not is_for_everyone and step is None:
                return None
        else:
            middle = " ".join(str(point) for point in sorted(view.middle))
            words = fill(
                _("Your rating lies outside the middle half of the panel (%(middle)s)."),
                middle=span_words(sorted(view.middle), labels_of(choices)),
            )
        return Request(reason, words, middle, step, is_for_everyone)

    def chosen(self, cell: int) -> Mapping[str, str]:
        """Item → how often it was chosen, in words, beside a preferred combination."""
        panel = self.shown.panel
        view = panel.chosen.get(cell) if panel is not None else None
        if view is None or view.hidden:
            return {}
        return {item: _("%(count)s of %(n)s", count=count, n=view.n) for item, count in view.chosen.items()}

    def item(self, item: str, context: str, scales: Mapping[str, Scale]) -> BesideItem | None:
        """What is told about an item on a page; `scales` are those of its criteria."""
        panel = self.shown.panel
        if panel is None:
            return None
        summary = panel.summaries.get(item)
        change = panel.changes.get(item)
        found = BesideItem(
            change=tuple(change_words(change, self._title(item), panel.round)) if change else (),
            summary=tuple(each.text for each in summary.sentences) if summary else (),
            reasons=tuple(self.line(each, scales) for each in panel.reasons_for(item, context, scales)),
            marked=tuple(
                MarkedReason(each.reason.text, each.reason.language, marks_words(each))
                for each in panel.marks_for(item, context, scales)
            ),
            round=panel.round,
        )
        return found if found.change or found.summary or found.reasons or found.marked else None

    def _title(self, item: str) -> str:
        return self.wording.plain(self.instrument.questionnaire.items_by_id[item].title)

    def line(self, reason: ShownReason, scales: Mapping[str, Scale]) -> ReasonLine:
        """One reason as its reader sees it; `scales` are those of the criteria beside it."""
        told = [
            self._band(reason, scales),
            self.groups.get(reason.group, reason.group),
            ngettext("%(num)s other said the same", "%(num)s others said the same", reason.also)
            if reason.also
            else "",
        ]
        about = " · ".join(each for each in told if each)
        talk = self.talk(reason.id) if self.talk and self.shown.discussion else EMPTY
        return ReasonLine(reason.text, reason.language, about, talk)

    def _band(self, reason: ShownReason, scales: Mapping[str, Scale]) -> str:
        """Where the author's rating lies: the labels of a third of the scale, never the rating."""
        if not reason.band:
            return ""
        if reason.band == "dont_know":
            return str(_("could not judge"))
        own = scales.get(reason.criterion)
        scale = next(iter(scales.values())) if own is None else own
        if own is None and any(each != scale for each in scales.values()):
            sides = {
                "agree": _("rated on the agreeing side"),
                "middle": _("rated in the middle"),
                "disagree": _("rated on the disagreeing side"),
            }
            return str(sides[reason.band])
        values = tuple(point.value for point in scale.points)
        bands = thirds(values)
        agrees_high = values[0] not in scale.agreement and values[-1] not in scale.disagreement
        ends = (bands.high, bands.low) if agrees_high else (bands.low, bands.high)
        points = {"agree": ends[0], "middle": bands.middle, "disagree": ends[1]}[reason.band]
        labels = {point.value: self.wording.plain(point.label) for point in scale.points}
        low, high = labels[points[0]], labels[points[-1]]
        if low == high:
            return str(_("rated %(label)s", label=low))
        return str(_("rated %(low)s to %(high)s", low=low, high=high))


def marks_words(marks: ShownMarks) -> str:
    """For how many a reason speaks, of those who marked it."""
    if marks.at_least is None:
        return str(
            _(
                "It speaks for %(for_me)s of the %(n)s who marked it.",
                for_me=marks.for_me,
                n=marks.n,
            )
        )
    if marks.mostly == "for_me":
        return str(
            _(
                "It speaks for at least %(percent)s%% of the %(n)s who marked it.",
                percent=marks.at_least,
                n=marks.n,
            )
        )
    return str(
        _(
            "At least %(percent)s%% of the %(n)s who marked it say: not for me.",
            percent=marks.at_least,
            n=marks.n,
        )
    )


def change_words(change: Change, title: str, round_: int) -> Iterator[Markup]:
    """What changed about an item since the earlier round, and why."""
    old = change.title
    if change.outcome == "revise":
        yield fill(_("Reworded since round %(round)s."), round=round_)
        if old != title:
            yield fill(_("Before: “%(title)s”."), title=old)
    elif change.outcome == "split":
        yield fill(_("Part of what was “%(title)s” in round %(round)s."), title=old, round=round_)
    elif change.outcome == "merge":
        yield fill(
            _("Made of several after round %(round)s, “%(title)s” among them."), title=old, round=round_
        )
    else:
        yield fill(_("New in this round."))
    if change.reason:
        yield fill(_("Why: %(reason)s"), reason=change.reason)
