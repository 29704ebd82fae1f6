"""The organiser's pages: all studies, one study, its data."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, abort, render_template, send_file
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_database
from surveyapp.services import accounts
from surveyapp.services.exporting import export_study
from surveyapp.services.reading.progress import StudyProgress, get_progress
from surveyapp.web.organiser import pages
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in
from surveyapp.web.organiser.forms import ActForm


@blueprint.get("/")
def studies() -> ResponseReturnValue:
    """The studies that this organiser may see."""
    organiser = get_signed_in()
    with get_database().reading() as session:
        found = [
            get_progress(session, study=each)
            for each in accounts.list_studies_of(session, organiser_id=organiser.organiser_id)
        ]
    page = pages.studies_page(organiser.email, found)
    return render_template("organiser/studies.html", page=page, form=ActForm())


@blueprint.get("/s/<slug>")
def study(slug: str) -> ResponseReturnValue:
    """How a study's rounds go, and its data once they are closed."""
    page = pages.study_page(get_signed_in().email, _get_progress(slug))
    return render_template("organiser/study.html", page=page, form=ActForm())


@blueprint.post("/s/<slug>/export")
def export(slug: str) -> ResponseReturnValue:
    """The data package, made now. A post, because who took the data and when is written down."""
    progress = _get_progress(slug)
    if progress.is_open:
        page = pages.study_page(get_signed_in().email, progress)
        return render_template("organiser/study.html", page=page, form=ActForm(), refused=True), 409
    return _send_package(slug)


def _send_package(slug: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="surveyapp-export-") as folder:
        file = Path(folder) / f"{slug}.zip"
        export_study(get_database(), slug=slug, out=file, actor=get_signed_in().email)
        stream = file.open("rb")
    # The folder is gone already, and the file with the stream: answers stay nowhere, whatever happens now.
    return send_file(
        stream, mimetype="application/zip", as_attachment=True, download_name=f"{slug}.zip", max_age=0
    )


def _get_progress(slug: str) -> StudyProgress:
    with get_database().reading() as session:
        found = accounts.find_study_of(session, organiser_id=get_signed_in().organiser_id, slug=slug)
        if found is None:
            abort(404)
        return get_progress(session, study=found)
