"""What an expert sees: the personal link, the pages of the questionnaire, and the ways out."""

from __future__ import annotations

from surveyapp.web.expert import (
    autosave,
    copies,
    discussion,
    joining,
    landing,
    leaving,
    letters,
    news,
    parting,
    routes,
    submitting,
    wordings,
)
from surveyapp.web.expert.blueprints import links, seat

ROUTES = (
    landing, news, routes, autosave, discussion, submitting, wordings, copies, leaving, parting, letters,
    joining,
)  # fmt: skip
"""The modules that add their routes to the two blueprints."""

__all__ = ["ROUTES", "links", "seat"]
