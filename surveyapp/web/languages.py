"""In which language a page speaks, and how it writes times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_skeleton, get_timezone_name
from flask import current_app, g, has_request_context, request
from flask_babel import get_babel, get_locale

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

SOURCE_LANGUAGE = "en"
_TRANSLATED = "surveyapp.translated"
_COOKIE = "surveyapp-language"
_KEPT_FOR = timedelta(days=365)
_SEEN_BY = "/organiser"


def select_locale() -> str:
    """The panellist's language where a seat is known, else the organiser's choice, else the browser's."""
    if not has_request_context():
        return SOURCE_LANGUAGE
    available = spoken_languages()
    wanted: str | None = g.get("language") or chosen_language() or None
    if wanted is not None:
        return _nearest(wanted, available)
    return request.accept_languages.best_match(available, SOURCE_LANGUAGE)


def chosen_language() -> str:
    """What an organiser chose in this browser; '' where nothing was, or nothing that is spoken."""
    chosen = request.cookies.get(_COOKIE, "")
    return chosen if chosen in spoken_languages() else ""


def keep_language(response: Response, language: str) -> None:
    """Have the browser remember the organiser's choice; '' has it forgotten.

    The cookie is seen by organisers' pages only: an expert's language is the panellist's.
    """
    if language:
        response.set_cookie(
            _COOKIE,
            language,
            max_age=_KEPT_FOR,
            path=_SEEN_BY,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(
            _COOKIE, path=_SEEN_BY, secure=request.is_secure, httponly=True, samesite="Lax"
        )


def language_name(language: str) -> str:
    """What the language calls itself: ``Deutsch``."""
    return str(Locale.parse(language, sep="-").get_display_name(language) or language)


def spoken_languages() -> tuple[str, ...]:
    """The languages that the pages speak, English first."""
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
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse(SOURCE_LANGUAGE)
    if locale.language == SOURCE_LANGUAGE:
        # The day first, as most readers of English write it who do not live in the United States.
        day = format_datetime(local, "EEE d MMM y", locale=locale)
    else:
        day = format_skeleton("yMMMEd", local, locale=locale)
    return f"{day}, {local:%H:%M} {_zone_name(local, time_zone, locale)}"


def _zone_name(local: datetime, time_zone: str, locale: Locale) -> str:
    """What the zone is called in the language (``MEZ``), else as the world does (``CET``, ``UTC+04``)."""
    named: str = get_timezone_name(local, width="short", locale=locale)
    if locale.language != SOURCE_LANGUAGE and named.isalpha():
        return named
    zone = local.tzname() or time_zone
    return f"UTC{zone}" if zone[:1] in "+-" else zone


def written_date(moment: datetime, time_zone: str, language: str) -> str:
    """The day of `moment` in the study's zone: ``Sat 12 Dec 2026``."""
    local = moment.astimezone(ZoneInfo(time_zone))
    if language == SOURCE_LANGUAGE:
        return str(format_date(local.date(), "EEE d MMM y", locale=SOURCE_LANGUAGE))
    return str(format_skeleton("yMMMEd", local, locale=Locale.parse(language, sep="-")))


def written_day(day: date, language: str) -> str:
    """A day without its year, where the year stands elsewhere: ``12 Dec``."""
    if language == SOURCE_LANGUAGE:
        return str(format_date(day, "d MMM", locale=SOURCE_LANGUAGE))
    return str(format_skeleton("MMMd", day, locale=Locale.parse(language, sep="-")))
