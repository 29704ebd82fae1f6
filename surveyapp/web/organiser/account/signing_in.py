"""Signing in and out."""

from __future__ import annotations

from flask import g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.extensions import get_config, get_database
from surveyapp.services import accounts, throttling
from surveyapp.services.addresses import fold_address
from surveyapp.services.doors import hash_cookie
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.organiser.account.forms import SignInForm
from surveyapp.web.organiser.blueprint import blueprint

PURPOSE = "sign-in"
WINDOW_SECONDS = 15 * 60
# An address may stand for a whole institute, an account for one person.
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 60


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The form; somebody who is signed in goes on to the studies."""
    if g.get("organiser") is not None:
        return redirect(url_for("organiser.studies"), 303)
    return render_template("organiser/account/sign_in.html", form=SignInForm(), wrong="")


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Compare the password, and begin a session. Nobody learns whether there is such an account."""
    form = SignInForm()
    if not form.validate():
        return render_template("organiser/account/sign_in.html", form=form, wrong=""), 422
    email, password = (form.email.data or "").strip(), form.password.data or ""
    _count_try(email)
    with get_database().reading() as session:
        credentials = accounts.find_credentials(session, email=email)
    if not accounts.is_password(credentials, password=password):
        wrong = _("E-mail and password do not belong together. Try again, or ask whoever runs the server.")
        return render_template("organiser/account/sign_in.html", form=form, wrong=wrong), 422
    sessions = security.get_sessions()
    old = request.cookies.get(sessions.name(security.ORGANISER))
    with get_database().verb() as session:
        cookie = accounts.start_session(session, credentials=credentials, now=read_now(session))
        if old:
            # Whatever was planted or left here ends with the new session's beginning.
            accounts.sign_out(session, id_hash=hash_cookie(old))
    response = make_response(redirect(url_for("organiser.studies"), 303))
    sessions.give(response, security.ORGANISER, cookie)
    return response


def _count_try(email: str) -> None:
    key = get_config().secret_key.encode()
    subjects = {
        f"address {request.remote_addr}": TRIES_PER_ADDRESS,
        f"account {fold_address(email)}": TRIES_PER_ACCOUNT,
    }
    # A unit of work of its own: the try counts whatever becomes of it.
    with get_database().verb() as session:
        now = read_now(session)
        for subject, limit in subjects.items():
            throttling.count(
                session,
                purpose=PURPOSE,
                subject=throttling.hide(key, subject),
                limit=limit,
                window_seconds=WINDOW_SECONDS,
                now=now,
            )


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and in the database."""
    sessions = security.get_sessions()
    cookie = request.cookies.get(sessions.name(security.ORGANISER), "")
    with get_database().verb() as session:
        accounts.sign_out(session, id_hash=hash_cookie(cookie))
    response = make_response(redirect(url_for("organiser.sign_in"), 303))
    sessions.take(response, security.ORGANISER)
    return response
