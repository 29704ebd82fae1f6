"""Surveyapp: Delphi studies and other expert elicitations, from the questionnaire to the result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Config


def create_app(config: Config | None = None) -> Flask:
    """The web application, put together from its parts; settings come from the environment by default."""
    # Imported here, so that the command line and the pure packages never load the web.
    from config import Config  # noqa: PLC0415
    from surveyapp.web import assembly  # noqa: PLC0415

    config = config or Config.from_environment(os.environ)
    app = assembly.make_flask(config)
    assembly.add_database(app, config)
    assembly.add_languages(app)
    assembly.add_doors(app, config)
    assembly.add_error_pages(app)
    assembly.add_static_files(app)
    assembly.add_health(app)
    assembly.add_expert_pages(app)
    assembly.add_organiser_pages(app)
    return app
