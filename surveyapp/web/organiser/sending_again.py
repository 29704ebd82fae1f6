"""A form from a page that is older than the sign-in is shown back, to be sent once more."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, request
from flask_wtf.csrf import generate_csrf

from surveyapp.web.organiser.typed import showable

_NEVER_SHOWN = frozenset({"csrf_token"})
_SECRET = ("password", "code", "token")
_LONG = 20
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as it was sent, without its token and without anything secret."""

    url: str
    fields: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]
    """What somebody wrote, to be read and copied."""
    had_file: bool
    token: str
    """The token of the session that there is now."""


def show_sent_form() -> tuple[str, int] | None:
    """The page that shows a form back, with its status; None where nothing was typed.

    It goes out again only by its button: whoever signs in as somebody else sees first what would be sent.
    """
    fields = tuple(
        (name, showable(value))
        for name in request.form
        if name not in _NEVER_SHOWN and not any(word in name for word in _SECRET)
        for value in request.form.getlist(name)
    )[:_MOST]
    if not fields:
        return None
    form = SentForm(
        url=request.path,
        fields=fields,
        texts=tuple(value for _name, value in fields if len(value) > _LONG or " " in value.strip()),
        had_file=any(each.filename for each in request.files.values()),
        token=generate_csrf(),
    )
    page = render_template("organiser/account/send_again.html", page=form, desk=None)
    return page, 400
