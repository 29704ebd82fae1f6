"""The panel as a list, and how long names are kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from surveyapp.extensions import get_database
from surveyapp.services.local_times import end_of_day
from surveyapp.services.permissions import Right
from surveyapp.services.reading.panel_lists import MOST, STANDINGS, PanelList, Standing, get_panel_list
from surveyapp.services.reading.seat_requests import count_requests
from surveyapp.services.retaining import find_names_kept, keep_names_until
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import Paging, page_asked, paging
from surveyapp.web.organiser.tabs import tabs
from surveyapp.web.organiser.typed import showable, typed

if TYPE_CHECKING:
    from surveyapp.models import Study


@dataclass(frozen=True, slots=True)
class Line:
    """One seat in the table."""

    seat: str
    who: str
    address: str
    group: str
    tags: str
    language: str
    standing: str


@dataclass(frozen=True, slots=True)
class PanelPage:
    """One page of the panel."""

    has_names: bool
    seats: int
    found: str
    lines: tuple[Line, ...]
    groups: tuple[tuple[str, str], ...]
    standings: tuple[tuple[str, str], ...]
    round: int | None
    words: str
    group: str
    standing: str
    paging: Paging
    added: str
    asking: int
    """How many people ask for a seat; told to those who see names."""
    keeps_until: str
    """The last day on which names are kept; '' for no end."""


def _standing_words() -> dict[Standing, str]:
    return {
        "not_started": _("not started"),
        "in_progress": _("in progress"),
        "submitted": _("submitted"),
        "declined": _("declined"),
        "not_me": _("wrong person"),
        "withdrawn": _("withdrawn"),
    }


@blueprint.get("/s/<slug>/panel")
def panel(slug: str) -> ResponseReturnValue:
    """The list."""
    return _show(slug)


def _show(slug: str, *, trouble: Trouble | None = None, until: str | None = None) -> ResponseReturnValue:
    desk = get_desk()
    has_names = desk.may(Right.IDENTITIES)
    asked = {name: showable(request.args.get(name, ""))[:200] for name in ("words", "group", "standing")}
    with get_database().reading() as session:
        found = get_panel_list(
            session, study=get_study(session, slug=slug), with_names=has_names, page=page_asked(), **asked
        )
        asking = count_requests(session, study_id=desk.study_id) if has_names else 0
        kept = find_names_kept(session, study_id=desk.study_id)
    added = request.args.get("added", "")
    page = _panel_page(
        found,
        has_names=has_names,
        asked=asked,
        added=int(added) if added.isascii() and added.isdecimal() else 0,
        asking=asking,
        keeps_until=_last_day(kept, desk.time_zone) if kept is not None else "",
    )
    return (
        render_template(
            "organiser/panel/panel.html",
            desk=desk,
            tabs=tabs(desk),
            page=page,
            form=FlaskForm(formdata=None),
            trouble=trouble,
            until=page.keeps_until if until is None else until,
        ),
        trouble.status if trouble else 200,
    )


def _last_day(kept: datetime, zone: str) -> str:
    return (kept.astimezone(ZoneInfo(zone)) - timedelta(seconds=1)).date().isoformat()


@blueprint.post("/s/<slug>/panel/names")
def keep_names(slug: str) -> ResponseReturnValue:
    """Say until when names are kept."""
    fields = typed()
    written = fields.get("until", "").strip()

    def verb(session: Session, study: Study, now: datetime) -> None:
        until = end_of_day(written, time_zone=study.time_zone) if written else None
        keep_names_until(session, study=study, until=until, now=now, actor=get_desk().email)

    done = do(verb)
    if isinstance(done, Trouble):
        lines = tuple(line.removeprefix("until: ") for line in done.lines)
        return _show(slug, trouble=replace(done, lines=lines), until=written)
    return redirect(url_for("organiser.panel", slug=slug), 303)


def _panel_page(
    found: PanelList, *, has_names: bool, asked: dict[str, str], added: int, asking: int, keeps_until: str
) -> PanelPage:
    words = _standing_words()
    return PanelPage(
        has_names=has_names,
        seats=found.seats,
        found=ngettext("%(num)s panellist", "%(num)s panellists", found.found),
        lines=tuple(
            Line(
                seat=row.seat,
                who=row.name or row.email or row.pseudonym or _("erased"),
                address=row.email,
                group=row.group,
                tags=", ".join(row.tags),
                language=row.language,
                standing=words[row.standing],
            )
            for row in found.rows
        ),
        groups=tuple(found.groups.items()),
        standings=tuple((each, words[each]) for each in STANDINGS),
        round=found.round,
        words=asked["words"],
        group=asked["group"],
        standing=asked["standing"],
        paging=paging(found.page, found.found, MOST),
        added=ngettext("%(num)s panellist was added.", "%(num)s panellists were added.", added)
        if added
        else "",
        asking=asking,
        keeps_until=keeps_until,
    )
