"""What letters, their states and their variables are called on the organiser's pages."""

from __future__ import annotations

from flask_babel import gettext as _

from surveyapp.mail.kinds import RULES, Kind


def name_of(kind: Kind, number: int = 1) -> str:
    """What a letter is called."""
    if RULES[kind].texts > 1:
        return str(_("Reminder %(number)s", number=number))
    said: dict[str, str] = {
        Kind.INVITATION: _("Invitation"),
        Kind.THANKS: _("Thanks"),
        Kind.PANEL_VIEW: _("The panel's view is ready"),
        Kind.NEW_ROUND: _("New round"),
        Kind.REPLY: _("A reply to your reason"),
        Kind.RESULTS: _("Results"),
        Kind.WITHDRAWAL: _("Withdrawal confirmed"),
    }
    return said[kind]


def event_of(kind: Kind) -> str:
    """What sends a letter by itself; '' where nothing does."""
    said: dict[str, str] = {
        "round.open": _("when a round opens"),
        "submission": _("when somebody submits for the first time in a round"),
        "round.release": _("when a release is shown to the experts"),
        "reply": _("an hour after somebody replied"),
        "withdrawal": _("when somebody withdraws"),
    }
    return said.get(RULES[kind].event, "")


def state_of(state: str) -> tuple[str, str]:
    """A state in words, and its tone."""
    said: dict[str, tuple[str, str]] = {
        "queued": (_("waiting"), "no"),
        "sending": (_("being sent"), "warn"),
        "sent": (_("sent"), "ok"),
        "refused": (_("refused"), "bad"),
        "unknown": (_("unknown"), "warn"),
        "bounced": (_("came back"), "bad"),
        "cancelled": (_("called back"), "no"),
        "dropped": (_("no longer needed"), "no"),
    }
    return said[state]


def meaning_of(variable: str) -> str:
    """What a variable stands for."""
    said: dict[str, str] = {
        "name": _("name of the panellist"),
        "study": _("title of the study"),
        "organisation": _("who runs the study"),
        "contact": _("address that experts can write to"),
        "round": _("number of the round"),
        "rounds": _("how many rounds are planned"),
        "closes": _("deadline, in the panellist's time zone"),
        "link": _("personal link; on a line of its own it becomes a button"),
        "letters_link": _("page on which letters are switched off"),
    }
    return said[variable]


def audience_of(audience: str) -> str:
    """Who gets a reminder."""
    said: dict[str, str] = {
        "not_submitted": _("everybody who has not submitted"),
        "not_started": _("those who have not started"),
        "in_progress": _("those who have started"),
    }
    return said[audience]


def anchor_of(anchor: str) -> str:
    """What days are counted from."""
    said: dict[str, str] = {
        "before_closing": _("days before closing"),
        "after_opening": _("days after opening"),
    }
    return said[anchor]


def reminders() -> str:
    """All reminders together."""
    return str(_("Reminders"))
