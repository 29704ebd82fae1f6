"""What the application holds for its lifetime: the database, the settings, the translations."""

from __future__ import annotations

from flask import current_app
from flask_babel import Babel

from config import Config
from surveyapp.services.unit import Database

babel = Babel()

_DATABASE = "surveyapp.database"
_CONFIG = "surveyapp.config"


def get_database() -> Database:
    """The study database of the application that serves this request."""
    database: Database = current_app.extensions[_DATABASE]
    return database


def get_config() -> Config:
    """The settings of the application that serves this request."""
    config: Config = current_app.extensions[_CONFIG]
    return config
