"""What the page of a release shows: what is missing, what warns, and what the panel would be shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.delphi.privacy.suppression import Why
from surveyapp.errors import say
from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.release_desks import ReleaseDesk
from surveyapp.services.release_facts import ReleaseFacts
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.acting import Way, said
from surveyapp.web.organiser.rounds.pages import unread_notes

_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """A release before it is out, or after."""

    number: int
    is_out: bool
    out_facts: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, Way | None], ...]
    warnings: tuple[str, ...]
    unread: tuple[tuple[str, Way | None], ...]
    """That proposals wait to be read."""
    facts: tuple[str, ...]
    hidden: tuple[str, ...]
    """Why figures are not shown, and how many."""
    stamp: str
    has_draft: bool
    note: str
    figures_first: bool
    panellists: tuple[tuple[str, str], ...]
    said_note: str
    said_missing: tuple[str, ...]
    is_last: bool
    ways: tuple[Way, ...]
    """Where to go on when it is out."""


def release_page(
    found: ReleaseDesk, desk: Desk, *, note: str = "", figures_first: bool = False
) -> ReleasePage:
    """The page of one round's release; `note` is what was typed and not sent yet."""
    facts = found.facts
    released = found.released
    return ReleasePage(
        number=found.number,
        is_out=released is not None,
        out_facts=(
            (_("Released"), written_time(released.released_at, desk.time_zone, page_language())),
            (_("by"), released.released_by),
            (_("SHA-256 of what is shown"), released.sha256),
            (_("SHA-256 of what it was made from"), released.input_sha256),
        )
        if released is not None
        else (),
        missing=tuple(_missing(found, desk)) if released is None else (),
        warnings=tuple(say(each, _) for each in found.coverage.warnings) if released is None else (),
        unread=tuple(unread_notes(found.unread, desk)) if released is None else (),
        facts=tuple(_facts(facts)) if facts is not None else (),
        hidden=tuple(_hidden(facts)) if facts is not None else (),
        stamp=found.stamp,
        has_draft=facts is not None,
        note=note,
        figures_first=figures_first,
        panellists=found.panellists,
        said_note=facts.note if facts is not None and released is not None else "",
        said_missing=facts.missing if facts is not None and released is not None else (),
        is_last=found.is_last,
        ways=tuple(_ways_on(found, desk)) if released is not None else (),
    )


def _ways_on(found: ReleaseDesk, desk: Desk) -> Iterator[Way]:
    """From a release that is out: the panel is told, and the next round is opened or the data are taken."""
    if desk.may(Right.LETTERS):
        yield Way(_("Write to the panel"), url_for("organiser.letters", slug=desk.slug))
    if not found.is_last:
        yield Way(_("On to the next round"), url_for("organiser.rounds", slug=desk.slug, _anchor="next"))
    elif desk.may(Right.EXPORT):
        yield Way(_("Take the data home"), url_for("organiser.export", slug=desk.slug))


def _missing(found: ReleaseDesk, desk: Desk) -> Iterator[tuple[str, Way | None]]:
    def way(endpoint: str, label: str, right: str) -> Way | None:
        if not desk.may(right):
            return None
        return Way(label, url_for(f"organiser.{endpoint}", slug=desk.slug, number=found.number))

    to_reasons = way("reasons", _("Reasons"), "reasons")
    coverage = found.coverage
    if coverage.waiting:
        yield (
            ngettext(
                "What %(num)s panellist submitted has not been gathered yet.",
                "What %(num)s panellists submitted has not been gathered yet.",
                coverage.waiting,
            ),
            to_reasons,
        )
    if len(coverage.problems) <= _MOST_LINES:
        for line in coverage.problems:
            yield said(say(line, _)), to_reasons
    else:
        left = sum(each.reasons for each in coverage.uncovered)
        yield (
            ngettext(
                "%(num)s reason has not been dealt with, on %(items)s items.",
                "%(num)s reasons have not been dealt with, on %(items)s items.",
                left,
                items=len(coverage.problems),
            ),
            to_reasons,
        )
    if found.undecided:
        words = ngettext(
            "%(num)s item has no decision: %(items)s",
            "%(num)s items have no decision: %(items)s",
            len(found.undecided),
            items=", ".join(found.undecided[:8]) + (" …" if len(found.undecided) > 8 else "."),
        )
        yield words, way("decisions", _("Decisions"), "decide")


def _facts(facts: ReleaseFacts) -> Iterator[str]:
    yield ngettext(
        "It is made from %(num)s submission.", "It is made from %(num)s submissions.", facts.submissions
    )
    ratings, shown = facts.ratings, facts.ratings_shown
    yield _("Figures of %(shown)s of %(all)s ratings are shown.", shown=shown, all=ratings)
    groups = facts.groups_shown
    if groups:
        yield ngettext("%(num)s figure of a group is shown.", "%(num)s figures of groups are shown.", groups)
    yield ngettext("%(num)s reason is shown.", "%(num)s reasons are shown.", facts.reasons)
    if facts.summaries:
        yield ngettext("%(num)s item has a summary.", "%(num)s items have a summary.", facts.summaries)
    if facts.marked:
        yield ngettext(
            "How %(num)s reason of the round before was marked is told.",
            "How %(num)s reasons of the round before were marked is told.",
            facts.marked,
        )
    if facts.decided:
        yield ngettext(
            "What was decided about %(num)s item is told.",
            "What was decided about %(num)s items is told.",
            facts.decided,
        )
    yield _("No figure stands on fewer than %(k)s people.", k=facts.smallest_group)


def _hidden(facts: ReleaseFacts) -> Iterator[str]:
    for code, count in facts.hidden.items():
        why = say(Why(code).sentence(k=facts.smallest_group), _)
        yield f"{count} × {why}"
