"""What is still to do before the first round, in the words of the study's page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from surveyapp.services.reading.desks import Desk
from surveyapp.services.reading.setting_up import SetUp
from surveyapp.web.organiser.permissions import IN_STUDY


@dataclass(frozen=True, slots=True)
class SetUpStep:
    """One step before the first round: whether it is done, and the page that does it."""

    name: str
    standing: str
    word: str
    note: str
    label: str
    """What is done there, as the link says it."""
    url: str
    """'' where this organiser may not go there."""


def set_up_steps(desk: Desk, set_up: SetUp) -> tuple[SetUpStep, ...]:
    """The steps, in the order in which they are done as a rule."""
    words = {
        "done": _("done"),
        "missing": _("missing"),
        "advised": _("advised"),
        "later": _("later"),
        "next": _("next"),
    }
    # Each: its name, how it stands, what there is to say, what the link says, and where it leads.
    steps = (
        (
            _("Questionnaire"),
            "done",
            _("%(pages)s pages, %(items)s items", pages=set_up.pages, items=set_up.items),
            _("See it as an expert will"),
            "preview_questionnaire",
        ),
        (
            _("Contact"),
            set_up.texts,
            _("Experts can write to %(email)s.", email=set_up.contact_email)
            if set_up.contact_email
            else _("Experts find nobody to write to."),
            _("Change the settings") if set_up.contact_email else _("Name somebody"),
            "settings",
        ),
        (
            _("Protocol"),
            set_up.protocol,
            _("Rounds, rules and feedback are planned.")
            if set_up.has_protocol
            else _("Without one nothing says beforehand what counts as consensus."),
            _("Read it") if set_up.has_protocol else _("Write it"),
            "protocol",
        ),
        *(() if desk.is_synthetic else (_rehearsal_step(set_up),)),
        (
            _("Lock"),
            set_up.lock,
            _("What counts as consensus is fixed.")
            if set_up.is_locked
            else _("Locked before round 1, so that nobody can fit the rules to the answers."),
            "" if set_up.is_locked or not set_up.has_protocol else _("Lock it"),
            "protocol",
        ),
        _panel_step(set_up),
        (
            _("Round 1"),
            "later" if set_up.missing else "next",
            _("Nothing is in its way.") if not set_up.missing else _("When the steps above are done."),
            "" if set_up.missing else _("Open it, or plan when it opens"),
            "rounds",
        ),
    )
    return tuple(
        SetUpStep(name, standing, words[standing], note, label, _url(desk, endpoint) if label else "")
        for name, standing, note, label, endpoint in steps
    )


def _rehearsal_step(set_up: SetUp) -> tuple[str, str, str, str, str]:
    note = _("An invented panel plays all rounds, so that you see everything once before anybody is invited.")
    if set_up.has_rehearsal:
        return _("Rehearsal"), "done", note, _("See the rehearsal"), "rehearsal"
    label = _("Rehearse") if set_up.has_protocol else ""
    return _("Rehearsal"), "advised", note, label, "rehearsal"


def _panel_step(set_up: SetUp) -> tuple[str, str, str, str, str]:
    if not set_up.panel:
        label = _("Add people from a file")
        return _("Panel"), set_up.panel_standing, _("Nobody is on the panel yet."), label, "panel_import"
    panel = ngettext(
        "%(num)s panellist is on the panel.", "%(num)s panellists are on the panel.", set_up.panel
    )
    return _("Panel"), set_up.panel_standing, panel, _("See the panel"), "panel"


def _url(desk: Desk, endpoint: str) -> str:
    return url_for(f"organiser.{endpoint}", slug=desk.slug) if desk.may(IN_STUDY[endpoint]) else ""
