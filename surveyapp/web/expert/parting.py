"""The pages after the last button: left for now, not me, declined, withdrawn. No session stands behind them.

Where they belong is told by a sealed word in their address, so that they name the study and who runs it
only to somebody who has just been in it; without it they say the same and name nothing.
"""

from __future__ import annotations

from typing import Any, Protocol

from flask import Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer

from surveyapp.extensions import get_config, get_database
from surveyapp.services import doors
from surveyapp.services.reading.faces import find_face
from surveyapp.web import security
from surveyapp.web.expert import pages
from surveyapp.web.expert.blueprints import get_seat, links


class Place(Protocol):
    """Where somebody has just been."""

    @property
    def slug(self) -> str:
        """The study."""

    @property
    def language(self) -> str:
        """The language that was read."""


def part(endpoint: str, place: Place, **values: Any) -> Response:
    """A redirect to one of the pages below, for somebody who was just in `place`."""
    sealed = _sealer().dumps([place.slug, place.language])
    return make_response(redirect(url_for(endpoint, of=sealed, **values), 303))


def end_session() -> ResponseReturnValue:
    """End this browser's session and say so; the personal link opens a new one at any time."""
    sessions = security.get_sessions()
    cookie = request.cookies.get(sessions.name(security.SEAT))
    if cookie:
        with get_database().verb() as session:
            doors.leave(session, id_hash=doors.hash_cookie(cookie))
    response = part("links.left", get_seat())
    sessions.take(response, security.SEAT)
    return response


def _sealer() -> URLSafeSerializer:
    return URLSafeSerializer(get_config().secret_key, salt="the study that was left")


def read_parted() -> pages.Frame | None:
    """The frame of the study that was left, where the address tells which."""
    try:
        slug, language = _sealer().loads(request.args.get("of", ""))
    except BadData:
        return None
    g.language = language
    with get_database().reading() as session:
        face = find_face(session, slug=slug)
    return None if face is None else pages.frame_of_face(face)


@links.get("/told/<any('not-me', 'declined'):what>")
def told(what: str) -> ResponseReturnValue:
    """No more letters will come."""
    return render_template("expert/told.html", frame=read_parted(), what=what)


@links.get("/left")
def left() -> ResponseReturnValue:
    """The session has ended; everything is saved."""
    return render_template("expert/left.html", frame=read_parted())


@links.get("/withdrawn")
def withdrawn() -> ResponseReturnValue:
    """The expert has left the study for good."""
    kept = request.args.get("answers") == "keep"
    return render_template("expert/withdrawn.html", frame=read_parted(), kept=kept)
