"""What the page of jobs shows."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.jobs import JobLine, JobsOfStudy
from surveyapp.web.languages import page_language, written_time


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job in words."""

    id: int
    what: str
    state: str
    tone: str
    when: str
    trouble: str
    may_run_again: bool


@dataclass(frozen=True, slots=True)
class JobsPage:
    """The jobs of a study."""

    rows: tuple[JobRow, ...]
    left_out: int


def jobs_page(found: JobsOfStudy, desk: Desk) -> JobsPage:
    """The jobs: those that need a look first."""
    rows = tuple(_row(each, found.most_attempts, desk) for each in found.lines)
    return JobsPage(rows, found.left_out)


def _row(each: JobLine, most: int, desk: Desk) -> JobRow:
    states: dict[str, tuple[str, str]] = {
        "running": (_("running"), "warn"),
        "waiting": (_("waiting"), "no"),
        "retrying": (_("is tried again"), "warn"),
        "failed": (_("given up"), "bad"),
        "done": (_("done"), "ok"),
    }
    word, tone = states[each.state]
    moment = written_time(each.done_at or each.run_at, desk.time_zone, page_language())
    when = {
        "running": _("since it was due %(time)s", time=moment),
        "waiting": _("due %(time)s", time=moment),
        "retrying": _("due %(time)s", time=moment),
        "failed": _("given up %(time)s", time=moment),
        "done": _("done %(time)s", time=moment),
    }[each.state]
    trouble = ""
    if each.error:
        trouble = _(
            "Attempt %(number)s of %(most)s ended with %(error)s; the log says where.",
            number=each.attempts,
            most=most,
            error=each.error,
        )
    return JobRow(
        id=each.id,
        what=_what(each),
        state=word,
        tone=tone,
        when=when,
        trouble=trouble,
        may_run_again=each.state in {"failed", "retrying"} and not desk.is_archived,
    )


def _what(each: JobLine) -> str:
    words: dict[str, str] = {
        "round.open": _("Open round %(number)s", number=each.round),
        "round.close": _("Close round %(number)s at its deadline", number=each.round),
        "round.settle": _("Gather the reasons of round %(number)s and draft its release", number=each.round),
        "account.letter": _("Send the letter that invites somebody to work on this study"),
        "study.rehearse": _("Play the next part of the rehearsal"),
        "round.refresh": _("Renew the figures of round %(number)s", number=each.round),
    }
    return words.get(each.kind, each.kind)
