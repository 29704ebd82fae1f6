"""The way through the questionnaire: its pages with their progress, and where to go next."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from surveyapp.extensions import get_config
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.routing import Route
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Seat
from surveyapp.web.expert.asking import Wording, page_title
from surveyapp.web.expert.compiled import Kept
from surveyapp.web.expert.pages import Person, page_url
from surveyapp.web.languages import page_language

REVIEW = "review"
_outlines = Kept()
_EMPTY = frozenset({Status.BLANK, Status.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Stage:
    """One page of a route, before anybody's progress is known."""

    key: str
    title: str
    url: str
    counted: frozenset[int]
    """The cells that count as progress: answers, not what is written beside them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the side navigation."""

    title: str
    url: str
    answered: int
    total: int
    state: str
    """now, done, begun, blank, or shut while consent is missing."""


def outline(seat: Seat, instrument: Instrument, route: Route) -> tuple[Stage, ...]:
    """The pages of `route`, made once for all experts on the same route."""
    key = (
        seat.study_id,
        instrument.sha256,
        seat.language,
        page_language(),
        tuple((page.key, len(page.cells)) for page in route.pages),
    )
    return _outlines.get(key, lambda: _make_outline(seat, instrument, route))


def _make_outline(seat: Seat, instrument: Instrument, route: Route) -> tuple[Stage, ...]:
    wording = Wording(instrument.questionnaire, seat.language, page_language())
    return tuple(
        Stage(
            page.key,
            page_title(wording, page.page, page.context),
            page_url(seat.slug, page.key),
            frozenset(instrument.number_of[spec.key] for spec in page.cells if not spec.key.part),
        )
        for page in route.pages
    )


def steps_of(
    stages: tuple[Stage, ...], route: Route, answers: Mapping[int, Given], current: str
) -> tuple[Step, ...]:
    """The side navigation for one expert on the page `current`."""
    given = {number for number, answer in answers.items() if answer.status not in _EMPTY}
    steps = []
    for position, stage in enumerate(stages):
        answered = len(stage.counted & given)
        total = len(stage.counted)
        if stage.key == current:
            state = "now"
        elif position >= route.open_until:
            state = "shut"
        elif answered == total:
            state = "done"
        else:
            state = "begun" if answered else "blank"
        steps.append(Step(stage.title, stage.url, answered, total, state))
    return tuple(steps)


def person_of(
    seat: Seat,
    instrument: Instrument,
    route: Route,
    answers: Mapping[int, Given],
    *,
    current: str,
    revision: int | None = None,
    notice: str = "",
) -> Person:
    """What a page says about the person who reads it, apart from the answers on it."""
    stages = outline(seat, instrument, route)
    revision = seat.revision if revision is None else revision
    steps = current_app.jinja_env.get_template("expert/steps.html").render(
        steps=steps_of(stages, route, answers, current),
        review_url=url_for("seat.review", slug=seat.slug),
        is_review=current == REVIEW,
        may_review=route.is_consented,
    )
    if not notice and seat.has_drafts:
        notice = _(
            "You changed something after submitting. The changes count once you submit again."
        )
    return Person(
        csrf=Markup(generate_csrf()),
        revision=Markup(revision),
        request_id=Markup(uuid4()),
        queue=Markup(queue_name(seat)),
        steps=Markup(steps),  # noqa: S704 - just rendered from its template
        status=Markup(_("All answers saved") if revision else _("Answers are saved as you give them")),
        notice=Markup('<p class="note" role="status">{}</p>').format(notice) if notice else Markup(""),
    )


def queue_name(seat: Seat) -> str:
    """Under which name a browser keeps answers that are not sent yet: it tells nobody whose they are."""
    message = f"queue {seat.study_id} {seat.round} {seat.panellist_id}".encode()
    return hmac.digest(get_config().secret_key.encode(), message, "sha256").hex()[:24]


def neighbour(route: Route, key: str, step: int) -> str | None:
    """The key of the page before (-1) or after (+1) `key`; None beyond either end."""
    keys = [page.key for page in route.pages]
    if key not in keys:
        return keys[0]
    position = keys.index(key) + step
    return keys[position] if 0 <= position < len(keys) else None
