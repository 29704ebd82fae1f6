"""Proving to be there before changing who can sign in: the password once more, or a passkey."""

from __future__ import annotations

from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.errors import InputError
from surveyapp.extensions import get_database
from surveyapp.services import accounts, passkeys, sign_ins
from surveyapp.services.accounts import SignedIn
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.account import throttles
from surveyapp.web.organiser.account.forms import ConfirmForm
from surveyapp.web.organiser.account.party import find_party
from surveyapp.web.organiser.account.refusing import note_refused_sign_in
from surveyapp.web.organiser.blueprint import blueprint, get_signed_in
from surveyapp.web.organiser.detours import Kept, go_on, kept_in_form, own_page, show_confirm


@blueprint.get("/confirm")
def confirm() -> ResponseReturnValue:
    """Ask, unless it was proved a moment ago."""
    organiser = get_signed_in()
    wanted = own_page(request.args.get("next"))
    if organiser.is_confirmed:
        return redirect(wanted, 303)
    return show_confirm(organiser, Kept(wanted))


@blueprint.post("/confirm")
def give_confirmation() -> ResponseReturnValue:
    """Compare, and go on: to the page that was wanted, or with what was about to be sent."""
    organiser, form = get_signed_in(), ConfirmForm()
    kept = kept_in_form()
    throttles.count_try(throttles.CONFIRM, account=str(organiser.organiser_id))
    if not form.validate() or not _is_proved(organiser, form):
        note_refused_sign_in("confirming", organiser_id=organiser.organiser_id)
        wrong = _("That was not right. Give the password that you sign in with.")
        return show_confirm(organiser, kept, wrong), 422
    with get_database().verb() as session:
        sign_ins.confirm(session, id_hash=organiser.id_hash, now=read_now(session))
    if not kept.fields:
        return redirect(kept.to, 303)
    return go_on(kept, organiser.email)


def _is_proved(organiser: SignedIn, form: ConfirmForm) -> bool:
    if form.credential.data:
        party = find_party()
        if party is None:
            return False
        try:
            with get_database().verb() as session:
                passkeys.use_passkey(
                    session,
                    credential=form.credential.data,
                    party=party,
                    now=read_now(session),
                    organiser_id=organiser.organiser_id,
                )
        except InputError:
            return False
        return True
    with get_database().reading() as session:
        credentials = accounts.find_credentials(session, email=organiser.email)
    return accounts.is_password(credentials, password=form.password.data or "")
