"""What the page of one panellist shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.permissions import Right
from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.panellists import Happening, Person
from surveyapp.web.languages import language_name, page_language, written_date, written_time
from surveyapp.web.organiser.panellist.words import happening_words, letter_state, standing_word
from surveyapp.web.organiser.words import state_word


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    when: str
    machine: str
    """The same for programs."""
    what: str
    state: str
    tone: str
    note: str


@dataclass(frozen=True, slots=True)
class RoundLine:
    """How far in one round."""

    title: str
    state: str
    standing: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChangeForm:
    """What stands for the panellist, as it was typed or as it is."""

    name: str
    email: str
    tags: str
    time_zone: str
    groups: tuple[Choice, ...]
    languages: tuple[Choice, ...]
    group_title: str
    group_is_fixed: bool


@dataclass(frozen=True, slots=True)
class PersonPage:
    """The page of one panellist."""

    seat: str
    who: str
    email: str
    has_names: bool
    standing: str
    is_here: bool
    """Whether the panellist has not left."""
    is_erased: bool
    facts: tuple[tuple[str, str], ...]
    rounds: tuple[RoundLine, ...]
    timeline: tuple[Event, ...]
    tells_times: bool
    is_blind: bool
    may_change: bool
    may_part: bool
    """Whether the person can be withdrawn here: in an archived study, too."""
    may_erase: bool
    change: ChangeForm | None
    done: str


def person_page(
    person: Person, desk: Desk, *, is_blind: bool, typed: Mapping[str, str] | None = None, done: str = ""
) -> PersonPage:
    """One panellist in words; `typed` is what was typed into the form and refused."""
    has_names = desk.may(Right.IDENTITIES)
    may_change = has_names and not person.is_erased and not desk.is_archived
    zone = person.time_zone or _("the study's: %(zone)s", zone=desk.time_zone)
    facts = [
        *([(_("Group"), person.group_title)] if person.groups else []),
        (_("Tags"), ", ".join(person.tags) or "–"),
        (_("Language"), language_name(person.language)),
        (_("Time zone"), zone),
    ]
    return PersonPage(
        seat=person.seat,
        who=_who(person),
        email=person.email,
        has_names=has_names,
        standing=standing_word(person.state),
        is_here=person.state != "withdrawn",
        is_erased=person.is_erased,
        facts=tuple(facts),
        rounds=tuple(
            RoundLine(
                _("Round %(number)s", number=each.round),
                state_word(each.state),
                standing_word(each.standing),
            )
            for each in person.rounds
        ),
        timeline=tuple(_event(each, desk.time_zone) for each in reversed(person.timeline)),
        tells_times=not (has_names and is_blind),
        is_blind=is_blind,
        may_change=may_change,
        may_part=has_names and not person.is_erased,
        may_erase=has_names and not person.is_erased and desk.may(Right.ERASE),
        change=_change_form(person, typed) if may_change else None,
        done=done,
    )


def _who(person: Person) -> str:
    if person.pseudonym:
        return person.pseudonym
    return person.name or person.email or _("An erased panellist")


def _event(each: Happening, zone: str) -> Event:
    state, tone = letter_state(each.state) if each.what == "letter" else ("", "")
    notes = []
    if each.what == "letter" and each.state not in {"sent", "queued", "sending"} and each.words:
        notes.append(each.words)
    if each.by:
        notes.append(_("asked for by %(who)s", who=each.by))
    return Event(
        when=_when(each.at, zone, is_day=each.is_day),
        machine=each.at.date().isoformat() if each.is_day else each.at.isoformat(timespec="minutes"),
        what=happening_words(each),
        state=state,
        tone=tone,
        note=" · ".join(notes),
    )


def _when(moment: datetime, zone: str, *, is_day: bool) -> str:
    if is_day:
        return written_date(moment, zone, page_language())
    return written_time(moment, zone, page_language())


def _change_form(person: Person, typed: Mapping[str, str] | None) -> ChangeForm:
    held = {
        "name": person.name,
        "email": person.email,
        "tags": ", ".join(person.tags),
        "time_zone": person.time_zone,
        "group": person.group,
        "language": person.language,
        **(typed or {}),
    }
    return ChangeForm(
        name=held["name"],
        email=held["email"],
        tags=held["tags"],
        time_zone=held["time_zone"],
        groups=tuple(Choice(each, title, each == held["group"]) for each, title in person.groups.items()),
        languages=tuple(
            Choice(each, language_name(each), each == held["language"]) for each in person.languages
        ),
        group_title=person.group_title,
        group_is_fixed=person.has_answered,
    )


def changed_words(changed: int) -> str:
    """What was put right, for the line above the page."""
    if not changed:
        return str(_("Nothing was different, so nothing was changed."))
    return str(ngettext("%(num)s thing was changed.", "%(num)s things were changed.", changed))
