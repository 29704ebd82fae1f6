"""In which language a page speaks, and how it writes times."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import cast
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from flask import current_app, g, has_request_context, request
from flask_babel import get_babel, get_locale

SOURCE_LANGUAGE = "en"
_TRANSLATED = "surveyapp.translated"


def select_locale() -> str:
    """The panellist's language where a seat is known, else what the browser asks for."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    available = _translated()
    wanted: str | None = g.get("language")
    if wanted is not None:
        return _nearest(wanted, available)
    return request.accept_languages.best_match(available, SOURCE_LANGUAGE)


def _translated() -> tuple[str, ...]:
    # Looked for on the disk once per process, not once per page.
    kept: dict[str, object] = current_app.extensions
    if _TRANSLATED not in kept:
        found = {str(locale) for locale in get_babel().instance.list_translations()}
        kept[_TRANSLATED] = (SOURCE_LANGUAGE, *sorted(found - {SOURCE_LANGUAGE}))
    return cast("tuple[str, ...]", kept[_TRANSLATED])


def _nearest(wanted: str, available: tuple[str, ...]) -> str:
    short = wanted.split("-", maxsplit=1)[0]
    return wanted if wanted in available else short if short in available else SOURCE_LANGUAGE


def page_language() -> str:
    """What stands in the page's `lang`."""
    if "page_language" not in g:
        g.page_language = str(get_locale() or SOURCE_LANGUAGE).replace("_", "-")
    return cast("str", g.page_language)


def page_direction() -> str:
    """`ltr` or `rtl`: as the study's texts run for this expert, for they are nearly all of the page.

    The page's own language differs from theirs where a translation of the pages is still missing.
    """
    return text_direction(g.get("language") or page_language())


def text_direction(language: str) -> str:
    """The direction in which `language` is written."""
    try:
        return Locale.parse(language, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"


@lru_cache(maxsize=512)
def written_time(moment: datetime, time_zone: str, language: str) -> str:
    """`moment` in the study's zone, with the zone's name: ``Sat 12 Dec 2026, 18:00 CET``."""
    local = moment.astimezone(ZoneInfo(time_zone))
    zone = local.tzname() or time_zone
    if zone[:1] in "+-":
        zone = f"UTC{zone}"
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(SOURCE_LANGUAGE)
    day = format_datetime(local, "EEE d MMM y, HH:mm", locale=locale)
    return f"{day} {zone}"
