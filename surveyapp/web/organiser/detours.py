"""Detours: signing in or confirming first, and coming back to the own page without losing what was typed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import unquote

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_database
from surveyapp.services.accounts import SignedIn
from surveyapp.services.sign_ins import find_second_step
from surveyapp.web.organiser.account.forms import ConfirmForm
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
    """To the door, and back to this page afterwards; an act is not repeated by itself."""
    if request.method != "GET" or request.path == url_for("organiser.studies"):
        return redirect(url_for("organiser.sign_in"), 303)
    return redirect(url_for("organiser.sign_in", next=_here()), 303)


def confirm_first(organiser: SignedIn) -> ResponseReturnValue:
    """Ask for the password or a passkey; what was sent waits in the page and can be sent on afterwards."""
    if request.method == "GET":
        return redirect(url_for("organiser.confirm", next=_here()), 303)
    fields = tuple((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    return show_confirm(organiser, Kept(request.path, fields)), 403


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
