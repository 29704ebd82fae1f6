"""The panel as a list, and the way onto it from a spreadsheet."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.utils import secure_filename

from surveyapp.errors import InputError, Problem, Refused, say
from surveyapp.exchange.panel_file import PanelFile, read_panel_file
from surveyapp.exchange.sheets import defuse
from surveyapp.extensions import get_config, get_database
from surveyapp.services import panel as panels
from surveyapp.services.instruments import get_instrument
from surveyapp.services.permissions import Right
from surveyapp.services.reading.panel_lists import MOST, STANDINGS, PanelList, Standing, get_panel_list
from surveyapp.services.reading.seat_requests import count_requests
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.acting import trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import Paging, page_asked, paging
from surveyapp.web.organiser.tabs import tabs
from surveyapp.web.organiser.typed import showable, typed

if TYPE_CHECKING:
    from surveyapp.models import Study

_SHOWN = 100
"""How many problems a page lists; the file holds all."""


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


@dataclass(frozen=True, slots=True)
class ImportPage:
    """What a file would do, or why it cannot be taken."""

    file: str
    problems: tuple[str, ...]
    count: int
    more: int
    """Problems that are not listed here."""
    would_add: str
    by_group: tuple[tuple[str, int], ...]
    warnings: tuple[str, ...]
    unused: tuple[str, ...]
    groups: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]


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
    desk = get_desk()
    has_names = desk.may(Right.IDENTITIES)
    asked = {name: showable(request.args.get(name, ""))[:200] for name in ("words", "group", "standing")}
    with get_database().reading() as session:
        found = get_panel_list(
            session, study=get_study(session, slug=slug), with_names=has_names, page=page_asked(), **asked
        )
        asking = count_requests(session, study_id=desk.study_id) if has_names else 0
    added = request.args.get("added", "")
    page = _panel_page(
        found,
        has_names=has_names,
        asked=asked,
        added=int(added) if added.isascii() and added.isdecimal() else 0,
        asking=asking,
    )
    return render_template(
        "organiser/panel/panel.html", desk=desk, tabs=tabs(desk), page=page, form=FlaskForm(formdata=None)
    )


def _panel_page(
    found: PanelList, *, has_names: bool, asked: dict[str, str], added: int, asking: int
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
    )


@blueprint.get("/s/<slug>/panel/import")
def panel_import(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The form, and what a file should look like."""
    return _show()


@blueprint.post("/s/<slug>/panel/import")
def import_panel(slug: str) -> ResponseReturnValue:
    """Add everybody in the file, or say what would happen, or hand over what is wrong with it.

    The file is kept nowhere between two looks: it holds names, and may have been mended meanwhile.
    """
    go = typed().get("go", "check")
    name = ""
    try:
        name, file = _read_sent()
        with get_database().verb(keep=go == "add") as session:
            outcome = _import(session, get_study(session, slug=slug), file, read_now(session))
    except InputError as error:
        problems = tuple(_say(problem) for problem in error.problems)
        if go == "problems":
            return _problem_file(problems)
        return _show(file=name, problems=problems, status=422)
    except Refused as error:
        return _show(file=name, problems=trouble_of(error).lines, status=409)
    if go == "add":
        return redirect(url_for("organiser.panel", slug=slug, added=outcome.added), 303)
    return _show(file=name, looked=outcome, unused=file.ignored_columns)


def _say(problem: Problem) -> str:
    what = say(problem.what, _)
    return f"{problem.where}: {what}" if problem.where else what


def _import(session: Session, study: Study, file: PanelFile, now: datetime) -> panels.PanelImport:
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    return panels.import_panel(
        session,
        study=study,
        questionnaire=instrument.questionnaire,
        rows=file.rows,
        now=now,
        actor=get_desk().email,
        link_key=get_config().link_key.encode(),
        is_synthetic=study.is_synthetic,
    )


def _read_sent() -> tuple[str, PanelFile]:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent is not None else ""
    if sent is None or ending not in {".xlsx", ".csv"}:
        raise InputError([Problem(_("file"), _("choose the XLSX or CSV file that lists the panel."))])
    name = showable(sent.filename or "")[-80:]
    with tempfile.TemporaryDirectory(prefix="surveyapp-panel-") as folder:
        # Their name stands in what is said of the file; it could be a path.
        safe = secure_filename(name)
        file = Path(folder) / (safe if safe.lower().endswith(ending) else f"panel{ending}")
        sent.save(file)
        sent.close()
        return name, read_panel_file(file)


def _problem_file(problems: tuple[str, ...]) -> Response:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([_("where"), _("what is wrong")])
    for problem in problems:
        where, _colon, what = problem.partition(": ")
        table.writerow([defuse(where), defuse(what)])
    return Response(
        written.getvalue().encode("utf-8-sig"),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="problems.csv"', "Cache-Control": "no-store"},
    )


def _show(
    *,
    file: str = "",
    problems: tuple[str, ...] = (),
    looked: panels.PanelImport | None = None,
    unused: tuple[str, ...] = (),
    status: int = 200,
) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    questionnaire = instrument.questionnaire
    titles = {each.id: each.title.get(questionnaire.language) for each in questionnaire.groups}
    page = ImportPage(
        file=file,
        problems=problems[:_SHOWN],
        count=len(problems),
        more=max(0, len(problems) - _SHOWN),
        would_add=ngettext(
            "%(num)s panellist would be added.", "%(num)s panellists would be added.", looked.added
        )
        if looked
        else "",
        by_group=tuple(
            (titles.get(group, group), count) for group, count in sorted(looked.by_group.items()) if group
        )
        if looked
        else (),
        warnings=tuple(_say(each) for each in looked.warnings[:_SHOWN]) if looked else (),
        unused=unused,
        groups=tuple(titles.items()),
        languages=questionnaire.languages,
    )
    return (
        render_template(
            "organiser/panel/import.html",
            desk=desk,
            tabs=tabs(desk),
            page=page,
            form=FlaskForm(formdata=None),
        ),
        status,
    )
