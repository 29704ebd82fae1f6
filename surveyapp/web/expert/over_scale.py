"""The panel over one scale: in bars, in sentences and in a table, all of the same figures.

Texts and figures are the same for all who are shown the same, so they are part of compiled pages; what
depends on the own earlier answer is left to the field of the cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from flask_babel import format_percent, ngettext
from flask_babel import gettext as _
from markupsafe import Markup, escape

from surveyapp.delphi.privacy.suppression import Why
from surveyapp.delphi.showing import BLIND, NOT_ASKED, Figure, PanelView, RatingView, Share
from surveyapp.errors import say

if TYPE_CHECKING:
    from surveyapp.web.expert.asking import Choice


@dataclass(frozen=True, slots=True)
class Bar:
    """What is drawn over one option."""

    percent: str
    level: int
    """Of all who answered, in whole per cent."""
    is_middle: bool = False
    of_group: int | None = None
    """The own group's level; None where it is not shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table: an option, and how many chose it."""

    value: str
    label: Markup
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OverScale:
    """The panel over one scale."""

    sentences: tuple[Markup, ...]
    bars: Mapping[str, Bar]
    """Option → its bar; empty where no distribution is shown."""
    most: int
    """The highest level, which all bars are drawn against."""
    places: Mapping[str, str]
    """Option → where it lies beside the middle half, in words."""
    columns: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()

    @property
    def has_group(self) -> bool:
        """Whether the own group's bars stand beside the panel's."""
        return any(bar.of_group is not None for bar in self.bars.values())


def fill(words: str, **values: object) -> Markup:
    """A translated sentence with texts put in, each of them escaped unless it is markup already."""
    return Markup("{}").format(words) % values


def labels_of(choices: Sequence[Choice]) -> dict[int, Markup]:
    """Point → its label."""
    return {int(each.value): each.label for each in choices if not each.is_opt_out}


def over_scale(
    view: RatingView, panel: PanelView, choices: Sequence[Choice], groups: Mapping[str, str]
) -> OverScale:
    """One rating's figures as bars, sentences and a table."""
    labels = labels_of(choices)
    figure = view.panel
    own = next((each for each in view.groups if each.group == panel.group and panel.group), None)
    sentences = list(_sentences(view, panel, labels, groups))
    if figure is None:
        return OverScale(tuple(sentences), {}, 0, {})
    bars = _bars(figure, own, choices, view.middle)
    drawn = [bar.level for bar in bars.values()] + [bar.of_group or 0 for bar in bars.values()]
    shown = [each for each in (figure, *view.groups) if each.shares]
    names = [_("Everybody") if not each.group else _group(each, panel, groups) for each in shown]
    return OverScale(
        sentences=tuple(sentences),
        bars=bars,
        most=max(drawn, default=0),
        places=_places(figure, labels),
        columns=tuple(f"{name} ({each.answered})" for name, each in zip(names, shown, strict=True)),
        lines=_lines(shown, choices),
    )


def _bars(
    figure: Figure, own: Figure | None, choices: Sequence[Choice], middle: frozenset[int] | None
) -> dict[str, Bar]:
    if not figure.shares:
        return {}
    of_group = _by_value(own, choices) if own is not None and own.shares else {}
    return {
        value: Bar(
            percent=format_percent(share.percent / 100),
            level=share.percent,
            is_middle=middle is not None and share.value in middle,
            of_group=of_group[value].percent if value in of_group else None,
        )
        for value, share in _by_value(figure, choices).items()
    }


def _by_value(figure: Figure, choices: Sequence[Choice]) -> dict[str, Share]:
    """Option → its share. Who could not judge stands over the one option for that, if there is only one."""
    found = {str(share.value): share for share in figure.shares}
    apart = [each.value for each in choices if each.is_opt_out]
    if figure.dont_know is not None and len(apart) == 1:
        found[apart[0]] = figure.dont_know
    return found


