"""A panellist's way in: a new personal link, and the invitation once more."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.extensions import get_config
from surveyapp.services import panellists
from surveyapp.web.organiser.acting import Trouble
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.panellist.routes import act_on, is_blind, show_panellist
from surveyapp.web.organiser.typed import typed


@blueprint.post("/s/<slug>/panel/p/<seat>/link")
def make_panellist_link(slug: str, seat: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found it
    """Make a new link. A post that ends in a page: the link can be read this once and is kept nowhere."""
    fields = typed()
    config, actor = get_config(), get_desk().email
    # Where organisers are blind, nobody who knows the name gets at the link: it opens the answers.
    shows = not is_blind()
    sends = fields.get("send") == "yes"
    link = act_on(
        seat,
        lambda session, study, panellist_id, now: panellists.make_new_link(
            session,
            study=study,
            panellist_id=panellist_id,
            link_key=config.link_key.encode(),
            base_url=config.base_url,
            now=now,
            actor=actor,
            reason=fields.get("reason", ""),
            sends_invitation=sends,
        ),
    )
    if isinstance(link, Trouble):
        return show_panellist(seat, trouble=link, fields=fields, open_part="link")
    done = _("The old link opens nothing any more.")
    if sends:
        done += " " + _("The letter with the new one is in the outbox.")
    elif not shows:
        done += " " + _("The next letter brings the new one.")
    return show_panellist(seat, new_link=link if shows else "", done=done)


@blueprint.post("/s/<slug>/panel/p/<seat>/invite")
def invite_panellist(slug: str, seat: str) -> ResponseReturnValue:
    """Send the invitation once more."""
    number = act_on(
        seat,
        lambda session, study, panellist_id, now: panellists.invite_again(
            session, study=study, panellist_id=panellist_id, now=now, actor=get_desk().email
        ),
    )
    if isinstance(number, Trouble):
        return show_panellist(seat, trouble=number, open_part="invite")
    return redirect(url_for("organiser.panellist", slug=slug, seat=seat, invited=1), 303)
