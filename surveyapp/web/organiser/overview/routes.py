"""All studies, and one study's state."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_database
from surveyapp.services import accounts
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.reading.setting_up import get_set_up
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.account.forms import ActForm
from surveyapp.web.organiser.blueprint import blueprint, get_desk, get_signed_in
from surveyapp.web.organiser.overview import pages
from surveyapp.web.organiser.overview.set_up import set_up_steps
from surveyapp.web.organiser.tabs import tabs


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
    return render_template("organiser/overview/studies.html", page=page, form=ActForm())


@blueprint.get("/s/<slug>")
def study(slug: str) -> ResponseReturnValue:
    """How a study's rounds go."""
    desk = get_desk()
    with get_database().reading() as session:
        found = get_study(session, slug=slug)
        progress = get_progress(session, study=found)
        steps = () if progress.rounds else set_up_steps(slug, get_set_up(session, study=found))
    page = pages.study_page(progress)
    return render_template(
        "organiser/overview/study.html", desk=desk, tabs=tabs(desk), page=page, steps=steps, form=ActForm()
    )
