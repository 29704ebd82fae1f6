"""Doors: who is behind a request, where it may come from, and what every response forbids."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, g, request
from flask.sessions import SessionInterface, SessionMixin
from flask_wtf.csrf import validate_csrf
from wtforms import ValidationError

from surveyapp.extensions import get_config, get_database
from surveyapp.services.doors import SESSION_LASTS, hash_cookie
from surveyapp.services.reading.seats import Seat, find_seat
from surveyapp.web.refusals import log_refusal

SEAT = "seat"
ORGANISER = "organiser"
_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
# An organiser who does nothing for so long is signed out; experts are not.
IDLE = timedelta(hours=2)
_STAMP_AGAIN = timedelta(minutes=5)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)


class BrowserSession(dict[str, Any], SessionMixin):
    """What the session row says; nothing that a page writes here outlives the request."""


class Sessions(SessionInterface):
    """Sessions are rows: a cookie holds a random value, the database its hash.

    Reading one costs one query; no request ever writes the row, not even an expiry, so that a GET
    changes nothing. Experts and organisers have different cookies and never see each other's. When an
    organiser was last here stands in the cookie itself, under a seal that only the session's row can make.
    """

    def __init__(self, *, is_https: bool) -> None:
        self.is_https = is_https

    def name(self, audience: str) -> str:
        """The cookie's name; over https the browser itself guarantees who set it."""
        return f"__Host-surveyapp-{audience}" if self.is_https else f"surveyapp-{audience}"

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The session that this address may see: `/s/…` an expert's seat, `/organiser/…` an organiser."""
        opened = BrowserSession()
        g.seat = None
        if request.path.startswith("/s/"):
            seat = self.find_seat(request)
            if seat is not None:
                g.seat = seat
                g.language = seat.language
                opened["csrf_token"] = seat.csrf_secret
        elif request.path.startswith("/organiser"):
            self._open_organiser(request, opened)
        return opened

    def find_seat(self, request: Request) -> Seat | None:
        """The seat that the request's cookie opens."""
        value = request.cookies.get(self.name(SEAT))
        if not value:
            return None
        with get_database().glance() as connection:
            return find_seat(connection, id_hash=hash_cookie(value))

    def _open_organiser(self, request: Request, opened: BrowserSession) -> None:
        g.organiser = None
        g.stamp_again = False
        value, _, stamp = request.cookies.get(self.name(ORGANISER), "").partition(".")
        if not value:
            return
        from surveyapp.services.accounts import find_signed_in  # noqa: PLC0415 - experts' requests need none

        with get_database().reading() as session:
            organiser = find_signed_in(session, id_hash=hash_cookie(value))
        if organiser is None:
            return
        seen = _read_stamp(stamp, organiser.csrf_secret)
        age = organiser.now.timestamp() - seen
        if age > IDLE.total_seconds():
            return
        g.organiser = organiser
        g.stamp_again = age > _STAMP_AGAIN.total_seconds()
        opened["csrf_token"] = organiser.csrf_secret

    def find_cookie(self, request: Request, audience: str) -> str:
        """The secret in the audience's cookie; '' where there is none."""
        return request.cookies.get(self.name(audience), "").partition(".")[0]

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Sessions begin and end by verbs; here an organiser's cookie only learns that time went on."""
        organiser = g.get("organiser")
        if organiser is not None and g.get("stamp_again"):
            value = self.find_cookie(request, ORGANISER)
            self.give(response, ORGANISER, stamped(value, organiser.csrf_secret, organiser.now.timestamp()))

    def give(self, response: Response, audience: str, value: str) -> None:
        """Hand the browser its cookie. An expert comes back for weeks; an organiser signs in anew."""
        g.stamp_again = False
        response.set_cookie(
            self.name(audience),
            value,
            max_age=SESSION_LASTS if audience == SEAT else None,
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="Lax",
        )

    def take(self, response: Response, audience: str) -> None:
        """Take the cookie back."""
        g.stamp_again = False
        response.delete_cookie(
            self.name(audience), path="/", secure=self.is_https, httponly=True, samesite="Lax"
        )


def stamped(value: str, csrf_secret: str, moment: float) -> str:
    """A cookie's value with the time at which its owner was here, sealed with the session's own secret."""
    stamp = str(int(moment))
    seal = hmac.digest(csrf_secret.encode(), b"seen\0" + stamp.encode(), "sha256").hex()[:32]
    return f"{value}.{stamp}.{seal}"


def _read_stamp(stamp: str, csrf_secret: str) -> float:
    """When the owner of a cookie was here last; in the beginning of time for a seal that is not ours."""
    moment, _, _ = stamp.partition(".")
    if not (moment.isascii() and moment.isdigit()):
        return 0.0
    expected = stamped("", csrf_secret, int(moment[:15]))
    return float(moment[:15]) if hmac.compare_digest(expected.encode(), f".{stamp}".encode()) else 0.0


def get_sessions() -> Sessions:
    """The interface of the application that serves this request."""
    from flask import current_app  # noqa: PLC0415

    sessions = current_app.session_interface
    assert isinstance(sessions, Sessions)
    return sessions


def make_host_check(hosts: frozenset[str]) -> Callable[[], None]:
    """A check that refuses requests for any other host name; `hosts` are names without ports.

    Werkzeug's own TRUSTED_HOSTS does the same at a tenth of a millisecond twice per request, which is much
    where a page takes one.
    """

    def refuse_unknown_host() -> None:
        host = request.environ.get("HTTP_HOST", "")
        name = _HOST.fullmatch(host.lower())
        if name is None or name[1] not in hosts:
            abort(400)

    return refuse_unknown_host


def refuse_foreign_origin() -> None:
    """Refuse an unsafe request that another site made the browser send.

    Browsers say so themselves in Sec-Fetch-Site. Where they do not (plain http beyond loopback), Origin
    must be ours; a page with `Referrer-Policy: no-referrer` sends ``null`` there, which is believed only
    where no https makes browsers send the better header. Programs send neither and carry no cookies of
    other people.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        log_refusal("act", why="other site")
        abort(403)
    origin = request.headers.get("Origin")
    if origin is None or origin in own_origins():
        return
    if origin == "null" and (site == "same-origin" or not get_config().is_https):
        return
    log_refusal("act", why="other origin")
    abort(403)


def own_origins() -> set[str]:
    """The origins of this installation's own pages, as the present request may name them."""
    base = urlsplit(get_config().base_url)
    return {f"{base.scheme}://{base.netloc}", request.host_url.rstrip("/")}


def is_csrf_token_valid(token: str | None) -> bool:
    """Whether `token` belongs to the session behind this request; Flask-WTF's forms then believe it too."""
    try:
        validate_csrf(token)
    except ValidationError:
        return False
    g.csrf_valid = True
    return True


def add_headers(response: Response) -> Response:
    """What every response forbids, error pages included."""
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    # A page whose address holds a token must not tell it to anybody.
    on_link = request.path.startswith(("/l/", "/organiser/l/"))
    headers["Referrer-Policy"] = "no-referrer" if on_link else "same-origin"
    if request.endpoint == "static" and response.status_code == 200:
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        headers["Cache-Control"] = "no-store"
        headers["Vary"] = "Cookie"
    return response
