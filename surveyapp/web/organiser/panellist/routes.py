"""One panellist: what happened, and what an organiser does for that person."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import available_timezones

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from sqlalchemy.orm import Session

from surveyapp.extensions import get_database
from surveyapp.services import panellists
from surveyapp.services.panellists import Wanted
from surveyapp.services.permissions import Right
from surveyapp.services.reading.panellists import find_by_seat, get_person
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.panellist.pages import changed_words, person_page
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study

_Done = TypeVar("_Done")
_FIELDS = {
    "name": lazy("Name"),
    "email": lazy("Address"),
    "group": lazy("Group"),
    "tags": lazy("Tags"),
    "language": lazy("Language"),
    "time zone": lazy("Time zone"),
    "answers": lazy("Answers"),
    "typed": lazy("Address, typed"),
    "reason": lazy("Reason"),
}


@blueprint.get("/s/<slug>/panel/p/<seat>")
def panellist(slug: str, seat: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The page."""
    changed = request.args.get("changed", "")
    done = changed_words(int(changed)) if changed.isascii() and changed.isdecimal() else ""
    if request.args.get("invited"):
        done = _("The letter is in the outbox.")
    if request.args.get("withdrawn"):
        done = _("This panellist has left the study.")
    return show_panellist(seat, done=done)


def show_panellist(
    seat: str,
    *,
    trouble: Trouble | None = None,
    fields: Mapping[str, str] | None = None,
    open_part: str = "",
    new_link: str = "",
    done: str = "",
    status: int = 200,
) -> ResponseReturnValue:
    """The page as it stands, with what was done or refused, and with what was typed."""
    desk = get_desk()
    with_names = desk.may(Right.IDENTITIES)
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        panellist_id = find_by_seat(session, study=study, seat=seat, with_names=with_names)
        person = get_person(session, study=study, panellist_id=panellist_id, with_names=with_names)
        is_blind = study.anonymity == "blind"
    page = person_page(
        person, desk, is_blind=is_blind, typed=fields if open_part == "change" else None, done=done
    )
    return show(
        "organiser/panellist/panellist.html",
        page,
        status=trouble.status if trouble else status,
        trouble=trouble,
        open_part=open_part,
        fields=fields or {},
        new_link=new_link,
        zones=tuple(sorted(available_timezones())) if page.change else (),
    )


def is_blind() -> bool:
    """Whether organisers of this study are blind."""
    with get_database().reading() as session:
        return get_study(session, slug=get_desk().slug).anonymity == "blind"


def act_on(seat: str, verb: Callable[[Session, Study, int, datetime], _Done]) -> _Done | Trouble:
    """Let `verb` do something for the panellist on this seat."""

    def found(session: Session, study: Study, now: datetime) -> _Done:
        panellist_id = find_by_seat(session, study=study, seat=seat, with_names=True)
        return verb(session, study, panellist_id, now)

    return do(found)


@blueprint.post("/s/<slug>/panel/p/<seat>/change")
def change_panellist(slug: str, seat: str) -> ResponseReturnValue:
    """Put right what stands for the panellist."""
    fields = typed()
    wanted = Wanted(
        name=fields.get("name"),
        email=fields.get("email"),
        group=fields.get("group"),
        tags=re.split(r"[,;|\n]", fields["tags"]) if "tags" in fields else None,
        language=fields.get("language"),
        time_zone=fields.get("time_zone"),
    )
    done = act_on(
        seat,
        lambda session, study, panellist_id, now: panellists.change_panellist(
            session,
            study=study,
            panellist_id=panellist_id,
            wanted=wanted,
            now=now,
            actor=get_desk().email,
        ),
    )
    if isinstance(done, Trouble):
        return show_panellist(seat, trouble=named(done), fields=fields, open_part="change")
    return redirect(url_for("organiser.panellist", slug=slug, seat=seat, changed=len(done)), 303)


def named(trouble: Trouble) -> Trouble:
    """The same, with the fields called as the page calls them."""
    lines = []
    for line in trouble.lines:
        where, colon, what = line.partition(": ")
        lines.append(f"{_FIELDS[where]}: {what}" if colon and where in _FIELDS else line)
    return Trouble(tuple(lines), trouble.ways, trouble.status)
