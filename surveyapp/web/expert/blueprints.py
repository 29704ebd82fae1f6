"""The two doors of the expert's pages: the personal link, and the seat behind a session."""

from __future__ import annotations

from flask import Blueprint, abort, g, render_template, request
from flask.typing import ResponseReturnValue

from surveyapp.services.reading.seats import Seat
from surveyapp.web import security

links = Blueprint("links", __name__)
"""`/l/…`: the token in hand, no session."""
seat = Blueprint("seat", __name__, url_prefix="/s/<slug>")
"""`/s/STUDY/…`: a session bound to one panellist in one round."""

_SHOWN_AGAIN = frozenset({"seat.save_page", "seat.mark", "seat.reply", "seat.take_back"})
"""What is shown again with everything typed when the session was renewed; each looks at `g.csrf_valid`."""
_MOST_KEPT_TEXTS = 200
_LONG = 40


@seat.before_request
def require_seat() -> ResponseReturnValue | None:
    """Nobody without a seat in this very study comes further; what they typed is shown back to them."""
    found: Seat | None = g.seat
    if found is None:
        return ask_for_link()
    if (request.view_args or {}).get("slug") != found.slug:
        abort(404)
    if request.method not in security.SAFE_METHODS:
        token = request.headers.get("X-CSRFToken") or request.form.get("csrf_token")
        if not security.is_csrf_token_valid(token):
            if request.endpoint == "seat.autosave" or is_script():
                # The link was opened again, or another one, since the page was: its script keeps what it has.
                return {"kind": "no-seat"}, 400
            if request.endpoint not in _SHOWN_AGAIN:
                abort(400)
    return None


def get_seat() -> Seat:
    """The seat behind this request; the guard has made sure of it."""
    found: Seat = g.seat
    return found


def is_script() -> bool:
    """Whether the script of a page has sent this, and reads the reply."""
    return request.mimetype == "application/json"


def ask_for_link() -> ResponseReturnValue:
    """The session behind the page has ended; what was typed is shown back, or stays with the script."""
    if request.path.endswith("/save") or is_script():
        return {"kind": "no-seat"}, 401
    texts: list[str] = []
    if request.method == "POST":
        posted = [value for name in request.form if name[:1] == "a" for value in request.form.getlist(name)]
        texts = [value for value in posted if len(value) > _LONG or " " in value.strip()]
        # The form of a reply holds nothing else, so even a word of it was meant.
        texts += [value for value in request.form.getlist("reply") if value.strip()]
    return render_template("expert/no_seat.html", texts=texts[:_MOST_KEPT_TEXTS]), 403
