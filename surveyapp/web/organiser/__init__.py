"""What an organiser sees: sign-in, studies, how rounds go, and downloads. Nothing here changes a study."""

from __future__ import annotations

# The last two are imported for the routes that they add to the blueprint.
from surveyapp.web.organiser import routes, signing_in  # noqa: F401
from surveyapp.web.organiser.blueprint import blueprint

__all__ = ["blueprint"]
