"""The rounds of a study: opened, scheduled, extended, closed, opened again, cancelled."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Refused
from surveyapp.extensions import get_database
from surveyapp.services import admitting, releasing
from surveyapp.services import rounds as verbs
from surveyapp.services.local_times import read_time
from surveyapp.services.reading.running import get_study_rounds
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.acting import Trouble, do, trouble_of
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.round_parts import show
from surveyapp.web.organiser.rounds.acts import Attempt
from surveyapp.web.organiser.rounds.pages import rounds_page
from surveyapp.web.organiser.typed import typed

if TYPE_CHECKING:
    from surveyapp.models import Study

ROUND = "/s/<slug>/rounds/<int(max=999):number>"


@blueprint.get("/s/<slug>/rounds")
def rounds(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - the guard has found the study
    """All rounds, and what can be done with each."""
    return _show(done=request.args.get("done", ""))


@blueprint.post("/s/<slug>/rounds/open")
def open_round(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Open the next round now, or the one that is scheduled."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        closes_at = _find_time(given, "closes", study.time_zone)
        cohort = given.get("cohort", "").strip()
        opened = verbs.open_round(
            session, study=study, now=now, actor=get_desk().email, closes_at=closes_at, cohort=cohort
        )
        return opened.number

    return _after(do(verb), "open", given)


@blueprint.post("/s/<slug>/rounds/schedule")
def schedule_round(slug: str) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Let the next round open by itself."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        planned = verbs.schedule_round(
            session,
            study=study,
            now=now,
            actor=get_desk().email,
            opens_at=read_time(given.get("opens", ""), time_zone=study.time_zone, where="opens"),
            closes_at=_find_time(given, "closes", study.time_zone),
            cohort=given.get("cohort", "").strip(),
        )
        return planned.number

    return _after(do(verb), "schedule", given)


@blueprint.post(f"{ROUND}/extend")
def extend_round(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Move the deadline to a later time."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        return verbs.extend_round(
            session,
            study=study,
            closes_at=read_time(given.get("closes", ""), time_zone=study.time_zone, where="deadline"),
            reason=given.get("reason", ""),
            now=now,
            actor=get_desk().email,
            number=number,
        ).number

    return _after(do(verb), "extend", given)


@blueprint.post(f"{ROUND}/close")
def close_round(slug: str, number: int) -> ResponseReturnValue:
    """Close the round, gather its reasons, draft its release."""
    given = typed()
    try:
        verbs.close_round(get_database(), slug=slug, actor=get_desk().email, number=number)
    except (Refused, NotFound) as error:
        return _after(trouble_of(error), "close", given)
    _settle(number)
    return _after(number, "close", given)


@blueprint.post(f"{ROUND}/reopen")
def reopen_round(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Open a closed round again."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        return verbs.reopen_round(
            session,
            study=study,
            reason=given.get("reason", ""),
            now=now,
            actor=get_desk().email,
            closes_at=_find_time(given, "closes", study.time_zone),
            number=number,
        ).number

    return _after(do(verb), "reopen", given)


@blueprint.post(f"{ROUND}/cancel")
def cancel_round(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Call a round off."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        reason = given.get("reason", "")
        return verbs.cancel_round(
            session, study=study, reason=reason, now=now, actor=get_desk().email, number=number
        ).number

    return _after(do(verb), "cancel", given)


@blueprint.post(f"{ROUND}/admit")
def admit_late(slug: str, number: int) -> ResponseReturnValue:  # noqa: ARG001 - as above
    """Count what a panellist gave too late."""
    given = typed()

    def verb(session: Session, study: Study, now: datetime) -> int:
        admitting.admit_late(
            session,
            study=study,
            number=number,
            pseudonym=given.get("who", ""),
            reason=given.get("reason", ""),
            now=now,
            actor=get_desk().email,
        )
        return number

    done = do(verb)
    if not isinstance(done, Trouble):
        _settle(number)
    return _after(done, "admit", given)


def _find_time(given: dict[str, str], name: str, time_zone: str) -> datetime | None:
    text = given.get(name, "").strip()
    return read_time(text, time_zone=time_zone, where="deadline") if text else None


def _settle(number: int) -> None:
    """What the worker would do as well: whoever closes by hand wants to go on at once."""
    desk = get_desk()
    with suppress(Refused, InputError):
        # Should it change meanwhile, the worker settles it, and the release's page offers to.
        releasing.settle_round(get_database(), study_id=desk.study_id, number=number, actor=desk.email)


def _after(done: int | Trouble, act: str, given: dict[str, str]) -> ResponseReturnValue:
    if isinstance(done, Trouble):
        return _show(attempt=Attempt(given.get("act", act), given, done))
    slug = get_desk().slug
    return redirect(url_for("organiser.rounds", slug=slug, done=f"{act}-{done}"), 303)


def _show(*, attempt: Attempt | None = None, done: str = "") -> ResponseReturnValue:
    desk = get_desk()
    with get_database().reading() as session:
        found = get_study_rounds(session, study=get_study(session, slug=desk.slug))
    page = rounds_page(found, desk, attempt=attempt, done=done)
    orphan = None
    if attempt is not None and not any(act.trouble for each in page.cards for act in each.acts):
        # The form that it came from is not there any more, because the round has moved on.
        is_next = page.next is not None and any(act.trouble for act in page.next.acts)
        orphan = None if is_next else attempt.trouble
    status = attempt.trouble.status if attempt is not None else 200
    return show("organiser/rounds/rounds.html", page, status=status, orphan=orphan)
