"""All studies, and one study's state."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.extensions import get_database
from surveyapp.services import accounts
from surveyapp.services.permissions import Right
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.reading.setting_up import get_set_up
from surveyapp.services.reading.watching import get_work
from surveyapp.services.stopping import read_stopping
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.account.forms import ActForm
from surveyapp.web.organiser.acting import Trouble
from surveyapp.web.organiser.blueprint import blueprint, get_desk, get_signed_in
from surveyapp.web.organiser.overview import pages
from surveyapp.web.organiser.overview.going_on import ways_on
from surveyapp.web.organiser.overview.set_up import set_up_steps
from surveyapp.web.organiser.stopping import stopping_note
from surveyapp.web.organiser.tabs import tabs

if TYPE_CHECKING:
    from surveyapp.models import Study


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
    return show_study(slug)


def show_study(slug: str, *, trouble: Trouble | None = None) -> ResponseReturnValue:
    """The overview; with what was not done where somebody comes from."""
    desk = get_desk()
    with get_database().reading() as session:
        found = get_study(session, slug=slug)
        page = _look(session, found)
        # How many items are settled is a result.
        after = read_stopping(session, study=found) if desk.may(Right.RESULTS) else None
        is_at_work = not (page.has_rounds or desk.is_archived)
        set_up = get_set_up(session, study=found) if is_at_work else None
    steps = () if set_up is None else set_up_steps(desk, set_up)
    shown = render_template(
        "organiser/overview/study.html",
        desk=desk,
        tabs=tabs(desk),
        page=page,
        steps=steps,
        stopping_note=stopping_note(after),
        trouble=trouble,
        form=ActForm(),
    )
    return shown, trouble.status if trouble else 200


@blueprint.get("/s/<slug>/progress")
def progress(slug: str) -> ResponseReturnValue:
    """The part of the overview that changes while a round is open, for a page that asks again and again.

    Its ETag is made from what is shown and from nothing else: it changes when, and only when, a number on
    the page does.
    """
    with get_database().reading() as session:
        page = _look(session, get_study(session, slug=slug))
    response = make_response(render_template("organiser/overview/progress.html", page=page))
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest())
    return response.make_conditional(request)


def _look(session: Session, found: Study) -> pages.StudyPage:
    progressed = get_progress(session, study=found)
    current = progressed.current
    work = None if current is None else get_work(session, study=found, current=current)
    return pages.study_page(progressed, work, ways_on(progressed, get_desk()))
