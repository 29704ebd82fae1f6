"""The study's data as one package, while no round is open."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, render_template, send_file
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_database
from surveyapp.services.exporting import export_study
from surveyapp.services.reading.open_rounds import find_open_round
from surveyapp.web.organiser.account.forms import ActForm
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.tabs import tabs


@blueprint.get("/s/<slug>/export")
def export(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """What can be taken home, and when."""
    return _show(status=200)


@blueprint.post("/s/<slug>/export")
def make_export(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The data package, made now. A post, because who took the data and when is written down."""
    if _open_round() is not None:
        return _show(status=409)
    return _send_package(get_desk().slug)


def _open_round() -> int | None:
    with get_database().reading() as session:
        return find_open_round(session, study_id=get_desk().study_id)


def _show(*, status: int) -> ResponseReturnValue:
    desk = get_desk()
    return (
        render_template(
            "organiser/export.html",
            desk=desk,
            tabs=tabs(desk),
            open_round=_open_round(),
            is_refused=status == 409,
            form=ActForm(),
        ),
        status,
    )


def _send_package(slug: str) -> Response:
    with tempfile.TemporaryDirectory(prefix="surveyapp-export-") as folder:
        file = Path(folder) / f"{slug}.zip"
        export_study(get_database(), slug=slug, out=file, actor=get_desk().email)
        stream = file.open("rb")
    # The folder is gone already, and the file with the stream: answers stay nowhere, whatever happens now.
    return send_file(
        stream, mimetype="application/zip", as_attachment=True, download_name=f"{slug}.zip", max_age=0
    )
