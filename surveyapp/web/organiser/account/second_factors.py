"""Authenticator app and passkeys of one's own account: added, renamed, removed."""

from __future__ import annotations

import segno
from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Session

from surveyapp.errors import InputError
from surveyapp.extensions import get_config, get_database
from surveyapp.services import authenticator, passkeys, recovery_codes
from surveyapp.services.accounts import SignedIn
from surveyapp.services.authenticator import Enrolment
from surveyapp.services.sign_ins import find_second_step, forget_codes_without_factors
from surveyapp.services.unit import read_now
from surveyapp.web.languages import page_language
from surveyapp.web.organiser.account import throttles
from surveyapp.web.organiser.account.forms import CodeForm, NewPasskeyForm, attach, text_of
from surveyapp.web.organiser.account.own_account import show_account, show_codes
from surveyapp.web.organiser.account.pages import EnrolmentPage
from surveyapp.web.organiser.account.party import find_party
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in


@blueprint.get("/account/authenticator", endpoint="authenticator")
def show_authenticator() -> ResponseReturnValue:
    """The QR code and the secret that wait for their first code."""
    return _show_enrolment(CodeForm(formdata=None))


@blueprint.post("/account/authenticator")
def begin_authenticator() -> ResponseReturnValue:
    """Make a new secret, and show it. What signed in until now goes on to do so until it is confirmed."""
    with get_database().verb() as session:
        authenticator.begin(session, organiser_id=get_signed_in().organiser_id, key=_key())
    return redirect(url_for("organiser.authenticator"), 303)


@blueprint.post("/account/authenticator/confirm")
def confirm_authenticator() -> ResponseReturnValue:
    """Switch the app on by its first code; with the first second factor come recovery codes."""
    organiser, form = get_signed_in(), CodeForm()
    if not form.validate():
        return _show_enrolment(form, status=422)
    throttles.count_try(throttles.SECOND_STEP, account=str(organiser.organiser_id))
    try:
        with get_database().verb() as session:
            now = read_now(session)
            authenticator.confirm(
                session,
                organiser_id=organiser.organiser_id,
                code=text_of(form.code),
                key=_key(),
                now=now,
                actor=organiser.email,
                language=page_language(),
            )
            codes = _first_codes(session, organiser)
    except InputError as error:
        form.code.errors = [error.said_by(_)]
        return _show_enrolment(form, status=422)
    if codes:
        return show_codes(codes, _("The app is set up. Keep these codes"))
    return redirect(url_for("organiser.account"), 303)


@blueprint.post("/account/authenticator/remove")
def remove_authenticator() -> ResponseReturnValue:
    """Switch the app off."""
    organiser = get_signed_in()
    with get_database().verb() as session:
        authenticator.remove(
            session,
            organiser_id=organiser.organiser_id,
            now=read_now(session),
            actor=organiser.email,
            language=page_language(),
        )
        forget_codes_without_factors(session, organiser_id=organiser.organiser_id)
    return redirect(url_for("organiser.account"), 303)


@blueprint.post("/account/passkeys/options")
def ask_new_passkey() -> ResponseReturnValue:
    """What a browser needs to make a passkey for this account."""
    party = find_party()
    if party is None:
        return {"message": _("Passkeys need a host name; this page was opened by a bare number.")}, 409
    with get_database().verb() as session:
        options = passkeys.ask_to_add(
            session, organiser_id=get_signed_in().organiser_id, party=party, now=read_now(session)
        )
    response = make_response(options)
    response.mimetype = "application/json"
    return response


@blueprint.post("/account/passkeys")
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    organiser, form = get_signed_in(), NewPasskeyForm()
    party = find_party()
    if not form.validate() or party is None:
        return show_account(form), 422
    try:
        with get_database().verb() as session:
            passkeys.add_passkey(
                session,
                organiser_id=organiser.organiser_id,
                credential=form.credential.data or "",
                name=form.name.data or _("Passkey"),
                party=party,
                now=read_now(session),
                actor=organiser.email,
                language=page_language(),
            )
            codes = _first_codes(session, organiser)
    except InputError as error:
        return show_account(form, attach(form, error, {"name": "name"})), 422
    if codes:
        return show_codes(codes, _("The passkey is added. Keep these codes"))
    return redirect(url_for("organiser.account", _anchor="passkeys"), 303)


@blueprint.post("/account/passkeys/<number:passkey_id>/rename")
def rename_passkey(passkey_id: int) -> ResponseReturnValue:
    """Call one of one's own passkeys something else."""
    form = NewPasskeyForm()
    try:
        with get_database().verb() as session:
            passkeys.rename_passkey(
                session,
                organiser_id=get_signed_in().organiser_id,
                passkey_id=passkey_id,
                name=form.name.data or "",
            )
    except InputError as error:
        return show_account(None, attach(form, error, {})), 422
    return redirect(url_for("organiser.account", _anchor="passkeys"), 303)


@blueprint.post("/account/passkeys/<number:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    """Let one of one's own passkeys open nothing any more."""
    organiser = get_signed_in()
    with get_database().verb() as session:
        passkeys.remove_passkey(
            session,
            organiser_id=organiser.organiser_id,
            passkey_id=passkey_id,
            now=read_now(session),
            actor=organiser.email,
            language=page_language(),
        )
        forget_codes_without_factors(session, organiser_id=organiser.organiser_id)
    return redirect(url_for("organiser.account", _anchor="passkeys"), 303)


def _first_codes(session: Session, organiser: SignedIn) -> tuple[str, ...]:
    if find_second_step(session, organiser_id=organiser.organiser_id).codes:
        return ()
    return recovery_codes.renew(
        session, organiser_id=organiser.organiser_id, now=read_now(session), actor=organiser.email
    )


def _key() -> bytes:
    return get_config().secret_key.encode()


def _show_enrolment(form: CodeForm, *, status: int = 200) -> ResponseReturnValue:
    organiser = get_signed_in()
    with get_database().reading() as session:
        found = authenticator.find_enrolment(session, organiser_id=organiser.organiser_id, key=_key())
    if found is None:
        return redirect(url_for("organiser.account"), 303)
    page = _enrolment_page(organiser, found)
    return render_template("organiser/account/authenticator.html", page=page, form=form), status


def _enrolment_page(organiser: SignedIn, found: Enrolment) -> EnrolmentPage:
    drawn = segno.make(found.uri, micro=False, error="m").svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    blocks = " ".join(found.secret[start : start + 4] for start in range(0, len(found.secret), 4))
    # Drawn by a library from our own address: no text of anybody's stands in it.
    picture = Markup(drawn)  # noqa: S704
    return EnrolmentPage(organiser.email, blocks, found.uri, picture)
