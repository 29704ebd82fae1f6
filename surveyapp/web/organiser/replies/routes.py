"""Replies to reasons: read, passed on, or refused with a reason; an open round's too, for others wait."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Problem
from surveyapp.extensions import get_database
from surveyapp.services.reading.reply_desks import find_latest_round, get_reply_desk
from surveyapp.services.reasons.discussing import moderate_replies
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.paging import page_asked
from surveyapp.web.organiser.replies.pages import STATES, replies_page
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed, typed_all

if TYPE_CHECKING:
    from surveyapp.models import Study

ROUND = "/s/<slug>/rounds/<int(max=999):number>"


@blueprint.get("/s/<slug>/replies")
def replies_latest(slug: str) -> ResponseReturnValue:
    """On to the replies of the round that is open, or was last."""
    with get_database().reading() as session:
        number = find_latest_round(session, study_id=get_desk().study_id)
    if number is None:
        return show("organiser/rounds/none_closed.html", None, title=_("Replies"))
    return redirect(url_for("organiser.replies", slug=slug, number=number), 303)


@blueprint.get(f"{ROUND}/replies")
def replies(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """What experts wrote to one another in a round."""
    return _show(number)


@blueprint.post(f"{ROUND}/replies")
def moderate(slug: str, number: int) -> ResponseReturnValue:
    """Pass on, or refuse, the replies that are chosen."""
    given, chosen = typed(), typed_all("names")
    act, because = given.get("act", ""), " ".join(given.get("because", "").split())
    if act not in {"pass", "refuse"}:
        abort(400)

    def verb(session: Session, study: Study, now: datetime) -> None:
        problems = [] if chosen else [Problem(_("replies"), _("choose at least one."))]
        if act == "refuse" and not because:
            problems.append(Problem(_("reason"), _("say why they are refused; it stays on record.")))
        if problems:
            raise InputError(problems)
        moderate_replies(
            session,
            study_id=study.id,
            reply_ids=chosen,
            is_shown=act == "pass",
            now=now,
            actor=get_desk().email,
            because=because if act == "refuse" else "",
        )

    done = do(verb)
    if isinstance(done, Trouble):
        return _show(number, chosen=chosen, because=given.get("because", ""), trouble=done)
    state = given.get("state") if given.get("state") in {*STATES, "all"} else None
    return redirect(url_for("organiser.replies", slug=slug, number=number, state=state), 303)


def _show(
    number: int, *, chosen: list[str] | None = None, because: str = "", trouble: Trouble | None = None
) -> ResponseReturnValue:
    desk = get_desk()
    asked = request.form if request.method == "POST" else request.args
    state = asked.get("state", "waiting")
    state = state if state in {*STATES, "all"} else "waiting"
    try:
        with get_database().reading() as session:
            study = get_study(session, slug=desk.slug)
            found = get_reply_desk(
                session, study=study, number=number, state=None if state == "all" else state
            )
    except NotFound:
        abort(404)
    page = replies_page(
        found,
        desk,
        page=page_asked(),
        state=state,
        numbers=found.begun,
        chosen=chosen or (),
        because=because,
    )
    status = trouble.status if trouble else 200
    return show("organiser/replies/list.html", page, status=status, trouble=trouble)
