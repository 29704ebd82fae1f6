"""A panellist leaves: withdrawn on the person's behalf, or erased."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.extensions import get_config, get_database
from surveyapp.services import erasing, leaving
from surveyapp.services.erasure_list import tidy_up
from surveyapp.services.letters.office import make_office
from surveyapp.web.organiser.acting import Trouble
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.panellist.routes import act_on, named, show_panellist
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study


@blueprint.post("/s/<slug>/panel/p/<seat>/withdraw")
def withdraw_panellist(slug: str, seat: str) -> ResponseReturnValue:
    """Let somebody leave who asked for it."""
    fields = typed()

    def verb(session: Session, study: Study, panellist_id: int, now: datetime) -> None:
        leaving.withdraw_for(
            session,
            study=study,
            panellist_id=panellist_id,
            answers=fields.get("answers", ""),
            reason=fields.get("reason", ""),
            sends_letter=fields.get("letter") == "yes",
            now=now,
            actor=get_desk().email,
        )

    done = act_on(seat, verb)
    if isinstance(done, Trouble):
        return show_panellist(seat, trouble=named(done), fields=fields, open_part="withdraw")
    return redirect(url_for("organiser.panellist", slug=slug, seat=seat, withdrawn=1), 303)


@blueprint.post("/s/<slug>/panel/p/<seat>/erase")
def erase_panellist(slug: str, seat: str) -> ResponseReturnValue:
    """Erase a person for good."""
    fields = typed()
    done = act_on(
        seat,
        lambda session, study, panellist_id, now: erasing.erase_panellist(
            session,
            study=study,
            panellist_id=panellist_id,
            answers=fields.get("answers", ""),
            typed=fields.get("typed", ""),
            reason=fields.get("reason", ""),
            now=now,
            actor=get_desk().email,
        ),
    )
    if isinstance(done, Trouble):
        return show_panellist(seat, trouble=named(done), fields=fields, open_part="erase")
    config = get_config()
    tidy_up(get_database(), office=make_office(config), folder=config.data_dir, erased=done)
    return redirect(url_for("organiser.panellist", slug=slug, seat=seat), 303)
