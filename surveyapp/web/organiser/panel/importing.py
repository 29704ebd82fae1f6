"""The way onto the panel from a spreadsheet: looked at first, then all or nobody."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.utils import secure_filename

from surveyapp.errors import InputError, Problem, Refused, say
from surveyapp.exchange.panel_file import COLUMNS, Heading, PanelFile, read_headings, read_panel_file
from surveyapp.exchange.sheets import defuse
from surveyapp.extensions import get_config, get_database
from surveyapp.services import panel as panels
from surveyapp.services.instruments import get_instrument
from surveyapp.services.reading.people_alike import list_rows_beside
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.acting import trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.panel.import_pages import Looked, import_page
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import showable, typed

if TYPE_CHECKING:
    from surveyapp.models import Study

_MOST_COLUMNS = 200


@blueprint.get("/s/<slug>/panel/import")
def panel_import(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The form, and what a file should look like."""
    return _show(Looked())


@blueprint.post("/s/<slug>/panel/import")
def import_panel(slug: str) -> ResponseReturnValue:
    """Add everybody in the file, or say what would happen, or hand over what is wrong with it.

    The file is kept nowhere between two looks: it holds names, and may have been mended meanwhile.
    """
    fields = typed()
    go = fields.get("go", "check")
    looked = Looked(leaves_out_known=fields.get("known") == "leave_out")
    try:
        looked = _read_sent(looked, fields)
        assert looked.file is not None
        with get_database().verb(keep=go == "add") as session:
            study = get_study(session, slug=slug)
            # Before anybody is added: afterwards everybody would be like himself.
            beside = list_rows_beside(session, study=study, rows=looked.file.rows)
            looked = replace(looked, beside=beside)
            outcome = _import(session, study, looked, read_now(session))
    except _Unreadable as error:
        looked, problems = error.looked, error.problems
    except InputError as error:
        problems = error.problems
    except Refused as error:
        return _show(replace(looked, refused=trouble_of(error).lines), status=409)
    else:
        if go == "add":
            return redirect(url_for("organiser.panel", slug=slug, added=outcome.added), 303)
        return _show(replace(looked, outcome=outcome))
    if go == "problems":
        return _problem_file(problems)
    return _show(replace(looked, problems=problems), status=422)


class _Unreadable(InputError):
    """A sheet whose rows cannot be told; `looked` knows as much of it as could be read."""

    def __init__(self, looked: Looked, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.looked = looked


def _import(session: Session, study: Study, looked: Looked, now: datetime) -> panels.PanelImport:
    instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    assert looked.file is not None
    return panels.import_panel(
        session,
        study=study,
        questionnaire=instrument.questionnaire,
        rows=looked.file.rows,
        now=now,
        actor=get_desk().email,
        link_key=get_config().link_key.encode(),
        is_synthetic=study.is_synthetic,
        leaves_out_known=looked.leaves_out_known,
    )


def _read_sent(looked: Looked, fields: Mapping[str, str]) -> Looked:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent is not None else ""
    if sent is None or ending not in {".xlsx", ".csv"}:
        raise InputError([Problem(_("file"), _("choose the XLSX or CSV file that lists the panel."))])
    looked = replace(looked, name=showable(sent.filename or "")[-80:])
    with tempfile.TemporaryDirectory(prefix="surveyapp-panel-") as folder:
        # Their name stands in what is said of the file; it could be a path.
        safe = secure_filename(looked.name)
        path = Path(folder) / (safe if safe.lower().endswith(ending) else f"panel{ending}")
        sent.save(path)
        sent.close()
        try:
            looked = replace(looked, headings=read_headings(path))
            columns = _said_of_columns(looked.headings, fields)
            if columns:
                looked = replace(looked, headings=read_headings(path, columns))
            file: PanelFile = read_panel_file(path, columns)
        except InputError as error:
            raise _Unreadable(looked, tuple(error.problems)) from error
    return replace(looked, file=file)


def _said_of_columns(headings: tuple[Heading, ...], fields: Mapping[str, str]) -> dict[int, str]:
    """What was said of columns, as long as the same columns stand in the file that was sent now."""
    said = {}
    for index, heading in enumerate(headings[:_MOST_COLUMNS]):
        chosen = fields.get(f"column-{index}")
        is_same = fields.get(f"title-{index}") == heading.title
        if is_same and (chosen == "" or chosen in COLUMNS):
            said[index] = chosen
    return said


def _problem_file(problems: tuple[Problem, ...]) -> Response:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([_("where"), _("what is wrong")])
    for problem in problems:
        table.writerow([defuse(say(problem.where, _)), defuse(say(problem.what, _))])
    return Response(
        written.getvalue().encode("utf-8-sig"),
        mimetype="text/csv",
        headers={"Content-Disposition": 'attachment; filename="problems.csv"', "Cache-Control": "no-store"},
    )


def _show(looked: Looked, *, status: int = 200) -> ResponseReturnValue:
    with get_database().reading() as session:
        study = get_study(session, slug=get_desk().slug)
        instrument = get_instrument(session, study_id=study.id, number=study.questionnaire_number)
    page = import_page(looked, instrument.questionnaire)
    return show("organiser/panel/import.html", page, status=status)
