"""Where the work on a study goes on, from its overview."""

from __future__ import annotations

from collections.abc import Iterator

from flask import url_for
from flask_babel import gettext as _

from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.progress import RoundProgress, StudyProgress
from surveyapp.web.organiser.acting import Way


def ways_on(progress: StudyProgress, desk: Desk) -> tuple[Way, ...]:
    """What this organiser can do next, the nearest first; before the first round a list of steps says it."""
    current = progress.current
    if current is None or desk.is_archived:
        return ()
    # A cancelled round, and one that only collects items, bring the end no nearer.
    held = sum(each.state != "cancelled" and not each.collects for each in progress.rounds)
    found = _listed(current, desk.slug, is_last=held >= progress.planned_rounds)
    return tuple(way for right, way in found if desk.may(right))


def _listed(current: RoundProgress, slug: str, *, is_last: bool) -> Iterator[tuple[Right, Way]]:
    """Each way with the right that it takes."""
    rounds, number = url_for("organiser.rounds", slug=slug), current.number
    if current.state in {"open", "scheduled"}:
        label = _("Extend or close the round") if current.state == "open" else _("Change its time")
        yield Right.LETTERS, Way(_("Write to the panel"), url_for("organiser.letters", slug=slug))
        yield Right.ROUNDS, Way(label, rounds)
        return
    if current.collects:
        proposals = url_for("organiser.proposals", slug=slug, number=number)
        yield Right.REASONS, Way(_("Go through the proposals"), proposals)
        yield Right.ROUNDS, Way(_("Open the next round"), f"{rounds}#next")
        return
    yield Right.RESULTS, Way(_("Results"), url_for("organiser.results", slug=slug, number=number))
    if current.state == "closed":
        reasons = url_for("organiser.reasons", slug=slug, number=number)
        decisions = url_for("organiser.decisions", slug=slug, number=number)
        release = url_for("organiser.release", slug=slug, number=number)
        yield Right.REASONS, Way(_("Handle the reasons"), reasons)
        yield Right.DECIDE, Way(_("Decide about the items"), decisions)
        yield Right.ROUNDS, Way(_("Release what the panel is shown"), release)
    elif is_last:
        yield Right.EXPORT, Way(_("Take the data home"), url_for("organiser.export", slug=slug))
    else:
        yield Right.ROUNDS, Way(_("Open the next round"), f"{rounds}#next")
