"""Results of a closed round; while it is open, a sentence that says so."""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services.reading.results import get_item_result, list_results
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked, paging
from surveyapp.web.organiser.results.items import item_page
from surveyapp.web.organiser.results.pages import results_page
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed

ROUND = "/s/<slug>/rounds/<int(max=999):number>"
MOST = 30


@blueprint.get("/s/<slug>/results")
def results_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the results of the round that was closed last."""
    return go_to_latest("results", _("Results"))


@blueprint.get(f"{ROUND}/results")
def results(slug: str, number: int) -> ResponseReturnValue:
    """Every item of the round with its ratings and verdicts."""
    desk = get_desk()
    verdict, group, page = request.args.get("verdict", ""), request.args.get("group", ""), page_asked()
    by_agreement = request.args.get("order") == "agreement"
    try:
        with get_database().reading() as session:
            part = list_results(
                session,
                study=get_study(session, slug=slug),
                number=number,
                verdict=verdict,
                by_agreement=by_agreement,
                first=(page - 1) * MOST,
                most=MOST,
            )
    except RoundClosed:
        return show_not_closed(_("Results"), number)
    ways = paging(page, part.count, MOST)
    shown = results_page(part, desk, verdict=verdict, group=group, by_agreement=by_agreement, paging=ways)
    return show("organiser/results/table.html", shown)


@blueprint.get(f"{ROUND}/results/<item>")
def result(slug: str, number: int, item: str) -> ResponseReturnValue:
    """One item in full."""
    desk = get_desk()
    try:
        with get_database().reading() as session:
            study = get_study(session, slug=slug)
            part = get_item_result(session, study=study, number=number, item=item)
    except RoundClosed:
        return show_not_closed(_("Results"), number)
    return show("organiser/results/item.html", item_page(part, desk))
