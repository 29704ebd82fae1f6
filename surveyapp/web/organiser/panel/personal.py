"""Who is worth a personal word: a list to write or to telephone by."""

from __future__ import annotations

from dataclasses import dataclass

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.extensions import get_database
from surveyapp.services.permissions import Right
from surveyapp.services.reading.personal_words import MOST, WHYS, Awaited, PersonalWords, list_personal_words
from surveyapp.services.studies import get_study
from surveyapp.web.organiser.blueprint import blueprint, get_desk
from surveyapp.web.organiser.round_parts import show


@dataclass(frozen=True, slots=True)
class AwaitedLine:
    """One panellist."""

    seat: str
    who: str
    email: str
    group: str
    reminded: str


@dataclass(frozen=True, slots=True)
class Part:
    """Everybody for whom a word is worth the same."""

    id: str
    title: str
    advice: str
    lines: tuple[AwaitedLine, ...]
    more: int
    """How many are not shown."""


@dataclass(frozen=True, slots=True)
class PersonalPage:
    """The list, by why."""

    round: int | None
    is_open: bool
    has_names: bool
    parts: tuple[Part, ...]
    most: int


@blueprint.get("/s/<slug>/panel/personal")
def personal_words(slug: str) -> ResponseReturnValue:
    """Who has not come yet, or has left: names for those who may see them, and never who said what."""
    has_names = get_desk().may(Right.IDENTITIES)
    with get_database().reading() as session:
        found = list_personal_words(session, study=get_study(session, slug=slug), with_names=has_names)
    parts = tuple(_part(why, found) for why in WHYS if found.counts.get(why))
    page = PersonalPage(found.round, found.is_open, has_names, parts, MOST)
    return show("organiser/panel/personal.html", page)


def _part(why: str, found: PersonalWords) -> Part:
    words: dict[str, tuple[str, str]] = {
        "unreached": (
            _("Letters do not arrive"),
            _("The last letter was refused or came back: find another address, or telephone."),
        ),
        "missed": (
            _("Answered before, and not in this round"),
            _("They know the study. Each one who stays away makes the rounds harder to compare."),
        ),
        "half_way": (
            _("Started, and not submitted"),
            _("Their answers count once they submit; perhaps something is in the way."),
        ),
        "reminded": (
            _("Reminded, and not started"),
            _("A letter from a person can do what a reminder does not."),
        ),
        "left": (
            _("Answered before, and left"),
            _("No letter goes to them any more. Thank them, and ask why only if they would like to tell."),
        ),
    }
    title, advice = words[why]
    lines = tuple(_line(each) for each in found.rows if each.why == why)
    more = sum(count for name, count in found.counts.items() if name == why) - len(lines)
    return Part(why, title, advice, lines, more)


def _line(each: Awaited) -> AwaitedLine:
    reminded = ngettext("%(num)s reminder", "%(num)s reminders", each.reminders) if each.reminders else ""
    return AwaitedLine(each.seat, each.who, each.email, each.group, reminded)
