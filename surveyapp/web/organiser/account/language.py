"""Which language the organiser's pages speak in this browser."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from surveyapp.web.languages import keep_language, spoken_languages
from surveyapp.web.organiser.account.own_account import show_account
from surveyapp.web.organiser.blueprint import blueprint


@blueprint.post("/account/language")
def choose_language() -> ResponseReturnValue:
    """Speak another language from the next page on, or again what the browser asks for."""
    wanted = request.form.get("language", "")
    if wanted not in {"", *spoken_languages()}:
        wrong = _("The pages do not speak this language; choose one from the list.")
        return show_account(wrong=wrong), 422
    response = redirect(url_for("organiser.account", _anchor="language"), 303)
    keep_language(response, wanted)
    return response
