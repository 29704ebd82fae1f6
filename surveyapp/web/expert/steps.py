"""The way through the questionnaire: its pages with their progress, and where to go next."""

from __future__ import annotations

import hmac
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from surveyapp.extensions import get_config
from surveyapp.questionnaire.cells import Given, Status
from surveyapp.questionnaire.routing import Route
from surveyapp.services.instruments import Instrument
from surveyapp.services.reading.seats import Seat
from surveyapp.web.expert.asking import Wording, page_heading
from surveyapp.web.expert.compiled import Compiled, Kept, cut
from surveyapp.web.expert.fields import slot
from surveyapp.web.expert.pages import Person, page_url
from surveyapp.web.languages import page_language

REVIEW = "review"
_outlines = Kept()
_navigations = Kept()
_TICK = '<span aria-hidden="true">✓ </span>'.encode()
_EMPTY = frozenset({Status.BLANK, Status.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Stage:
    """One page of a route, before anybody's progress is known."""

    key: str
    title: Markup
    url: str
    counted: frozenset[int]
    """The cells that count as progress: answers, not what is written beside them."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the side navigation; what depends on the person is a slot."""

    title: Markup
    url: str
    total: int
    state: str
    """now, shut while consent is missing, or a slot for done, begun or blank."""
    answered: Markup
    tick: Markup


def _outline_key(seat: Seat, instrument: Instrument, route: Route) -> tuple[Hashable, ...]:
    return (
        seat.slug,
        instrument.sha256,
        seat.language,
        page_language(),
        tuple([(page.key, len(page.cells)) for page in route.pages]),
    )


def _make_outline(seat: Seat, instrument: Instrument, route: Route) -> tuple[Stage, ...]:
    wording = Wording(instrument.questionnaire, seat.language, page_language())
    return tuple(
        Stage(
            page.key,
            page_heading(wording, page.page, page.context),
            page_url(seat.slug, page.key),
            frozenset(instrument.number_of[spec.key] for spec in page.cells if not spec.key.part),
        )
        for page in route.pages
    )


def show_steps(
    seat: Seat, instrument: Instrument, route: Route, answers: Mapping[int, Given], current: str
) -> bytes:
    """The side navigation for one expert on the page `current`."""
    key = _outline_key(seat, instrument, route)
    has_news = seat.plan.feedback_for(seat.variant) is not None
    is_corrected = seat.correction > 0
    stages = _outlines.get(key, lambda: _make_outline(seat, instrument, route))
    compiled = _navigations.get(
        (key, route.open_until, route.is_consented, current, has_news, is_corrected),
        lambda: _compile_steps(stages, route, current, has_news=has_news, is_corrected=is_corrected),
    )
    given = {number for number, answer in answers.items() if answer.status not in _EMPTY}
    pieces: dict[str, bytes] = {}
    for position, stage in enumerate(stages):
        answered = len(stage.counted & given)
        is_done = answered == len(stage.counted)
        pieces[f"answered {position}"] = b"%d" % answered
        pieces[f"state {position}"] = b"done" if is_done else b"begun" if answered else b"blank"
        pieces[f"tick {position}"] = _TICK if is_done else b""
    return compiled.fill_person(pieces)


def _compile_steps(
    stages: tuple[Stage, ...], route: Route, current: str, *, has_news: bool, is_corrected: bool
) -> Compiled:
    steps = []
    for position, stage in enumerate(stages):
        state: str = slot(f"state {position}")
        if stage.key == current:
            state = "now"
        elif position >= route.open_until:
            state = "shut"
        steps.append(
            Step(
                stage.title,
                stage.url,
                len(stage.counted),
                state,
                slot(f"answered {position}"),
                slot(f"tick {position}"),
            )
        )
    slug = (request.view_args or {})["slug"]
    return cut(
        render_template(
            "expert/steps.html",
            steps=steps,
            news_url=url_for("seat.news", slug=slug) if has_news else "",
            corrections_url=url_for("seat.corrections", slug=slug) if is_corrected else "",
            review_url=url_for("seat.review", slug=slug),
            is_review=current == REVIEW,
            may_review=route.is_consented,
        )
    )


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
    revision = seat.revision if revision is None else revision
    steps = show_steps(seat, instrument, route, answers, current).decode()
    if not notice and seat.has_drafts:
        notice = _("You changed something after submitting. The changes count once you submit again.")
    return Person(
        csrf=escape(generate_csrf()),
        revision=escape(revision),
        request_id=escape(uuid4()),
        queue=escape(queue_name(seat)),
        steps=Markup(steps),  # noqa: S704 - rendered from its template
        status=escape(_("All answers saved") if revision else _("Answers are saved as you give them")),
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
