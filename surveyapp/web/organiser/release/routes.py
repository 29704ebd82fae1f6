"""Releasing a round: look at it, draft it anew, let it out."""

from __future__ import annotations

from flask import abort, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import InputError, NotFound, Refused, RoundClosed
from surveyapp.extensions import get_database
from surveyapp.services import releasing
from surveyapp.services.reading.release_desks import get_release_desk
from surveyapp.web.organiser.acting import Trouble, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.release.pages import release_page
from surveyapp.web.organiser.round_parts import go_to_latest, show, show_not_closed
from surveyapp.web.organiser.typed import typed

ROUND = "/s/<slug>/rounds/<int(max=999):number>"


@blueprint.get("/s/<slug>/release")
def release_latest(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """On to the release of the round that was closed last."""
    return go_to_latest("release", _("Release"))


@blueprint.get(f"{ROUND}/release")
def release(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """What is missing, what warns, and what the panel would be shown."""
    return show_release(number)


@blueprint.post(f"{ROUND}/release/draft")
def draft_release(slug: str, number: int) -> ResponseReturnValue:
    """Gather reasons and draft the release from the answers as they stand."""
    desk = get_desk()
    try:
        releasing.settle_round(get_database(), study_id=desk.study_id, number=number, actor=desk.email)
    except (Refused, InputError, NotFound) as error:
        return show_release(number, trouble=trouble_of(error))
    return redirect(url_for("organiser.release", slug=slug, number=number), 303)


@blueprint.post(f"{ROUND}/release")
def release_round(slug: str, number: int) -> ResponseReturnValue:
    """Let it out, if it is still what was looked at."""
    given = typed()
    reviewed = given.get("reviewed", "")
    figures_first = given.get("figures-first") == "yes"
    note = given.get("note", "")
    if not reviewed:
        # An empty one would mean that nobody looked.
        abort(400)
    try:
        releasing.release_round(
            get_database(),
            slug=slug,
            actor=get_desk().email,
            number=number,
            figures_first=figures_first,
            note=note,
            reviewed=reviewed,
        )
    except (Refused, InputError, NotFound) as error:
        return show_release(number, trouble=trouble_of(error), note=note, figures_first=figures_first)
    return redirect(url_for("organiser.release", slug=slug, number=number), 303)


def show_release(
    number: int, *, trouble: Trouble | None = None, note: str = "", figures_first: bool = False
) -> ResponseReturnValue:
    """The page of a release, with what was typed and why something was refused."""
    desk = get_desk()
    try:
        with get_database().reading() as session:
            found = get_release_desk(session, study_id=desk.study_id, number=number)
    except RoundClosed:
        return show_not_closed(_("Release"), number)
    page = release_page(found, desk, note=note, figures_first=figures_first)
    status = trouble.status if trouble else 200
    return show("organiser/release/release.html", page, status=status, trouble=trouble)
