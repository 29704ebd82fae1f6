"""Look at the next round with an expert's eyes. Nothing is kept of it, and nothing in it can be sent."""

from __future__ import annotations

from flask import abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import refresh

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.extensions import get_database
from surveyapp.services.foreseeing import foresee
from surveyapp.web.organiser.acting import trouble_of
from surveyapp.web.organiser.blueprint import blueprint
from surveyapp.web.organiser.release.routes import show_release
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.preview.pages import NEWS, preview_page

ROUND = "/s/<slug>/rounds/<int(max=999):number>"


@blueprint.get(f"{ROUND}/release/as")
def preview_as(slug: str, number: int) -> ResponseReturnValue:
    """On to what the panellist named in the form would see."""
    pseudonym = request.args.get("expert", "").strip()
    if not pseudonym or "/" in pseudonym:
        return redirect(url_for("organiser.release", slug=slug, number=number), 303)
    url = url_for("organiser.preview", slug=slug, number=number, pseudonym=pseudonym, key=NEWS)
    return redirect(url, 303)


@blueprint.get(f"{ROUND}/release/as/<pseudonym>/<key>")
def preview(slug: str, number: int, pseudonym: str, key: str) -> ResponseReturnValue:
    """One page of the next round as this panellist would see it, were it released and opened now."""
    variant = request.args.get("variant", "")
    try:
        found = foresee(get_database(), slug=slug, number=number, pseudonym=pseudonym, variant=variant)
    except (Refused, NotFound, InputError) as error:
        return show_release(number, trouble=trouble_of(error))
    # The page speaks the expert's language, or it would not be what the expert sees.
    g.language = found.seat.language
    g.pop("page_language", None)
    refresh()
    page = preview_page(found, slug=slug, number=number, key=key)
    if page is None:
        abort(404)
    return show("organiser/release/preview.html", page)
