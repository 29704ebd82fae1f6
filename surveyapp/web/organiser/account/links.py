"""One-time links: setting up, a new password, an invitation. Opening one changes nothing; a button does."""

from __future__ import annotations

from flask import g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from surveyapp.errors import InputError
from surveyapp.extensions import get_database
from surveyapp.services import accounts, first_start, members, one_time, resetting
from surveyapp.services.accounts import SignedIn
from surveyapp.services.one_time import Purpose
from surveyapp.services.permissions import Role
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.languages import page_language
from surveyapp.web.organiser.account import throttles
from surveyapp.web.organiser.account.forms import ActForm, NewPasswordForm, SetUpForm, attach, text_of
from surveyapp.web.organiser.account.starting import begin_session, enter_with
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in
from surveyapp.web.organiser.detours import Kept
from surveyapp.web.organiser.members.words import role_words
from surveyapp.web.refusals import log_refusal

_FIELDS = {"e-mail": "email", "password": "password"}


@blueprint.get("/l/<secret>")
def follow_link(secret: str) -> ResponseReturnValue:
    """What the link offers."""
    with get_database().reading() as session:
        opened = one_time.find(session, secret=secret)
    if opened is None:
        log_refusal("one-time link", why="unknown")
        throttles.count_try(throttles.LINK)
        return _show_unknown()
    if opened.purpose == Purpose.SET_UP:
        return _show_set_up(SetUpForm(formdata=None, data={"secret": secret}))
    if opened.purpose == Purpose.RESET:
        return _show_reset(NewPasswordForm(formdata=None, data={"secret": secret}))
    if opened.purpose == Purpose.INVITATION:
        return _show_invitation(NewPasswordForm(formdata=None, data={"secret": secret}))
    return _show_unknown()


@blueprint.post("/l/set-up")
def set_up() -> ResponseReturnValue:
    """Make the first account, and sign in with it."""
    throttles.count_try(throttles.LINK)
    form = SetUpForm()
    if not form.validate():
        return _show_set_up(form, status=422)
    email, password = text_of(form.email).strip(), text_of(form.password)
    # Slow on purpose, so outside of the unit of work.
    password_hash = accounts.hash_password(password)
    try:
        with get_database().verb() as session:
            first_start.set_up(
                session,
                secret=text_of(form.secret),
                email=email,
                password=password,
                password_hash=password_hash,
                now=read_now(session),
            )
            credentials = accounts.find_credentials(session, email=email)
            cookie = begin_session(session, credentials=credentials, second_given=False)
    except InputError as error:
        return _show_set_up(form, attach(form, error, _FIELDS), status=422)
    return enter_with(cookie, Kept(url_for("organiser.account")))


@blueprint.post("/l/reset")
def reset_password() -> ResponseReturnValue:
    """Set the new password; every session of the account ends, and one signs in anew."""
    throttles.count_try(throttles.LINK)
    form = NewPasswordForm()
    if not form.validate():
        return _show_reset(form, status=422)
    password = text_of(form.password)
    password_hash = accounts.hash_password(password)
    try:
        with get_database().verb() as session:
            email = resetting.reset_password(
                session,
                secret=text_of(form.secret),
                password=password,
                password_hash=password_hash,
                now=read_now(session),
                language=page_language(),
            )
    except InputError as error:
        return _show_reset(form, attach(form, error, _FIELDS), status=422)
    response = make_response(
        render_template("organiser/account/reset_done.html", email=email, form=ActForm(formdata=None))
    )
    # A POST that ends in a page: it tells whose password it is, which no address may.
    security.get_sessions().take(response, security.ORGANISER)
    return response


@blueprint.post("/l/join-new")
def join_with_new_account() -> ResponseReturnValue:
    """Make the invited account, join the study, and sign in."""
    throttles.count_try(throttles.LINK)
    form = NewPasswordForm()
    if not form.validate():
        return _show_invitation(form, status=422)
    secret, password = text_of(form.secret), text_of(form.password)
    password_hash = accounts.hash_password(password)
    with get_database().reading() as session:
        invitation = members.find_invitation(session, secret=secret)
    if invitation is None:
        return _show_unknown()
    try:
        with get_database().verb() as session:
            members.accept_with_new_account(
                session,
                secret=secret,
                password=password,
                password_hash=password_hash,
                now=read_now(session),
            )
            credentials = accounts.find_credentials(session, email=invitation.email)
            cookie = begin_session(session, credentials=credentials, second_given=False)
    except InputError as error:
        return _show_invitation(form, attach(form, error, _FIELDS), status=422)
    return enter_with(cookie, Kept(url_for("organiser.studies")))


@blueprint.post("/l/join")
def join() -> ResponseReturnValue:
    """Join the study with the account one is signed in with."""
    throttles.count_try(throttles.LINK)
    with get_database().verb() as session:
        members.accept(
            session,
            secret=request.form.get("secret", ""),
            organiser_id=get_signed_in().organiser_id,
            now=read_now(session),
        )
    return redirect(url_for("organiser.studies"), 303)


def _show_set_up(form: SetUpForm, wrong: str = "", *, status: int = 200) -> ResponseReturnValue:
    return render_template("organiser/account/set_up.html", form=form, wrong=wrong), status


def _show_reset(form: NewPasswordForm, wrong: str = "", *, status: int = 200) -> ResponseReturnValue:
    with get_database().reading() as session:
        email = resetting.find_reset(session, secret=text_of(form.secret))
    if email is None:
        return _show_unknown()
    return render_template("organiser/account/reset.html", form=form, wrong=wrong, email=email), status


def _show_invitation(form: FlaskForm, wrong: str = "", *, status: int = 200) -> ResponseReturnValue:
    with get_database().reading() as session:
        invitation = members.find_invitation(session, secret=text_of(form.secret))
    if invitation is None:
        return _show_unknown()
    organiser: SignedIn | None = g.get("organiser")
    return (
        render_template(
            "organiser/account/invitation.html",
            form=form,
            act=ActForm(formdata=None) if organiser else None,
            wrong=wrong,
            invitation=invitation,
            role=role_words(Role(invitation.role)),
            signed_in=organiser,
        ),
        status,
    )


def _show_unknown() -> ResponseReturnValue:
    return render_template("organiser/account/unknown_link.html", title=_("This link opens nothing")), 404
