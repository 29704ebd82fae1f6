"""What happened to a panellist, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from surveyapp.mail.kinds import Kind
from surveyapp.services.reading.panellists import Happening
from surveyapp.web.organiser.letters import words as letter_words


def standing_word(standing: str) -> str:
    """Where a panellist stands, in the present round or in one of them."""
    words: dict[str, str] = {
        "not_for": _("not for this panellist"),
        "not_started": _("not started"),
        "in_progress": _("in progress"),
        "submitted": _("submitted"),
        "invited": _("takes part"),
        "declined": _("declined"),
        "not_me": _("wrong person"),
        "withdrawn": _("withdrawn"),
    }
    return words.get(standing, standing)


def likeness_word(likeness: str) -> str:
    """Why somebody may be the same person."""
    words: dict[str, str] = {
        "same_address": _("on the panel with this address"),
        "same_name": _("on the panel with the same name"),
        "near_address": _("on the panel with an address one letter away"),
        "asks_too": _("asks too, with this address"),
    }
    return words[likeness]


def happening_words(each: Happening) -> str:
    """What happened."""
    if each.what == "letter":
        return _letter(each)
    if each.what == "wish":
        return str(
            _("wants no letters any more") if each.kind == "none" else _("wants no reminders any more")
        )
    number = each.round
    said: dict[str, str] = {
        "added": _("came onto the panel"),
        "link": _("got a new personal link (no. %(number)s)", number=each.number),
        "started": _("started round %(number)s", number=number),
        "saved": _("saved last in round %(number)s", number=number),
        "submitted": _("submitted round %(number)s", number=number),
        "declined": _("declined"),
        "not_me": _("said that the letter reached the wrong person"),
        "withdrawn": _("withdrew"),
    }
    return said[each.what]


def _letter(each: Happening) -> str:
    name = letter_words.name_of(Kind(each.kind), each.number)
    if each.round is None:
        return name
    return str(_("%(letter)s, round %(number)s", letter=name, number=each.round))


def letter_state(state: str) -> tuple[str, str]:
    """What became of a letter, and the tone of it."""
    if state == "sent":
        return _("accepted by the mail server"), "ok"
    return letter_words.state_of(state)
