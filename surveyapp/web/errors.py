"""Kind pages for refusals and faults; what nobody expected gets a number that stands in the log."""

from __future__ import annotations

import secrets
import traceback

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from surveyapp.errors import NotFound, Refused, TooManyTries, Unavailable


def register(app: Flask) -> None:
    """Show every error of the application as a page that says what to do."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(NotFound, show_not_found)
    app.register_error_handler(Refused, show_refused)
    app.register_error_handler(Unavailable, show_unavailable)
    app.register_error_handler(Exception, show_fault)


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """An error of HTTP: no such page, too large, not allowed."""
    code = error.code or 500
    if code < 400:
        return error
    title, what = _words(code)
    headers = [(name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}]
    if request.path.endswith("/save"):
        return {"kind": "http", "message": what}, code, headers
    return render_template("errors/error.html", title=title, what=what), code, headers


def _words(code: int) -> tuple[str, str]:
    reload_page = _("Go back, reload the page and try again. What you had saved is still there.")
    known = {
        400: (
            _("That could not be used"),
            _("The request was incomplete or came from an old page. ") + reload_page,
        ),
        403: (
            _("That came from another site"),
            _("Only pages of this site can do this. Open your personal link and use its buttons."),
        ),
        404: (
            _("There is no such page"),
            _("Perhaps the address was cut off. Open your personal link again, or write to the study team."),
        ),
        405: (_("That does not work here"), reload_page),
        413: (
            _("That was too long"),
            _("A page holds up to a million characters. Go back, your texts are still there: shorten one."),
        ),
        415: (_("That could not be read"), reload_page),
        429: (_("Too many tries"), _("Please wait a few minutes and try again.")),
    }
    return known.get(code, (_("That did not work"), reload_page))


def show_not_found(error: NotFound) -> ResponseReturnValue:
    """There is no such thing, or it is not this person's to see."""
    return render_template("errors/error.html", title=_("There is no such page"), what=error.said_by(_)), 404


def show_refused(error: Refused) -> ResponseReturnValue:
    """The act is not possible in the present state."""
    if isinstance(error, TooManyTries):
        page = render_template("errors/error.html", title=_("Too many tries"), what=error.said_by(_))
        return page, 429, {"Retry-After": str(error.retry_after)}
    return render_template(
        "errors/error.html", title=_("That is not possible now"), what=error.said_by(_)
    ), 409


def show_unavailable(error: Unavailable) -> ResponseReturnValue:
    """The database does not answer; what was sent was not saved, and may be sent again."""
    # The cause may hold what was being stored, so only its type is written down.
    current_app.logger.error("unavailable at %s: %s", request.endpoint, type(error.__cause__).__qualname__)
    later = {"Retry-After": str(error.retry_after)}
    if request.path.endswith("/save"):
        return {"kind": "unavailable"}, 503, later
    page = render_template(
        "errors/error.html", title=_("Please try again in a moment"), what=error.said_by(_)
    )
    return page, 503, later


def show_fault(error: Exception) -> ResponseReturnValue:
    """A fault of ours. The log says where it happened, and never what was in the request or the database."""
    reference = secrets.token_hex(4)
    frames = "".join(traceback.format_tb(error.__traceback__))
    # Messages of exceptions can hold answers and addresses, so only their type is written down.
    current_app.logger.error(
        "fault %s at %s: %s\n%s", reference, request.endpoint, type(error).__qualname__, frames
    )
    if request.path.endswith("/save"):
        return {"kind": "fault", "reference": reference}, 500
    page = render_template(
        "errors/error.html",
        title=_("Something went wrong on our side"),
        what=_(
            "Nothing that was saved is lost. Try again in a moment; if it stays so, write to the study team."
        ),
        reference=reference,
    )
    return page, 500
