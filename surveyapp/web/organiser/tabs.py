"""The tabs of a study, each for those who may go there: the work in its order, and what is set up once."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import request, url_for
from flask_babel import gettext as _

from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.web.organiser.permissions import IN_STUDY

# The pages about one round lie under it, and belong to the tabs of their own names.
_OF_A_ROUND = re.compile(r"/rounds/(?P<number>[0-9]+)/(?P<part>[a-z]+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab, and whether this page lies under it."""

    label: str
    url: str
    is_current: bool
    is_set_up: bool
    """Whether it belongs to what is set up once and looked up, and not to the work from round to round."""


# What stands apart from the work.
_SET_UP = frozenset({"protocol", "settings", "members", "lookup", "audit", "jobs"})


def tabs(desk: Desk) -> tuple[Tab, ...]:
    """The tabs that this organiser may open."""
    # Each: the endpoint that it opens, its label. Pages under it share the first word of their address.
    listed = (
        ("study", _("Overview")),
        ("panel", _("Panel")),
        ("letters", _("Letters")),
        ("rounds", _("Rounds")),
        ("results_latest", _("Results")),
        ("attrition_latest", _("Attrition")),
        ("reasons_latest", _("Reasons")),
        *((("replies_latest", _("Replies")),) if desk.has_replies else ()),
        *((("proposals_latest", _("Proposals")),) if desk.asks_for_proposals else ()),
        ("decisions_latest", _("Decisions")),
        ("release_latest", _("Release")),
        ("export", _("Export")),
        ("protocol", _("Protocol")),
        ("settings", _("Settings")),
        ("members", _("Members")),
        ("lookup", _("Look-up")),
        ("audit", _("Record")),
        ("jobs", _("Jobs")),
    )
    here = request.path
    of_round = _OF_A_ROUND.search(here)
    # The wording of a round belongs to the rounds themselves.
    part = of_round["part"] if of_round and of_round["part"] != "wording" else ""
    found = []
    for endpoint, label in listed:
        if not desk.may(IN_STUDY.get(endpoint, Right.DELETE)):
            continue
        url = url_for(f"organiser.{endpoint}", slug=desk.slug)
        if of_round and endpoint.endswith("_latest"):
            # Whoever looks at one round goes on within it.
            endpoint = endpoint.removesuffix("_latest")  # noqa: PLW2901 - the same page, of this round
            url = url_for(f"organiser.{endpoint}", slug=desk.slug, number=int(of_round["number"]))
        is_under = here.startswith(f"{url}/") and not (endpoint == "rounds" and part)
        is_current = here == url or url.endswith(f"/{part}" if part else "//")
        is_current = is_current or (endpoint != "study" and is_under)
        found.append(Tab(label, url, is_current, endpoint in _SET_UP))
    return tuple(found)
