"""Beginning a session in this browser, whichever way somebody came in."""

from __future__ import annotations

from flask import Response, g, make_response, redirect, request
from flask import session as browser
from sqlalchemy.orm import Session

from surveyapp.services import accounts
from surveyapp.services.accounts import Credentials
from surveyapp.services.doors import hash_cookie
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.organiser.detours import Kept, go_on

# The first that fits: browsers name those that they descend from, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def begin_session(session: Session, *, credentials: Credentials, second_given: bool) -> str:
    """Start a session in the database and return what the cookie shall hold.

    Whatever was planted or left in the browser before ends with the new session's beginning.
    """
    now = read_now(session)
    cookie = accounts.start_session(
        session, credentials=credentials, now=now, agent=describe_agent(), second_given=second_given
    )
    old = security.get_sessions().find_cookie(request, security.ORGANISER)
    if old:
        accounts.sign_out(session, id_hash=hash_cookie(old))
    started = accounts.find_signed_in(session, id_hash=hash_cookie(cookie))
    assert started is not None
    # A page in this very response belongs to the new session already.
    g.entered = started
    browser["csrf_token"] = started.csrf_secret
    return security.stamped(cookie, started.csrf_secret, now.timestamp())


def enter_with(cookie: str, kept: Kept) -> Response:
    """The response that hands the cookie over and goes on, or offers to send what waited."""
    if kept.fields:
        response = make_response(go_on(kept, g.entered.email))
    else:
        response = make_response(redirect(kept.to, 303))
    security.get_sessions().give(response, security.ORGANISER, cookie)
    return response


def describe_agent() -> str:
    """The browser in two words, such as “Firefox, Linux”: enough to know one's own sessions by."""
    text = request.user_agent.string
    found = [next((name for sign, name in known if sign in text), "") for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)
