"""What waits, what runs, what could not be done; and letting it run again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.extensions import get_database
from surveyapp.services import queue
from surveyapp.services.reading.jobs import list_jobs
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.jobs.pages import jobs_page
from surveyapp.web.organiser.round_parts import show

if TYPE_CHECKING:
    from surveyapp.models import Study


@blueprint.get("/s/<slug>/jobs")
def jobs(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The study's jobs."""
    return _show()


@blueprint.post("/s/<slug>/jobs/<int(max=9223372036854775807):job>/again")
def run_again(slug: str, job: int) -> ResponseReturnValue:
    """Let a job that could not be done be tried again."""

    def verb(session: Session, study: Study, now: datetime) -> None:
        queue.run_again(session, study_id=study.id, job_id=job, now=now, actor=get_desk().email)

    done = do(verb)
    if isinstance(done, Trouble):
        return _show(trouble=done)
    return redirect(url_for("organiser.jobs", slug=slug), 303)


def _show(*, trouble: Trouble | None = None) -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        found = list_jobs(session, study_id=desk.study_id)
    status = trouble.status if trouble else 200
    return show("organiser/jobs/jobs.html", jobs_page(found, desk), status=status, trouble=trouble)
