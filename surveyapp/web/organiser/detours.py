"""Detours: signing in or confirming first, and coming back to the own page without losing what was typed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from surveyapp.extensions import get_database
from surveyapp.services.accounts import SignedIn
from surveyapp.services.first_start import count_organisers
from surveyapp.services.sign_ins import find_second_step
from surveyapp.web.organiser.account.forms import ActForm, ConfirmForm, SignInForm
from surveyapp.web.organiser.account.party import find_party

# An own page: nothing that a browser could take for another host, another scheme or a second header.
_OWN_PAGE = re.compile(r"/organiser/[A-Za-z0-9_.~/?=&%+,:-]*", re.ASCII)
_MOST_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What was about to be sent, and where to: it waits in the page until the detour is over."""

    to: str
    fields: tuple[tuple[str, str], ...] = ()

    def as_text(self) -> str:
        """The fields as they travel along, hidden in the form."""
        return json.dumps(self.fields)


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """Asks the person to prove to be there."""

    email: str
    kept: Kept
    has_passkeys: bool
    wrong: str


@dataclass(frozen=True, slots=True)
class GoOnPage:
    """Who goes on."""

    email: str


def own_page(wanted: str | None) -> str:
    """`wanted` if it is one of the organiser's own pages, else the first page."""
    first = url_for("organiser.studies")
    if not wanted or len(wanted) > 2_000 or not _OWN_PAGE.fullmatch(wanted):
        return first
    plain = unquote(unquote(wanted))
    if "//" in plain or "\\" in plain or ".." in plain or not plain.isprintable():
        return first
    return wanted


def sign_in_first() -> ResponseReturnValue:
    """To the door, and back to this page afterwards.

    What was about to be sent when the session had ended waits in the door's page: whoever wrote for an hour
    signs in again and sends it. It is never sent by itself.
    """
    if request.method == "GET":
        if request.path == url_for("organiser.studies"):
            return redirect(url_for("organiser.sign_in"), 303)
        return redirect(url_for("organiser.sign_in", next=_here()), 303)
    kept = _keep_fields()
    # A script that sends something in the background cannot show a page; the redirect tells it.
    if not kept.fields or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return redirect(url_for("organiser.sign_in"), 303)
    return show_sign_in(kept), 403


def _keep_fields() -> Kept:
    fields = (
        (name, value)
        for name, value in request.form.items(multi=True)
        # A password shall not stand in a page, not even hidden.
        if name != "csrf_token" and "password" not in name
    )
    return Kept(own_page(request.path), tuple(fields))


def kept_in_form() -> Kept:
    """What travelled along in the form that was sent."""
    return read_kept(request.form.get("to", ""), request.form.get("kept", ""))


def show_sign_in(kept: Kept, form: FlaskForm | None = None, wrong: str = "") -> str:
    """The page that asks who it is; `form` again as it was sent."""
    with get_database().reading() as session:
        is_first = count_organisers(session) == 0
    return render_template(
        "organiser/account/sign_in.html",
        form=form or SignInForm(formdata=None),
        kept=kept,
        wrong=wrong,
        is_first=is_first,
        has_passkeys=find_party() is not None,
    )


def go_on(kept: Kept, email: str) -> str:
    """The page after a detour: one press sends what waited. A browser cannot be sent on with fields."""
    page = GoOnPage(email)
    return render_template(
        "organiser/account/confirmed.html", page=page, kept=kept, form=ActForm(formdata=None)
    )


def confirm_first(organiser: SignedIn) -> ResponseReturnValue:
    """Ask for the password or a passkey; what was sent waits in the page and can be sent on afterwards."""
    if request.method == "GET":
        return redirect(url_for("organiser.confirm", next=_here()), 303)
    return show_confirm(organiser, _keep_fields()), 403


def show_confirm(organiser: SignedIn, kept: Kept, wrong: str = "") -> str:
    """The page that asks."""
    with get_database().reading() as session:
        second = find_second_step(session, organiser_id=organiser.organiser_id)
    has_passkeys = second.passkeys > 0 and find_party() is not None
    page = ConfirmPage(organiser.email, kept, has_passkeys, wrong)
    return render_template("organiser/account/confirm.html", page=page, form=ConfirmForm(formdata=None))


def read_kept(to: str, fields: str) -> Kept:
    """What travelled along in a form; nothing where that is not what we wrote."""
    to = own_page(to)
    if len(fields) > _MOST_KEPT:
        return Kept(to)
    try:
        found = json.loads(fields or "[]")
        return Kept(to, tuple((str(name), str(value)) for name, value in found))
    except (ValueError, TypeError):
        return Kept(to)


def _here() -> str:
    return own_page(request.full_path.rstrip("?"))
