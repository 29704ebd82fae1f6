"""The outbox: what became of each letter, and calling back, sending again, noting what came back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import Refused
from surveyapp.extensions import get_config, get_database
from surveyapp.mail.kinds import Kind
from surveyapp.services.letters import outbox as outbox_verbs
from surveyapp.services.letters.office import make_office
from surveyapp.services.letters.outbox import Act, MessageKey
from surveyapp.services.permissions import Right
from surveyapp.services.reading.letters import STATES, read_outbox
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.letters.pages import outbox_page
from surveyapp.web.organiser.paging import page_asked, paging
from surveyapp.web.organiser.round_parts import show

if TYPE_CHECKING:
    from surveyapp.models import Study

MOST = 50


@blueprint.get("/s/<slug>/letters/outbox")
def outbox(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """The letters, those that changed last first."""
    return _show()


@blueprint.post("/s/<slug>/letters/outbox")
def change_outbox(slug: str) -> ResponseReturnValue:
    """Do the same with every letter that was chosen, or with all in one state."""
    act, state = request.form.get("act", ""), _chosen("state", STATES)

    def verb(session: Session, study: Study, now: datetime) -> None:
        actor = get_desk().email
        if act == "cancel-all":
            outbox_verbs.cancel_waiting(session, study=study, kind=None, now=now, actor=actor)
        elif act == "retry-all":
            outbox_verbs.retry_all(session, study=study, state=state, now=now, actor=actor)
        elif act in {"retry", "cancel", "bounced"}:
            keys = [MessageKey.from_text(each) for each in request.form.getlist("letter")[:MOST]]
            changed = outbox_verbs.change_letters(
                session,
                study=study,
                keys=keys,
                act=cast("Act", act),
                now=now,
                actor=actor,
                words=request.form.get("words", "")[:500],
            )
            if not changed:
                raise Refused(_("No letter was chosen with which that can be done."))
        else:
            raise Refused(_("No letter was chosen with which that can be done."))

    done = do(verb)
    if isinstance(done, Trouble):
        return _show(trouble=done)
    kind = _chosen("kind", tuple(map(str, Kind)))
    return redirect(url_for("organiser.outbox", slug=slug, state=state or None, kind=kind or None), 303)


def _chosen(name: str, known: tuple[str, ...]) -> str:
    asked = request.values.get(name, "")
    return asked if asked in known else ""


def _show(*, trouble: Trouble | None = None) -> ResponseReturnValue:
    desk, page = get_desk(), page_asked()
    state, kind = _chosen("state", STATES), _chosen("kind", tuple(map(str, Kind)))
    shows_names = desk.may(Right.IDENTITIES)
    with get_database().reading() as session:
        found = read_outbox(
            session,
            study_id=desk.study_id,
            state=state,
            kind=kind,
            page=page,
            most=MOST,
            shows_names=shows_names,
        )
    shown = outbox_page(
        found,
        desk,
        state=state,
        kind=kind,
        paging=paging(page, found.count, MOST),
        shows_names=shows_names,
        notes_returned=make_office(get_config()).mailbox is not None,
    )
    status = trouble.status if trouble else 200
    return show(
        "organiser/letters/outbox.html",
        shown,
        status=status,
        trouble=trouble,
        is_sent=request.args.get("sent") == "1",
    )
