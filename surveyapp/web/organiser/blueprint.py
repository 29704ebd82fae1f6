"""The organiser's part of the address space, and its guard."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.extensions import get_database
from surveyapp.services.accounts import SignedIn
from surveyapp.services.audit import record
from surveyapp.services.reading.desks import Desk, find_desk
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.organiser.detours import confirm_first, sign_in_first
from surveyapp.web.organiser.permissions import CONFIRMED, EVEN_ARCHIVED, IN_STUDY, OPEN, SIGNED_IN, UPLOADS
from surveyapp.web.organiser.sending_again import show_sent_form
from surveyapp.web.organiser.tabs import tabs
from surveyapp.web.refusals import log_refusal

blueprint = Blueprint("organiser", __name__, url_prefix="/organiser")


@blueprint.before_request
def guard() -> ResponseReturnValue | None:
    """Nobody but a signed-in organiser with the right it takes, and no act that no page of ours asked for.

    Somebody else's study is as unknown as none (404); in an own one a missing right is said (403).
    """
    name = (request.endpoint or "").rpartition(".")[2]
    if name in OPEN:
        return None
    organiser: SignedIn | None = g.get("organiser")
    if organiser is None:
        return sign_in_first()
    if name in IN_STUDY:
        g.desk = _find_desk(organiser)
        if g.desk is None:
            log_refusal("study", why="not theirs, or none", account=organiser.organiser_id)
            abort(404)
        if not g.desk.may(IN_STUDY[name]):
            _note_missing_right(g.desk, organiser, name)
            return _say_missing_right(name)
    elif name not in SIGNED_IN:
        abort(404)
    if name in UPLOADS:
        request.max_content_length = UPLOADS[name]
    if request.method not in security.SAFE_METHODS and not security.is_csrf_token_valid(
        request.form.get("csrf_token")
    ):
        log_refusal("act", why="form token", account=organiser.organiser_id)
        return (show_sent_form() if name in IN_STUDY else None) or abort(400)
    if name in IN_STUDY and g.desk.is_archived and not _may_go_on(name):
        return _say_archived()
    if name in CONFIRMED and not organiser.is_confirmed:
        return confirm_first(organiser)
    return None


def _note_missing_right(desk: Desk, organiser: SignedIn, name: str) -> None:
    """In the log; an act that was tried also stands in the study's record, for reading writes nothing."""
    log_refusal("act", why="right", account=organiser.organiser_id, study=desk.study_id)
    if request.method not in security.SAFE_METHODS:
        with get_database().verb() as session:
            record(
                session,
                study_id=desk.study_id,
                now=read_now(session),
                actor=organiser.email,
                act="access.refused",
                detail={"act": name, "role": desk.role},
            )


def _say_missing_right(name: str) -> ResponseReturnValue:
    """Whoever opens a study whose overview is not theirs to see goes on to what is; else it is said."""
    listed = tabs(g.desk)
    if name == "study" and listed:
        return redirect(listed[0].url, 303)
    title = _("This is not part of your work in this study")
    what = _("Whoever owns the study can give you the right to it. Your role is: %(role)s.", role=g.desk.role)
    return render_template("errors/error.html", title=title, what=what, reference=""), 403


def _may_go_on(name: str) -> bool:
    return request.method in security.SAFE_METHODS or name in EVEN_ARCHIVED


def _say_archived() -> ResponseReturnValue:
    title = _("The study is archived")
    what = _(
        "It can be read, and nothing in it changes any more. Whoever owns it can bring it back, on the page "
        "Settings."
    )
    return render_template("errors/error.html", title=title, what=what, reference=""), 409


def _find_desk(organiser: SignedIn) -> Desk | None:
    with get_database().reading() as session:
        return find_desk(
            session,
            organiser_id=organiser.organiser_id,
            email=organiser.email,
            slug=(request.view_args or {}).get("slug", ""),
        )


def get_signed_in() -> SignedIn:
    """The organiser behind this request; the guard has let nobody else through."""
    organiser = g.organiser
    assert isinstance(organiser, SignedIn)
    return organiser


def get_desk() -> Desk:
    """The organiser's place in the study of this request; the guard has made sure of it."""
    desk = g.desk
    assert isinstance(desk, Desk)
    return desk
