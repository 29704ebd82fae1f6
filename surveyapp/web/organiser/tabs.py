"""The tabs of a study, in the order of its life; each shows for those who may go there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for
from flask_babel import gettext as _

from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.web.organiser.permissions import IN_STUDY


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab, and whether this page lies under it."""

    label: str
    url: str
    is_current: bool


def tabs(desk: Desk) -> tuple[Tab, ...]:
    """The tabs that this organiser may open."""
    # Each: the endpoint that it opens, its label. Pages under it share the first word of their address.
    listed = (
        ("study", _("Overview")),
        ("export", _("Export")),
        ("lookup", _("Look-up")),
        ("members", _("Members")),
        ("settings", _("Settings")),
    )
    here = request.path
    found = []
    for endpoint, label in listed:
        if not desk.may(IN_STUDY.get(endpoint, Right.DELETE)):
            continue
        url = url_for(f"organiser.{endpoint}", slug=desk.slug)
        is_current = here == url or (endpoint != "study" and here.startswith(f"{url}/"))
        found.append(Tab(label, url, is_current))
    return tuple(found)
