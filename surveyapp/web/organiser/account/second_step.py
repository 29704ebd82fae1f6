"""The second step of signing in: a code from the app, a recovery code, or a passkey."""

from __future__ import annotations

from flask import Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.extensions import get_config, get_database
from surveyapp.services import authenticator, recovery_codes
from surveyapp.services.accounts import Credentials
from surveyapp.services.sign_ins import find_second_step
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account import half_way, throttles
from surveyapp.web.organiser.account.forms import SecondStepForm
from surveyapp.web.organiser.account.half_way import HalfWay
from surveyapp.web.organiser.account.party import find_party
from surveyapp.web.organiser.account.refusing import note_refused_sign_in
from surveyapp.web.organiser.account.starting import begin_session, enter_with
from surveyapp.web.organiser.blueprint import blueprint
from surveyapp.web.organiser.detours import Kept, kept_in_form


@blueprint.get("/sign-in/second")
def second_step() -> ResponseReturnValue:
    """Ask for it; whoever has not given the password begins there."""
    half = half_way.recall()
    if half is None:
        return redirect(url_for("organiser.sign_in"), 303)
    return _show(half.credentials, Kept(half.wanted), SecondStepForm(formdata=None))


def ask_second_step(credentials: Credentials, kept: Kept) -> Response:
    """On to the second step; in this very response where something waits, which no redirect can carry."""
    if not kept.fields:
        return make_response(redirect(url_for("organiser.second_step"), 303))
    return make_response(_show(credentials, kept, SecondStepForm(formdata=None)))


@blueprint.post("/sign-in/second")
def give_second() -> ResponseReturnValue:
    """Compare the code, and begin the session."""
    half = half_way.recall()
    if half is None:
        return redirect(url_for("organiser.sign_in"), 303)
    form, kept = SecondStepForm(), half_way.where_to(half, kept_in_form())
    if not form.validate():
        return _show(half.credentials, kept, form), 422
    organiser_id = half.credentials.organiser_id
    assert organiser_id is not None
    throttles.count_try(throttles.SECOND_STEP, account=str(organiser_id))
    cookie = _enter(half, organiser_id, form.code.data or "")
    if cookie is None:
        note_refused_sign_in("second factor", organiser_id=organiser_id)
        form.code.errors = [_("This code does not fit, or was used before. Give the one that is shown now.")]
        return _show(half.credentials, kept, form), 422
    response = enter_with(cookie, kept)
    half_way.forget(response)
    return response


def _enter(half: HalfWay, organiser_id: int, code: str) -> str | None:
    key = get_config().secret_key.encode()
    with get_database().verb() as session:
        now = read_now(session)
        is_right = authenticator.use_code(
            session, organiser_id=organiser_id, code=code, key=key, now=now
        ) or recovery_codes.use(session, organiser_id=organiser_id, code=code, now=now, actor="sign-in")
        if not is_right:
            return None
        return begin_session(session, credentials=half.credentials, second_given=True)


def _show(credentials: Credentials, kept: Kept, form: SecondStepForm) -> str:
    assert credentials.organiser_id is not None
    with get_database().reading() as session:
        second = find_second_step(session, organiser_id=credentials.organiser_id)
    has_passkeys = second.passkeys > 0 and find_party() is not None
    return render_template(
        "organiser/account/second_step.html",
        form=form,
        kept=kept,
        second=second,
        has_passkeys=has_passkeys,
    )
