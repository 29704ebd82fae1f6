"""What the page of the protocol shows: all it says in plain language, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from surveyapp.delphi.protocol.telling import tell
from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.protocol_desks import ProtocolDesk, VersionOfProtocol
from surveyapp.web.languages import page_language, written_time


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences that belong together."""

    id: str
    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version."""

    number: int
    name: str
    what: str
    because: str
    changes: tuple[str, ...]
    source_url: str
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class ProtocolPage:
    """The protocol of a study."""

    title: str
    notes: str
    sections: tuple[Section, ...]
    is_locked: bool
    has_protocol: bool
    may_change: bool
    versions: tuple[VersionLine, ...]
    text: str
    """What stands in the field for a new version."""
    reason: str
    checked: tuple[str, ...] | None
    """What the text in the field would change; None where nobody asked."""
    done: str
    """What was done just now."""


def protocol_page(
    found: ProtocolDesk,
    desk: Desk,
    *,
    text: str | None = None,
    reason: str = "",
    checked: tuple[str, ...] | None = None,
    done: str = "",
) -> ProtocolPage:
    """The page of the protocol; `text` is what somebody wrote or sent and that is not stored."""
    protocol, language = found.protocol, found.questionnaire.language
    sections = tell(protocol, found.questionnaire, language) if protocol is not None else ()
    in_force = found.versions[-1].number if found.versions else 0
    return ProtocolPage(
        title=protocol.title.get(language) if protocol is not None else "",
        notes=protocol.notes.get(language) if protocol is not None and protocol.notes else "",
        sections=tuple(
            Section(
                f"section-{place}", each.title.said_by(_), tuple(one.said_by(_) for one in each.sentences)
            )
            for place, each in enumerate(sections, start=1)
        ),
        is_locked=found.is_locked,
        has_protocol=protocol is not None,
        may_change=desk.may(Right.SET_UP) and not desk.is_archived,
        versions=tuple(_version(each, desk, in_force) for each in reversed(found.versions)),
        text=found.source if text is None else text,
        reason=reason,
        checked=checked,
        done=_said_done(done, found),
    )


def _said_done(done: str, found: ProtocolDesk) -> str:
    """What was done just now, by the word in the page's address; only where things stand like that."""
    if done == "stored" and found.versions and not found.is_locked:
        return str(_("The protocol is stored. Lock it before the first round."))
    if done == "locked" and found.is_locked:
        return str(_("The protocol is locked."))
    if done == "amended" and found.is_locked and len(found.versions) > 1:
        return str(
            _("The protocol is amended. Rounds that are open or over keep what they were opened under.")
        )
    return ""


def _version(each: VersionOfProtocol, desk: Desk, in_force: int) -> VersionLine:
    language = page_language()
    what = _(
        "Stored %(time)s by %(actor)s.",
        time=written_time(each.created_at, desk.time_zone, language),
        actor=each.actor,
    )
    if each.locked_at is not None and not each.because:
        locked = written_time(each.locked_at, desk.time_zone, language)
        what = " ".join((what, _("Locked %(time)s.", time=locked)))
    name = (
        _("Amendment %(number)s", number=each.number)
        if each.because
        else _("Version %(number)s", number=each.number)
    )
    return VersionLine(
        number=each.number,
        name=name,
        what=what,
        because=each.because,
        changes=each.changes,
        source_url=url_for("organiser.protocol_source", slug=desk.slug, number=each.number),
        is_in_force=each.number == in_force,
    )
