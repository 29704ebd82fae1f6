"""What stands on every page: withdraw, contact, about this study, and leaving for now."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from surveyapp.extensions import get_database
from surveyapp.services import doors
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.expert import pages
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.blueprints import get_seat, seat
from surveyapp.web.expert.parting import end_session, part
from surveyapp.web.expert.standing import read_instrument
from surveyapp.web.languages import page_language


@seat.post("/leave")
def leave(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has checked it
    """Leave for now."""
    return end_session()


@seat.get("/withdraw")
def withdraw(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Ask what is to become of the answers."""
    return _ask(asks=False)


def _ask(*, asks: bool) -> str:
    here = get_seat()
    instrument = read_instrument(here)
    return render_template(
        "expert/withdraw.html",
        frame=pages.frame_of(here),
        csrf=generate_csrf(),
        asks=asks,
        has_proposals=instrument.questionnaire.asks_for_proposals or bool(instrument.proposed),
    )


@seat.post("/withdraw")
def end_participation(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Leave the study for good."""
    here = get_seat()
    wish = request.form.get("answers")
    if wish not in {"keep", "remove"}:
        return _ask(asks=True), 422
    with get_database().verb() as session:
        doors.withdraw(session, seat=here, keep_answers=wish == "keep", now=read_now(session))
    response = part("links.withdrawn", here, answers=wish)
    security.get_sessions().take(response, security.SEAT)
    return response


@seat.get("/contact")
def contact(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Who can be asked, and how."""
    return render_template("expert/contact.html", frame=pages.frame_of(get_seat()))


@seat.get("/about")
def about(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """The information sheet."""
    here = get_seat()
    instrument = read_instrument(here)
    questionnaire = instrument.questionnaire
    wording = Wording(questionnaire, here.language, page_language())
    return render_template(
        "expert/about.html",
        frame=pages.frame_of(here),
        summary=wording.inline(questionnaire.summary),
        about=wording.block(questionnaire.about, top=2),
        notes=wording.block(questionnaire.notes),
        citation=questionnaire.citation or "",
        licence=questionnaire.licence or "",
        smallest_group=here.smallest_group,
    )
