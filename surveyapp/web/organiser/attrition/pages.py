"""What the page about attrition shows: how many, how far apart, and which verdicts turn."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import format_decimal
from flask_babel import gettext as _

from surveyapp.services.reading.attrition import Attrition, CellAttrition
from surveyapp.services.reading.desks import Desk
from surveyapp.statistics.attrition import FAR_APART, LeaversAndStayers
from surveyapp.statistics.forecasting import Forecast
from surveyapp.statistics.measure import Measure
from surveyapp.web.organiser.paging import Paging
from surveyapp.web.organiser.results.pages import column_title
from surveyapp.web.organiser.words import Pill, pill, why_undefined

MOST = 50


@dataclass(frozen=True, slots=True)
class Share:
    """A share of people, and of whom."""

    words: str
    of: str


@dataclass(frozen=True, slots=True)
class Apart:
    """How far leavers lie from stayers: the figure and its people, or why there is none."""

    figure: str
    note: str
    is_far: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One rating of one item."""

    title: str
    rating: str
    everybody: Apart
    groups: tuple[Apart, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """A verdict that turns with those who left."""

    title: str
    url: str
    rule: str
    now: Pill
    then: Pill


@dataclass(frozen=True, slots=True)
class AttritionPage:
    """Attrition between two rounds."""

    number: int
    before: int
    stayers: int
    leavers: int
    smallest_group: int
    shares: tuple[Share, ...]
    far: str
    turned: tuple[Turned, ...]
    untold: int
    forecast: Forecast | None
    rows: tuple[Row, ...]
    paging: Paging


def attrition_page(found: Attrition, desk: Desk, ways: Paging) -> AttritionPage:
    """The page for one desk; rows are cut to the page that is asked for."""
    first = (ways.page - 1) * MOST
    over = found.over_items.far_apart
    kept = found.retention
    return AttritionPage(
        number=found.number,
        before=found.before,
        stayers=found.stayers,
        leavers=found.leavers,
        smallest_group=found.smallest_group,
        shares=(
            Share(_percent(kept.of_previous), _("of round %(number)s", number=found.before)),
            Share(_percent(kept.of_first), _("of the first round")),
            Share(_percent(kept.of_invited), _("of invited")),
        ),
        far=""
        if over.value is None
        else _("%(far)s of %(all)s ratings that can be compared", far=over.value, all=over.n),
        turned=tuple(
            Turned(
                each.title,
                url_for("organiser.result", slug=desk.slug, number=found.number, item=each.item),
                each.rule,
                pill(each.now),
                pill(each.with_leavers),
            )
            for each in found.reversals
        ),
        untold=found.untold,
        forecast=found.forecast,
        rows=tuple(_row(found, each) for each in found.cells[first : first + MOST]),
        paging=ways,
    )


def _percent(share: Measure) -> str:
    return why_undefined(share.reason) if share.reason else f"{round(100 * (share.number or 0))} %"


def _row(found: Attrition, each: CellAttrition) -> Row:
    questionnaire = found.instrument.questionnaire
    titles = {group.id: group.title.get(questionnaire.language) for group in questionnaire.groups}
    return Row(
        found.titles.get(each.key.item, each.key.item),
        column_title(questionnaire, each.key.criterion, each.key.context),
        _apart(each.everybody, p=each.p),
        tuple(_apart(part, group=titles.get(group, group)) for group, part in each.groups.items()),
    )


def _apart(found: LeaversAndStayers, *, group: str = "", p: float | None = None) -> Apart:
    if found.comparison is None:
        reason = why_undefined(found.reason) if found.reason else ""
        return Apart(_("not shown"), reason, group=group)
    people = _("%(leavers)s left, %(stayers)s stayed", leavers=found.leavers, stayers=found.stayers)
    effect = found.comparison.effect
    if effect.reason is not None or effect.number is None:
        return Apart("–", people, group=group)
    if p is not None:
        people += " · " + (_("p below 0.001") if p < 0.001 else f"p {format_decimal(round(p, 3))}")
    sign = "+" if effect.number > 0 else "−" if effect.number < 0 else ""
    figure = f"{sign}{format_decimal(abs(effect.number), '0.00')}"
    return Apart(figure, people, abs(effect.number) > FAR_APART, group)
