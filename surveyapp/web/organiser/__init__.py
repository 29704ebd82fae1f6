"""What an organiser sees and does: one package per part of the work, all behind one guard."""

from __future__ import annotations

# Imported for the routes that they add to the blueprint.
from surveyapp.web.organiser.account import (  # noqa: F401
    confirming,
    forgotten,
    language,
    links,
    own_account,
    second_factors,
    second_step,
    signing_in,
)
from surveyapp.web.organiser.attrition import routes as attrition_routes  # noqa: F401
from surveyapp.web.organiser.audit import routes as audit_routes  # noqa: F401
from surveyapp.web.organiser.beginning import routes as beginning_routes  # noqa: F401
from surveyapp.web.organiser.beginning import settings  # noqa: F401
from surveyapp.web.organiser.blueprint import blueprint
from surveyapp.web.organiser.copying import routes as copying_routes  # noqa: F401
from surveyapp.web.organiser.decisions import routes as decisions_routes  # noqa: F401
from surveyapp.web.organiser.ending import routes as ending_routes  # noqa: F401
from surveyapp.web.organiser.export import routes as export_routes  # noqa: F401
from surveyapp.web.organiser.jobs import routes as jobs_routes  # noqa: F401
from surveyapp.web.organiser.letters import outbox as outbox_routes  # noqa: F401
from surveyapp.web.organiser.letters import routes as letters_routes  # noqa: F401
from surveyapp.web.organiser.lookup import routes as lookup_routes  # noqa: F401
from surveyapp.web.organiser.members import routes as members_routes  # noqa: F401
from surveyapp.web.organiser.overview import routes as overview_routes  # noqa: F401
from surveyapp.web.organiser.panel import importing as panel_importing  # noqa: F401
from surveyapp.web.organiser.panel import personal as panel_personal  # noqa: F401
from surveyapp.web.organiser.panel import routes as panel_routes  # noqa: F401
from surveyapp.web.organiser.panellist import links as panellist_links  # noqa: F401
from surveyapp.web.organiser.panellist import parting as panellist_parting  # noqa: F401
from surveyapp.web.organiser.panellist import routes as panellist_routes  # noqa: F401
from surveyapp.web.organiser.proposals import items as proposals_items  # noqa: F401
from surveyapp.web.organiser.proposals import routes as proposals_routes  # noqa: F401
from surveyapp.web.organiser.proposals import sheets as proposals_sheets  # noqa: F401
from surveyapp.web.organiser.protocol import form as protocol_form  # noqa: F401
from surveyapp.web.organiser.protocol import routes as protocol_routes  # noqa: F401
from surveyapp.web.organiser.reasons import routes as reasons_routes  # noqa: F401
from surveyapp.web.organiser.reasons import sheets, themes  # noqa: F401
from surveyapp.web.organiser.registration import routes as registration_routes  # noqa: F401
from surveyapp.web.organiser.rehearsal import routes as rehearsal_routes  # noqa: F401
from surveyapp.web.organiser.release import routes as release_routes  # noqa: F401
from surveyapp.web.organiser.replies import routes as replies_routes  # noqa: F401
from surveyapp.web.organiser.results import routes as results_routes  # noqa: F401
from surveyapp.web.organiser.rounds import routes as rounds_routes  # noqa: F401
from surveyapp.web.organiser.wording import routes as wording_routes  # noqa: F401

__all__ = ["blueprint"]
