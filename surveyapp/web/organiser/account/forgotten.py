"""A forgotten password: asking for the letter with a link. The page says the same to everybody."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from surveyapp.extensions import get_config, get_database
from surveyapp.services.account_letters.asking import ask_for_reset
from surveyapp.services.addresses import fold_address
from surveyapp.services.letters.office import make_office
from surveyapp.services.unit import read_now
from surveyapp.web.languages import page_language
from surveyapp.web.organiser.account import throttles
from surveyapp.web.organiser.account.forms import ForgottenForm, text_of
from surveyapp.web.organiser.blueprint import blueprint


@blueprint.get("/forgotten")
def forgotten() -> ResponseReturnValue:
    """The form, and after it was sent, what happens now."""
    return _show(ForgottenForm(formdata=None), is_sent=request.args.get("sent") == "1")


@blueprint.post("/forgotten")
def ask_reset() -> ResponseReturnValue:
    """Send the letter, if there is such an account and this installation sends letters."""
    form = ForgottenForm()
    if not form.validate():
        return _show(form), 422
    email = text_of(form.email).strip()
    throttles.count_try(
        throttles.RESET, account=fold_address(email), per_account=throttles.RESETS_PER_ACCOUNT
    )
    if _has_letters():
        with get_database().verb() as session:
            ask_for_reset(
                session,
                email=email,
                language=page_language(),
                now=read_now(session),
                actor="sign-in page",
            )
    return redirect(url_for("organiser.forgotten", sent="1"), 303)


def _has_letters() -> bool:
    """Whether letters leave this machine; without a mail server the page names the operator's command."""
    return make_office(get_config()).transport.is_mail


def _show(form: ForgottenForm, *, is_sent: bool = False) -> str:
    return render_template(
        "organiser/account/forgotten.html",
        form=form,
        is_sent=is_sent,
        has_letters=_has_letters(),
    )
