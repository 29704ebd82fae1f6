"""Kind pages for refusals and faults; what nobody expected gets a number that stands in the log."""

from __future__ import annotations

import secrets
import traceback
from types import TracebackType

from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from surveyapp.errors import NotFound, Refused, TooManyTries, Unavailable
from surveyapp.web.refusals import log_refusal


def register(app: Flask) -> None:
    """Show every error of the application as a page that says what to do."""
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(NotFound, show_not_found)
    app.register_error_handler(Refused, show_refused)
    app.register_error_handler(Unavailable, show_unavailable)
    app.register_error_handler(Exception, show_fault)


class DiscreetFlask(Flask):
    """Flask, but for what it does when even an error page fails: it would log the address."""

    def handle_exception(self, e: Exception) -> Response:
        """The last resort, in plain words."""
        try:
            return super().handle_exception(e)
        except Exception as error:
            if self.config["PROPAGATE_EXCEPTIONS"] or self.testing or self.debug:
                raise
            _log("no error page could be shown", error)
            words = (
                "Something went wrong on our side. Nothing that was saved is lost. Try again in a moment.\n"
            )
            last = Response(words, 500, mimetype="text/plain")
            return self.finalize_request(last, from_error_handler=True)

    def log_exception(
        self,
        exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> None:
        """Log where it happened: the address may hold a personal link, and the message an answer."""
        _log("no page could be shown", exc_info[1])


def _log(what: str, error: BaseException | None) -> None:
    frames = "".join(traceback.format_tb(error.__traceback__)) if error else ""
    current_app.logger.error("%s at %s: %s\n%s", what, request.endpoint, type(error).__qualname__, frames)


def _show(title: str, what: str, reference: str = "") -> str:
    """The page of an error. Without its template where that fails: beyond here only the server could
    answer, and it would log the address."""
    try:
        return render_template("errors/error.html", title=title, what=what, reference=reference)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person needs an answer
        _log("the page of an error could not be shown", error)
        page = Markup(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>{0}</title>'
            "<h1>{0}</h1><p>{1}</p><p>{2}</p></html>"
        )
        return page.format(title, what, reference)


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """An error of HTTP: no such page, too large, not allowed."""
    code = error.code or 500
    if code < 400:
        return error
    title, what = _words_of_upload() if code == 413 and _is_upload() else _words(code)
    headers = [(name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}]
    if request.path.endswith("/save"):
        return {"kind": "http", "message": what}, code, headers
    return _show(title, what), code, headers


def _is_upload() -> bool:
    return request.mimetype == "multipart/form-data"


def _words_of_upload() -> tuple[str, str]:
    return (
        _("That file is too large"),
        _("A questionnaire has at most one megabyte. Go back and choose another file."),
    )


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
    return _show(_("There is no such page"), error.said_by(_)), 404


def show_refused(error: Refused) -> ResponseReturnValue:
    """The act is not possible in the present state."""
    if isinstance(error, TooManyTries):
        log_refusal("try", why="too many")
        page = _show(_("Too many tries"), error.said_by(_))
        return page, 429, {"Retry-After": str(error.retry_after)}
    return _show(_("That is not possible now"), error.said_by(_)), 409


def show_unavailable(error: Unavailable) -> ResponseReturnValue:
    """The database does not answer; what was sent was not saved, and may be sent again."""
    # The cause may hold what was being stored, so only its type is written down.
    current_app.logger.error("unavailable at %s: %s", request.endpoint, type(error.__cause__).__qualname__)
    later = {"Retry-After": str(error.retry_after)}
    if request.path.endswith("/save"):
        return {"kind": "unavailable"}, 503, later
    page = _show(_("Please try again in a moment"), error.said_by(_))
    return page, 503, later


def show_fault(error: Exception) -> ResponseReturnValue:
    """A fault of ours. The log says where it happened, and never what was in the request or the database."""
    reference = secrets.token_hex(4)
    # Messages of exceptions can hold answers and addresses, so only their type is written down.
    _log(f"fault {reference}", error)
    if request.path.endswith("/save"):
        return {"kind": "fault", "reference": reference}, 500
    title = _("Something went wrong on our side")
    what = _(
        "Nothing that was saved is lost. Try again in a moment; if it stays so, write to the study team."
    )
    return _show(title, what, reference), 500
