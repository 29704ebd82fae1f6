"""Rehearse a study with an invented panel, see how far it is, and take it away in one act."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flask import make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, Problem, Sentence
from surveyapp.extensions import get_config, get_database
from surveyapp.services import staging
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.typed import typed
from surveyapp.web.organiser.words import state_word

if TYPE_CHECKING:
    from surveyapp.models import Study


@dataclass(frozen=True, slots=True)
class PlayedRound:
    """One round of the rehearsal."""

    name: str
    state: str
    submitted: int
    panel: int
    percent: int


@dataclass(frozen=True, slots=True)
class RehearsalPage:
    """The rehearsal as it stands; without one, what it takes to begin it."""

    slug: str
    """Slug of the rehearsal; '' where there is none."""
    standing: str
    """playing, failed or over."""
    rounds: tuple[PlayedRound, ...]
    people: str
    """What stands in the field for a new one."""
    fewest: int
    most: int
    has_protocol: bool


@blueprint.get("/s/<slug>/rehearsal")
def rehearsal(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """How far the rehearsal is, or the form that begins one."""
    return _show()


@blueprint.get("/s/<slug>/rehearsal/progress")
def rehearsal_progress(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """The part that changes while it is played, for a page that asks again and again."""
    response = make_response(
        render_template("organiser/rehearsal/progress.html", page=_read(), desk=get_desk())
    )
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest())
    return response.make_conditional(request)


@blueprint.post("/s/<slug>/rehearsal/start")
def start_rehearsal(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Make the rehearsal; the worker plays it."""
    people = typed().get("people", "")

    def verb(session: Session, study: Study, now: datetime) -> str:
        made = staging.stage(
            session,
            study=study,
            people=_number(people),
            link_key=get_config().link_key.encode(),
            now=now,
            actor=get_desk().email,
        )
        return made.slug

    return _after(do(verb), people)


@blueprint.post("/s/<slug>/rehearsal/remove")
def remove_rehearsal(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Take it away, whole."""

    def verb(session: Session, study: Study, now: datetime) -> None:
        staging.remove_rehearsal(session, study=study, now=now, actor=get_desk().email)

    return _after(do(verb), "")


def _number(people: str) -> int:
    text = people.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise InputError([Problem("", Sentence("Write how many invented people there are, as a number."))])
    return int(text)


def _after(done: str | Trouble | None, people: str) -> ResponseReturnValue:
    if isinstance(done, Trouble):
        return _show(done, people)
    return redirect(url_for("organiser.rehearsal", slug=get_desk().slug), 303)


def _read(people: str = "") -> RehearsalPage:
    desk = get_desk()
    with get_database().reading() as session:
        study = get_study(session, slug=desk.slug)
        staged = staging.find_rehearsal(session, study_id=study.id)
        progress = (
            None if staged is None else get_progress(session, study=get_study(session, slug=staged.slug))
        )
    standing = "over"
    if staged is not None and staged.is_playing:
        standing = "failed" if staged.has_failed else "playing"
    return RehearsalPage(
        slug=staged.slug if staged else "",
        standing=standing,
        rounds=tuple(
            PlayedRound(
                name=_("Collecting items") if each.collects else _("Round %(number)s", number=each.number),
                state=state_word(each.state),
                submitted=each.counts.submitted,
                panel=each.counts.panel,
                percent=round(100 * each.counts.submitted / each.counts.panel) if each.counts.panel else 0,
            )
            for each in (progress.rounds if progress else ())
        ),
        people=people or str(staging.USUAL),
        fewest=staging.FEWEST,
        most=staging.MOST,
        has_protocol=bool(study.protocol_number),
    )


def _show(trouble: Trouble | None = None, people: str = "") -> ResponseReturnValue:
    page = _read(people)
    return show(
        "organiser/rehearsal/rehearsal.html",
        page,
        status=trouble.status if trouble else 200,
        trouble=trouble,
    )
