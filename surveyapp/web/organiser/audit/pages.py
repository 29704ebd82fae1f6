"""What the page of the record shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.reading.audit import AuditFilter, AuditLine, AuditPart
from surveyapp.services.reading.desks import Desk
from surveyapp.web.languages import page_language, written_time
from surveyapp.web.organiser.paging import Paging

_MOST_NAMED = 12
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_HASH = re.compile(r"[0-9a-f]{64}")


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
            *(Choice(sort, _("all of: %(sort)s", sort=sort), wanted.act == sort) for sort in sorts),
            *(Choice(act, _act_words(act), wanted.act == act) for act in part.acts),
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
        what=_act_words(each.act),
        act=each.act,
        facts=" · ".join(_facts(each.detail, desk.time_zone)),
        why=each.reason,
    )


def _facts(detail: Mapping[str, Any], zone: str) -> Iterator[str]:
    for name, value in detail.items():
        if value in (None, "", []):
            continue
        several = value if isinstance(value, list) else [value]
        shown = ", ".join(_shown(each, zone) for each in several[:_MOST_NAMED])
        yield f"{name.replace('_', ' ')}: {shown}{' …' if len(several) > _MOST_NAMED else ''}"


def _shown(value: object, zone: str) -> str:
    """Times as the page writes them; of a hash its beginning, for the file has it whole."""
    text = str(value)
    if _TIME.fullmatch(text):
        return written_time(datetime.fromisoformat(text), zone, page_language())
    return f"{text[:12]}…" if _HASH.fullmatch(text) else text


def _act_words(act: str) -> str:
    """What an act is called; one that this page does not know keeps its short name."""
    words: dict[str, str] = {
        "study.create": _("created the study"),
        "study.archive": _("archived the study"),
        "study.unarchive": _("brought the study back"),
        "study.delete": _("asked for the study to be deleted"),
        "study.keep": _("called the deletion back"),
        "study.copy": _("copied the study"),
        "study.rehearse": _("began a rehearsal"),
        "panel.import": _("imported the panel"),
        "round.open": _("opened a round"),
        "round.schedule": _("scheduled a round"),
        "round.extend": _("moved a deadline"),
        "round.close": _("closed a round"),
        "round.reopen": _("opened a round again"),
        "round.cancel": _("cancelled a round"),
        "round.release": _("released a round"),
        "round.correct": _("corrected the wording of a round"),
        "submission.admit": _("let in late answers"),
        "item.decide": _("decided about an item"),
        "item.undecide": _("took a decision back"),
        "questionnaire.derive": _("made the next questionnaire"),
        "protocol.set": _("gave the study a protocol"),
        "protocol.lock": _("locked the protocol"),
        "protocol.amend": _("amended the protocol"),
        "reasons.gather": _("gathered reasons"),
        "reason.redact": _("redacted a reason"),
        "reason.release": _("let reasons be shown"),
        "reason.put_back": _("put reasons back"),
        "reason.merge": _("merged reasons"),
        "reason.set_aside": _("set reasons aside"),
        "reasons.code": _("coded reasons"),
        "reasons.uncode": _("forgot codes"),
        "reasons.erase": _("erased a panellist's reasons"),
        "summary.write": _("wrote a summary"),
        "theme.add": _("added a theme"),
        "theme.change": _("changed a theme"),
        "theme.remove": _("removed a theme"),
        "job.again": _("let a job run again"),
        "panellist.withdraw": _("withdrew"),
        "organiser.grant": _("gave somebody a role"),
        "panellist.declined": _("declined"),
        "panellist.not_me": _("said that the letter reached the wrong person"),
        "panellist.invited": _("takes part after all"),
    }
    return words.get(act, act)
