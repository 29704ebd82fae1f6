"""What is still to do before the first round, in the words of the study's page."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.permissions import Right
from surveyapp.services.reading.setting_up import SetUp


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One step before the first round: whether it is done, and what does it."""

    name: str
    standing: str
    word: str
    note: str
    command: str
    right: str


def set_up_steps(slug: str, set_up: SetUp) -> tuple[SetUpStep, ...]:
    """The steps, in the order in which they are done as a rule."""
    words = {
        "done": _("done"),
        "missing": _("missing"),
        "advised": _("advised"),
        "later": _("later"),
        "next": _("next"),
    }
    panel = (
        ngettext("%(num)s panellist is on the panel.", "%(num)s panellists are on the panel.", set_up.panel)
        if set_up.panel
        else _("Nobody is on the panel yet.")
    )
    contact = (
        _("Experts can write to %(email)s.", email=set_up.contact_email)
        if set_up.contact_email
        else _("Experts find nobody to write to.")
    )
    if not set_up.has_protocol:
        protocol = _("Without one nothing says beforehand what counts as consensus.")
    else:
        protocol = _("Rounds, rules and feedback are planned.")
    lock = (
        _("What counts as consensus is fixed.")
        if set_up.is_locked
        else _("Locked before round 1, so that nobody can fit the rules to the answers.")
    )
    steps = (
        (
            _("Questionnaire"),
            "done",
            _("%(pages)s pages, %(items)s items", pages=set_up.pages, items=set_up.items),
            "",
            Right.SET_UP,
        ),
        (
            _("Contact"),
            set_up.texts,
            contact,
            "" if set_up.contact_email else f"surveyapp study change {slug} --contact-email ADDRESS",
            Right.SET_UP,
        ),
        (
            _("Protocol"),
            set_up.protocol,
            protocol,
            "" if set_up.has_protocol else f"surveyapp protocol set {slug} FILE",
            Right.SET_UP,
        ),
        (
            _("Lock"),
            set_up.lock,
            lock,
            "" if set_up.is_locked or not set_up.has_protocol else f"surveyapp protocol lock {slug}",
            Right.SET_UP,
        ),
        (
            _("Panel"),
            set_up.panel_standing,
            panel,
            "" if set_up.panel else f"surveyapp panel import {slug} FILE",
            Right.IDENTITIES,
        ),
        (
            _("Round 1"),
            "later" if set_up.missing else "next",
            _("Nothing is in its way.") if not set_up.missing else _("When the steps above are done."),
            "" if set_up.missing else f"surveyapp round open {slug}",
            Right.ROUNDS,
        ),
    )
    return tuple(
        SetUpStep(name, standing, words[standing], note, command, right)
        for name, standing, note, command, right in steps
    )
