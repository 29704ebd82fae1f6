"""What the page of the record shows."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.reading.audit import AuditFilter, AuditLine, AuditPart
from surveyapp.services.reading.desks import Desk
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.audit.words import act_words, facts_of, sort_words
from surveyapp.web.organiser.paging import Paging


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to filter by."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One act."""

    when: str
    who: str
    what: str
    act: str
    facts: str
    why: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the record."""

    lines: tuple[RecordLine, ...]
    found: str
    acts: tuple[Choice, ...]
    actors: tuple[Choice, ...]
    since: str
    until: str
    paging: Paging
    csv_url: str
    zone: str


def audit_page(
    part: AuditPart,
    desk: Desk,
    *,
    wanted: AuditFilter,
    days: tuple[str, str],
    paging: Paging,
    csv_url: str,
) -> AuditPage:
    """The record of acts, with its filter as it was set."""
    sorts = sorted({act.split(".", 1)[0] for act in part.acts})
    return AuditPage(
        lines=tuple(_line(each, desk) for each in part.lines),
        found=ngettext("%(num)s entry", "%(num)s entries", part.count),
        acts=(
            Choice("", _("everything"), not wanted.act),
            *(
                Choice(sort, _("all of: %(sort)s", sort=sort_words(sort)), wanted.act == sort)
                for sort in sorts
            ),
            *(Choice(act, act_words(act), wanted.act == act) for act in part.acts),
        ),
        actors=(
            Choice("", _("everybody"), not wanted.actor),
            *(Choice(each, each, wanted.actor == each) for each in part.actors),
        ),
        since=days[0],
        until=days[1],
        paging=paging,
        csv_url=csv_url,
        zone=desk.time_zone,
    )


def _line(each: AuditLine, desk: Desk) -> RecordLine:
    return RecordLine(
        when=written_time(each.at, desk.time_zone, page_language()),
        who=each.actor,
        what=act_words(each.act),
        act=each.act,
        facts=" · ".join(facts_of(each.act, each.detail, desk.time_zone)),
        why=each.reason,
    )
