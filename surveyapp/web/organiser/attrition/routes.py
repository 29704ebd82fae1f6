"""Leavers and stayers of a closed round, and in an open one who is still awaited."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services.reading.attrition import find_attrition
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.attrition.pages import MOST, attrition_page
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked, paging
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed


@blueprint.get("/s/<slug>/attrition")
def attrition_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the round that was closed last."""
    return go_to_latest("attrition", _("Attrition"))


@blueprint.get("/s/<slug>/rounds/<int(max=999):number>/attrition")
def attrition(slug: str, number: int) -> ResponseReturnValue:
    """Who left before this round, what they had rated, and whether verdicts stand on that."""
    try:
        with get_database().reading() as session:
            found = find_attrition(session, study=get_study(session, slug=slug), number=number)
    except RoundClosed:
        return show_not_closed(_("Attrition"), number)
    if found is None:
        return show("organiser/attrition/nobody_left.html", None, number=number)
    ways = paging(page_asked(), len(found.cells), MOST)
    return show("organiser/attrition/attrition.html", attrition_page(found, get_desk(), ways))
