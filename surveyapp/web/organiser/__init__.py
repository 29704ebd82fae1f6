"""What an organiser sees and does: one package per part of the work, all behind one guard."""

from __future__ import annotations

# Imported for the routes that they add to the blueprint.
from surveyapp.web.organiser.account import signing_in  # noqa: F401
from surveyapp.web.organiser.blueprint import blueprint
from surveyapp.web.organiser.export import routes as export_routes  # noqa: F401
from surveyapp.web.organiser.overview import routes as overview_routes  # noqa: F401

__all__ = ["blueprint"]
