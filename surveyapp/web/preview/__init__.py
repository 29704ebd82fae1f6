"""What experts will see, before they do: the expert's own templates behind the organiser's guard.

It stands above both audiences, which do not know each other; what it shows carries no name and no address.
"""

from __future__ import annotations


def add_routes() -> None:
    """Add the preview's addresses to the organiser's part."""
    from surveyapp.web.preview import first_round, routes  # noqa: F401, PLC0415 - imported for their routes
