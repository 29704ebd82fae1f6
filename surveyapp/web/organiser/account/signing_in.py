"""Signing in with e-mail and password, or with a passkey alone, and signing out."""

from __future__ import annotations

from flask import g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import InputError
from surveyapp.extensions import get_database
from surveyapp.services import accounts, passkeys
from surveyapp.services.addresses import fold_address
from surveyapp.services.doors import hash_cookie
from surveyapp.services.sign_ins import find_second_step
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.organiser.account import half_way, throttles
from surveyapp.web.organiser.account.forms import PasskeyForm, SignInForm, text_of
from surveyapp.web.organiser.account.party import find_party
from surveyapp.web.organiser.account.refusing import note_refused_sign_in
from surveyapp.web.organiser.account.second_step import ask_second_step
from surveyapp.web.organiser.account.starting import begin_session, enter_with
from surveyapp.web.organiser.blueprint import blueprint
from surveyapp.web.organiser.detours import Kept, kept_in_form, own_page, show_sign_in


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The form; somebody who is signed in goes on."""
    wanted = own_page(request.args.get("next"))
    if g.get("organiser") is not None:
        return redirect(wanted, 303)
    return show_sign_in(Kept(wanted))


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    """Compare the password. Nobody learns whether there is such an account."""
    form, kept = SignInForm(), kept_in_form()
    if not form.validate():
        return show_sign_in(kept, form), 422
    email, password = (form.email.data or "").strip(), form.password.data or ""
    throttles.count_try(throttles.SIGN_IN, account=fold_address(email))
    with get_database().reading() as session:
        credentials = accounts.find_credentials(session, email=email)
    if not accounts.is_password(credentials, password=password):
        note_refused_sign_in("password", organiser_id=credentials.organiser_id)
        wrong = _("E-mail and password do not belong together. Try again, or set a new password.")
        return show_sign_in(kept, form, wrong), 422
    assert credentials.organiser_id is not None
    with get_database().reading() as session:
        second = find_second_step(session, organiser_id=credentials.organiser_id)
    if second.is_needed:
        return half_way.remember(ask_second_step(credentials, kept), credentials, kept.to)
    with get_database().verb() as session:
        cookie = begin_session(session, credentials=credentials, second_given=False)
    return enter_with(cookie, kept)


@blueprint.post("/passkey")
def ask_passkey() -> ResponseReturnValue:
    """What a browser needs to look for a passkey: of whoever is half-way or signed in, or of anybody."""
    throttles.count_try(throttles.PASSKEY)
    party = find_party()
    if party is None:
        return {"message": _("Passkeys need a host name; this page was opened by a bare number.")}, 409
    organiser = g.get("organiser")
    half = half_way.recall()
    organiser_id = organiser.organiser_id if organiser else half.credentials.organiser_id if half else None
    with get_database().verb() as session:
        options = passkeys.ask_for_passkey(
            session, party=party, now=read_now(session), organiser_id=organiser_id
        )
    response = make_response(options)
    response.mimetype = "application/json"
    return response


@blueprint.post("/sign-in/passkey")
def enter_by_passkey() -> ResponseReturnValue:
    """Sign in with what a passkey signed."""
    throttles.count_try(throttles.PASSKEY)
    form, kept, party = PasskeyForm(), kept_in_form(), find_party()
    if not form.validate() or party is None:
        return show_sign_in(kept, wrong=_("The passkey was not accepted. Try again.")), 422
    half = half_way.recall()
    try:
        with get_database().verb() as session:
            credentials = passkeys.use_passkey(
                session,
                credential=text_of(form.credential),
                party=party,
                now=read_now(session),
                organiser_id=half.credentials.organiser_id if half else None,
            )
            cookie = begin_session(session, credentials=credentials, second_given=True)
    except InputError as error:
        note_refused_sign_in("passkey", organiser_id=half.credentials.organiser_id if half else None)
        return show_sign_in(kept, wrong=error.said_by(_)), 422
    response = enter_with(cookie, half_way.where_to(half, kept))
    half_way.forget(response)
    return response


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session here and in the database."""
    sessions = security.get_sessions()
    cookie = sessions.find_cookie(request, security.ORGANISER)
    with get_database().verb() as session:
        accounts.sign_out(session, id_hash=hash_cookie(cookie))
    response = make_response(redirect(url_for("organiser.sign_in"), 303))
    sessions.take(response, security.ORGANISER)
    return response
