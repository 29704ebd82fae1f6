"""Roles and levels of anonymity, in words that people read."""

from __future__ import annotations

from flask_babel import gettext as _

from surveyapp.services.permissions import Role


def role_words(role: Role) -> tuple[str, str]:
    """A role's name, and what it may do."""
    words: dict[Role, tuple[str, str]] = {
        Role.OWNER: (_("Owner"), _("everything, members too")),
        Role.ORGANISER: (_("Organiser"), _("everything but members and deleting")),
        Role.MODERATOR: (_("Moderator"), _("reads, redacts and sums up reasons; nothing else")),
        Role.ANALYST: (_("Analyst"), _("progress, results and downloads, under pseudonyms")),
        Role.CUSTODIAN: (
            _("Custodian"),
            _("names, addresses, personal links and letters; erases people; no answers"),
        ),
        Role.OBSERVER: (_("Observer"), _("how far rounds have got")),
    }
    return words[role]


def level_words(level: str) -> tuple[str, str]:
    """A level of anonymity, and its promise."""
    words: dict[str, tuple[str, str]] = {
        "attributed": (
            _("Attributed"),
            _("Organisers see who said what; other experts only where the study says so beforehand."),
        ),
        "confidential": (
            _("Confidential"),
            _("Other experts never do; organisers can look names up, and each look is recorded."),
        ),
        "blind": (
            _("Organiser-blind"),
            _("Organisers have nothing that joins a name and an answer; only a custodian sees names."),
        ),
    }
    return words[level]
