"""The pages about one closed round: results, reasons, decisions, release, for those who may go there."""

from __future__ import annotations

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.extensions import get_database
from surveyapp.services.permissions import Right
from surveyapp.services.reading.closed_rounds import find_last_closed
from surveyapp.services.reading.desks import Desk
from surveyapp.web.organiser.account.forms import ActForm
from surveyapp.web.organiser.blueprint import get_desk
from surveyapp.web.organiser.permissions import IN_STUDY
from surveyapp.web.organiser.tabs import tabs

# The page that stands for another about the same round, where one goes over to another round.
_PAGE_OF = {
    "results": "results",
    "result": "results",
    "attrition": "attrition",
    "reasons": "reasons",
    "reasons_on": "reasons",
    "proposals": "proposals",
    "proposals_alike": "proposals",
    "item_of_proposals": "proposals",
    "decisions": "decisions",
    "decision": "decisions",
    "new_item": "decisions",
    "release": "release",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One page about a round, and whether it is this one."""

    label: str
    url: str
    is_current: bool


def parts_of(desk: Desk, number: int) -> tuple[Part, ...]:
    """The pages about round `number` that this organiser may open, in the order of the work."""
    listed = (
        ("results", _("Results")),
        ("attrition", _("Attrition")),
        ("reasons", _("Reasons")),
        *((("proposals", _("Proposals")),) if desk.asks_for_proposals else ()),
        ("decisions", _("Decisions")),
        ("release", _("Release")),
    )
    found = []
    for endpoint, label in listed:
        if desk.may(IN_STUDY.get(endpoint, Right.DELETE)):
            url = url_for(f"organiser.{endpoint}", slug=desk.slug, number=number)
            found.append(Part(label, url, request.path == url or request.path.startswith(f"{url}/")))
    return tuple(found)


def go_to_latest(endpoint: str, title: str) -> ResponseReturnValue:
    """On to the page about the round that was closed last; before the first close, a sentence."""
    desk = get_desk()
    with get_database().reading() as session:
        number = find_last_closed(session, study_id=desk.study_id)
    if number is not None:
        return redirect(url_for(f"organiser.{endpoint}", slug=desk.slug, number=number), 303)
    return show("organiser/rounds/none_closed.html", None, title=title)


def show(template: str, page: object, *, status: int = 200, **more: object) -> ResponseReturnValue:
    """A page of this study."""
    desk = get_desk()
    shown = render_template(
        template,
        desk=desk,
        tabs=tabs(desk),
        form=ActForm(),
        page=page,
        other_rounds=_other_rounds(desk),
        **more,
    )
    return shown, status


def _other_rounds(desk: Desk) -> tuple[Part, ...]:
    """The same page about other closed rounds, where this one is about one."""
    here = (request.view_args or {}).get("number")
    endpoint = _PAGE_OF.get((request.endpoint or "").rpartition(".")[2])
    if here is None or endpoint is None:
        return ()
    return tuple(
        Part(
            _("Round %(number)s", number=number),
            url_for(f"organiser.{endpoint}", slug=desk.slug, number=number),
            number == here,
        )
        for number in desk.closed
    )


def show_not_closed(title: str, number: int) -> ResponseReturnValue:
    """The page for whoever looks too early: nobody sees anything of an open round but its progress."""
    return show("organiser/rounds/not_closed.html", None, title=title, number=number)