def _lines(shown: Sequence[Figure], choices: Sequence[Choice]) -> tuple[Line, ...]:
    by_value = [_by_value(each, choices) for each in shown]
    return tuple(
        Line(choice.value, choice.label, tuple(_share_words(found.get(choice.value)) for found in by_value))
        for choice in choices
        if any(choice.value in found for found in by_value)
    )


def _share_words(share: Share | None) -> str:
    if share is None:
        return "–"
    words = _("%(count)s (%(percent)s)", count=share.count, percent=format_percent(share.percent / 100))
    return str(words)


def _places(figure: Figure, labels: Mapping[int, Markup]) -> dict[str, str]:
    words = {
        "below": _("It lies below the middle half of the panel."),
        "within": _("It lies within the middle half of the panel."),
        "above": _("It lies above the middle half of the panel."),
    }
    found = {}
    for point in labels:
        place = figure.place(point)
        if place is not None:
            found[str(point)] = words[place]
    return found


def _sentences(
    view: RatingView, panel: PanelView, labels: Mapping[int, Markup], groups: Mapping[str, str]
) -> Iterator[Markup]:
    figure = view.panel
    if figure is None:
        if view.hidden == BLIND:
            yield fill(_("The panel's view is shown here once you have submitted an answer of your own."))
        elif view.hidden == NOT_ASKED:
            yield fill(_("There are no earlier figures for this rating."))
        elif view.hidden:
            yield fill(say(Why(view.hidden).sentence(k=panel.smallest_group), _))
        return
    yield fill(
        ngettext(
            "%(num)s expert rated this in round %(round)s.",
            "%(num)s experts rated this in round %(round)s.",
            figure.n,
            round=panel.round,
        )
    )
    yield from _figure_words(figure, labels)
    for each in view.groups:
        if each.group == panel.group:
            yield fill(
                _("Your group, %(group)s (%(n)s):"), group=groups.get(each.group, each.group), n=each.n
            )
            yield from _figure_words(each, labels)
    if view.hidden_groups:
        names = ", ".join(groups.get(each, each) for each in view.hidden_groups)
        yield fill(
            _("Not shown by themselves, because too few people would stand behind it: %(groups)s."),
            groups=names,
        )


def _figure_words(figure: Figure, labels: Mapping[int, Markup]) -> Iterator[Markup]:
    if figure.at_least is not None:
        what = _("Don't know") if figure.mode is None else labels.get(figure.mode, figure.mode)
        yield fill(
            _("They answered nearly alike: at least %(percent)s chose %(what)s. More is not shown."),
            percent=format_percent(figure.at_least / 100),
            what=what,
        )
    if figure.median is not None:
        yield fill(_("Median: %(median)s."), median=point_words(figure.median, labels))
    if figure.q1 is not None and figure.q3 is not None:
        middle = [point for point in labels if figure.place(point) == "within"]
        yield fill(_("Middle half: %(middle)s."), middle=span_words(middle, labels))


def point_words(value: Fraction, labels: Mapping[int, Markup]) -> Markup:
    """A median in words: a point's label, or between which two it lies."""
    if value.denominator == 1 and int(value) in labels:
        return labels[int(value)]
    below = max((point for point in labels if point < value), default=None)
    above = min((point for point in labels if point > value), default=None)
    if below is None or above is None:
        return escape(f"{float(value):g}")
    return fill(_("between %(low)s and %(high)s"), low=labels[below], high=labels[above])


def span_words(points: Sequence[int], labels: Mapping[int, Markup]) -> Markup:
    """Ascending points in words: ``Agree to Strongly agree``."""
    if not points:
        return Markup("–")
    low, high = labels[points[0]], labels[points[-1]]
    return low if points[0] == points[-1] else fill(_("%(low)s to %(high)s"), low=low, high=high)


def _group(figure: Figure, panel: PanelView, groups: Mapping[str, str]) -> str:
    name = groups.get(figure.group, figure.group)
    return _("Your group: %(group)s", group=name) if figure.group == panel.group else name
