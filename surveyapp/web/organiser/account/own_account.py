"""One's own account: the ways to sign in, the password, the sessions."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from surveyapp.errors import InputError, Problem, Refused, Sentence
from surveyapp.extensions import get_database
from surveyapp.services import accounts, recovery_codes, sign_ins
from surveyapp.services.sign_ins import find_second_step, get_account
from surveyapp.services.unit import read_now
from surveyapp.web.languages import page_language
from surveyapp.web.organiser.account import throttles
from surveyapp.web.organiser.account.forms import (
    ActForm,
    ChangePasswordForm,
    NewPasskeyForm,
    attach,
    text_of,
)
from surveyapp.web.organiser.account.pages import account_page, codes_page
from surveyapp.web.organiser.account.party import find_party
from surveyapp.web.organiser.account.starting import begin_session, enter_with
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in
from surveyapp.web.organiser.detours import Kept


@blueprint.get("/account")
def account() -> ResponseReturnValue:
    """Everything about the own account."""
    return show_account()


def show_account(form: FlaskForm | None = None, wrong: str = "") -> str:
    """The page; with `form` again as it was sent, and what was wrong with it."""
    organiser = get_signed_in()
    with get_database().reading() as session:
        found = get_account(session, organiser_id=organiser.organiser_id, id_hash=organiser.id_hash)
    page = account_page(found, can_add_passkeys=find_party() is not None, wrong=wrong)
    return render_template(
        "organiser/account/account.html", page=page, form=form or NewPasskeyForm(formdata=None)
    )


@blueprint.get("/account/password")
def password() -> ResponseReturnValue:
    """The form for another password."""
    return _show_password(ChangePasswordForm(formdata=None))


@blueprint.post("/account/password")
def change_password() -> ResponseReturnValue:
    """Set another password. Every other browser is signed out; this one gets a new session."""
    organiser, form = get_signed_in(), ChangePasswordForm()
    if not form.validate():
        return _show_password(form), 422
    throttles.count_try(throttles.CONFIRM, account=str(organiser.organiser_id))
    with get_database().reading() as session:
        credentials = accounts.find_credentials(session, email=organiser.email)
    problems = []
    if not accounts.is_password(credentials, password=text_of(form.present)):
        problems.append(Problem("present", Sentence("this is not your present password.")))
    if wrong := accounts.find_password_problem(text_of(form.password), email=organiser.email):
        problems.append(Problem("password", wrong))
    if problems:
        rest = attach(form, InputError(problems), {"present": "present", "password": "password"})
        return _show_password(form, rest), 422
    password_hash = accounts.hash_password(text_of(form.password))
    with get_database().verb() as session:
        accounts.set_password(
            session,
            email=organiser.email,
            password_hash=password_hash,
            now=read_now(session),
            actor=organiser.email,
            language=page_language(),
        )
        changed = accounts.find_credentials(session, email=organiser.email)
        # The session that changes it has given its second factor already.
        cookie = begin_session(session, credentials=changed, second_given=True)
    return enter_with(cookie, Kept(url_for("organiser.account")))


def _show_password(form: ChangePasswordForm, wrong: str = "") -> str:
    return render_template("organiser/account/password.html", page=get_signed_in(), form=form, wrong=wrong)


@blueprint.post("/account/sessions/<name>/end")
def end_session(name: str) -> ResponseReturnValue:
    """Sign one browser out."""
    organiser = get_signed_in()
    with get_database().verb() as session:
        sign_ins.end_session(
            session,
            organiser_id=organiser.organiser_id,
            name=name,
            now=read_now(session),
            actor=organiser.email,
        )
    return redirect(url_for("organiser.account", _anchor="sessions"), 303)


@blueprint.post("/account/sessions/end-others")
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other browser out."""
    organiser = get_signed_in()
    with get_database().verb() as session:
        sign_ins.end_other_sessions(
            session,
            organiser_id=organiser.organiser_id,
            id_hash=organiser.id_hash,
            now=read_now(session),
            actor=organiser.email,
        )
    return redirect(url_for("organiser.account", _anchor="sessions"), 303)


@blueprint.post("/account/recovery-codes")
def renew_recovery_codes() -> ResponseReturnValue:
    """Ten new codes, shown this once: a page that ends a POST, for nothing keeps what it shows."""
    organiser = get_signed_in()
    with get_database().verb() as session:
        if not find_second_step(session, organiser_id=organiser.organiser_id).is_needed:
            raise Refused(Sentence("Set up an authenticator app or a passkey first."))
        codes = recovery_codes.renew(
            session, organiser_id=organiser.organiser_id, now=read_now(session), actor=organiser.email
        )
    return show_codes(codes, _("Your recovery codes"))


def show_codes(codes: tuple[str, ...], title: str) -> str:
    """The page that shows codes once."""
    page = codes_page(get_signed_in().email, codes, title)
    return render_template("organiser/account/codes.html", page=page, form=ActForm(formdata=None))
