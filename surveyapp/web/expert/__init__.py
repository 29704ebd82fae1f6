"""What an expert sees: the personal link, the pages of the questionnaire, and the ways out."""

from __future__ import annotations

from surveyapp.web.expert.blueprints import links, seat

# Imported for the routes that they add to the two blueprints.
from surveyapp.web.expert import autosave, copies, landing, leaving, routes, submitting  # noqa: F401, I001

__all__ = ["links", "seat"]
