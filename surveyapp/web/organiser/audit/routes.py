"""Who did what, when and why: on a page, and as a file."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Response, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp.clock import as_utc
from surveyapp.export.writers.csv import encoded
from surveyapp.export.writers.csv import lines as csv_lines
from surveyapp.extensions import get_database
from surveyapp.services.reading.audit import AuditFilter, audit_rows, iterate_audit, list_audit
from surveyapp.web.organiser.audit.pages import audit_page
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked, paging
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import showable

MOST = 50


@blueprint.get("/s/<slug>/audit")
def audit(slug: str) -> ResponseReturnValue:
    """The record of acts, the latest first."""
    desk, page = get_desk(), page_asked()
    wanted = _wanted(desk.time_zone)
    with get_database().reading() as session:
        part = list_audit(session, study_id=desk.study_id, wanted=wanted, first=(page - 1) * MOST, most=MOST)
    shown = audit_page(
        part,
        desk,
        wanted=wanted,
        days=(_asked("since"), _asked("until")),
        paging=paging(page, part.count, MOST),
        csv_url=url_for(
            "organiser.audit_file",
            slug=slug,
            act=_asked("act") or None,
            actor=_asked("actor") or None,
            since=_asked("since") or None,
            until=_asked("until") or None,
        ),
    )
    return show("organiser/audit/audit.html", shown)


@blueprint.get("/s/<slug>/audit.csv")
def audit_file(slug: str) -> ResponseReturnValue:
    """The record as a CSV file, the earliest act first."""
    desk = get_desk()
    wanted = _wanted(desk.time_zone)
    with get_database().reading() as session:
        rows = list(audit_rows(iterate_audit(session, study_id=desk.study_id, wanted=wanted)))
    response = Response(map(encoded, csv_lines(rows, exact=False)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-audit.csv"'
    return response


def _asked(name: str) -> str:
    return showable(request.args.get(name, "")).strip()


def _wanted(time_zone: str) -> AuditFilter:
    since, until = _day(_asked("since")), _day(_asked("until"))
    return AuditFilter(
        act=_asked("act"),
        actor=_asked("actor"),
        since=_begin(since, time_zone) if since else None,
        until=_begin(until + timedelta(days=1), time_zone) if until else None,
    )


def _day(text: str) -> date | None:
    with suppress(ValueError):
        found = date.fromisoformat(text)
        # The last days of the calendar have no day after them.
        return found if 1900 < found.year < 9000 else None
    return None


def _begin(day: date, time_zone: str) -> datetime:
    return as_utc(datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)))
