"""The personal link: the first page, which changes nothing, and its three buttons."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flask import g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Session

from surveyapp.errors import NotFound, TooManyTries
from surveyapp.extensions import get_config, get_database
from surveyapp.questionnaire.estimating import estimate
from surveyapp.services import doors, throttling
from surveyapp.services.doors import Invited
from surveyapp.services.instruments import get_instrument
from surveyapp.services.unit import read_now
from surveyapp.web import security
from surveyapp.web.errors import show_refused
from surveyapp.web.expert import pages
from surveyapp.web.expert.asking import Wording
from surveyapp.web.expert.blueprints import links
from surveyapp.web.expert.parting import part
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.refusals import log_refusal

LONGEST_TOKEN = 200
MOST_WRONG_TOKENS = 60
WRONG_TOKENS_WINDOW = 900
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class LandingPage:
    """What an invited expert reads first."""

    frame: pages.Frame
    token: str
    state: str
    """fresh, started, submitted, early, closed, not_open, ended, read, declined, not_me or withdrawn."""
    name: str
    summary: Markup
    about: Markup
    minutes: str
    opens: str
    planned_rounds: int
    smallest_group: int
    shows_panel: bool
    """Whether this round shows how the panel answered before."""
    collects: bool
    """Whether this round only collects items."""
    asks_for_proposals: bool
    has_answered: bool
    """Whether whoever holds the link submitted answers in an earlier round."""


@links.get("/l/<token>")
def landing(token: str) -> ResponseReturnValue:
    """The study, the time it takes, who can see what. Opening this changes nothing, however often."""
    with get_database().reading() as session:
        invited = _find(session, token)
        if invited is None:
            return show_unknown()
        g.language = invited.language
        page = _make_page(session, invited, token)
    return render_template("expert/landing.html", page=page, form=None)


def _find(session: Session, token: str) -> Invited | None:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        return None
    return doors.find_invited(session, token=token)


def show_unknown() -> ResponseReturnValue:
    """The same neutral page for a token that never was, was revoked, or belongs to nobody.

    Wrong tokens are counted per address, and too many get 429. A right token is never held up by the
    wrong ones of others behind the same address: guessing one of 2^144 is hopeless at any speed.
    """
    log_refusal("personal link", why="unknown")
    subject = throttling.hide(get_config().secret_key.encode(), request.remote_addr or "")
    with get_database().verb() as session:
        try:
            throttling.count(
                session,
                purpose="link",
                subject=subject,
                limit=MOST_WRONG_TOKENS,
                window_seconds=WRONG_TOKENS_WINDOW,
                now=read_now(session),
            )
        except TooManyTries as error:
            return show_refused(error)
    return render_template("expert/unknown_link.html"), 404


def _make_page(session: Session, invited: Invited, token: str) -> LandingPage:
    instrument = get_instrument(
        session,
        study_id=invited.study_id,
        number=invited.questionnaire_number,
        sha256=invited.questionnaire_sha256,
    )
    questionnaire = instrument.questionnaire
    wording = Wording(questionnaire, invited.language, page_language())
    time = estimate(
        questionnaire,
        group=invited.group,
        tags=invited.tags,
        answers={},
        language=invited.language,
        done=instrument.once_pages if invited.earlier.numbers else (),
    )
    return LandingPage(
        frame=pages.frame_of(invited),
        token=token,
        state=_state_of(invited),
        name=wording.plain(questionnaire.title),
        summary=wording.inline(questionnaire.summary),
        about=wording.block(questionnaire.about),
        minutes=_minutes(time.min_seconds, time.max_seconds),
        opens=written_time(invited.opens_at, invited.time_zone, page_language()) if invited.opens_at else "",
        planned_rounds=invited.planned_rounds,
        smallest_group=invited.smallest_group,
        shows_panel=invited.plan.feedback is not None and invited.plan.feedback.of_panel,
        collects=invited.plan.only_collects,
        asks_for_proposals=questionnaire.asks_for_proposals,
        has_answered=bool(invited.earlier.numbers),
    )


def _state_of(invited: Invited) -> str:
    if invited.has_ended and invited.panellist_state != "withdrawn":
        return "read" if invited.started else "ended"
    if invited.panellist_state != "invited":
        return invited.panellist_state
    if invited.submitted:
        return "submitted"
    if not invited.started and not invited.may_take_part:
        return "not_open"
    if invited.takes_answers:
        return "started" if invited.started else "fresh"
    return "early" if invited.round is None or invited.round_state in {"draft", "scheduled"} else "closed"


def _minutes(least: int, most: int) -> str:
    """An honest range, in steps of five minutes."""
    low = (
        max(1, math.floor(least / _MINUTE / 5 + 0.5) * 5)
        if least > 5 * _MINUTE
        else math.ceil(least / _MINUTE)
    )
    high = math.ceil(most / _MINUTE / 5) * 5 if most > 5 * _MINUTE else math.ceil(most / _MINUTE)
    if low >= high:
        return str(_("about %(minutes)s minutes", minutes=max(high, 1)))
    return str(_("%(low)s to %(high)s minutes", low=low, high=high))


@links.post("/l/start")
def start() -> ResponseReturnValue:
    """Begin or go on: the link becomes a session, and leaves the address."""
    token = request.form.get("token", "")
    sessions = security.get_sessions()
    other = sessions.find_seat(request)
    with get_database().reading() as session:
        invited = _find(session, token)
    if invited is None:
        return show_unknown()
    g.language = invited.language
    is_same = other is not None and (other.study_id, other.panellist_id) == (
        invited.study_id,
        invited.panellist_id,
    )
    if other is not None and not is_same and request.form.get("switch") != "yes":
        return render_template("expert/switch.html", frame=pages.frame_of(invited), token=token)
    cookie = request.cookies.get(sessions.name(security.SEAT))
    with get_database().verb() as session:
        started = doors.start(session, token=token, now=read_now(session))
        if cookie and other is not None:
            # The old session dies with the new one's birth: nobody can have planted it.
            doors.leave(session, id_hash=doors.hash_cookie(cookie))
    response = make_response(redirect(url_for("seat.enter", slug=started.slug), 303))
    sessions.give(response, security.SEAT, started.cookie)
    return response


@links.post("/l/not-me")
def not_me() -> ResponseReturnValue:
    """The letter reached the wrong person."""
    token = _posted_token()
    with get_database().verb() as session:
        invited = doors.say_not_me(session, token=token, now=read_now(session))
    return part("links.told", invited, what="not-me")


@links.post("/l/decline")
def decline() -> ResponseReturnValue:
    """The expert does not want to take part."""
    token = _posted_token()
    with get_database().verb() as session:
        invited = doors.decline(session, token=token, now=read_now(session))
    return part("links.told", invited, what="declined")


def _posted_token() -> str:
    token = request.form.get("token", "")
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise NotFound(_("This link does not open anything."))
    return token


@links.errorhandler(NotFound)
def answer_not_found(error: NotFound) -> ResponseReturnValue:  # noqa: ARG001 - the page is the same for all
    """A token that opens nothing."""
    return show_unknown()
