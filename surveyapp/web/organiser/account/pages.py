"""What the templates of the own account get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask_babel import gettext as _
from markupsafe import Markup

from surveyapp.services.sign_ins import Account
from surveyapp.web.languages import (
    chosen_language,
    language_name,
    page_language,
    spoken_languages,
    written_time,
)


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """One passkey."""

    id: int
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One signed-in browser."""

    name: str
    agent: str
    note: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The whole account."""

    email: str
    has_app: bool
    has_second: bool
    codes: int
    passkeys: tuple[PasskeyLine, ...]
    can_add_passkeys: bool
    sessions: tuple[SessionLine, ...]
    wrong: str
    languages: tuple[LanguageChoice, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentPage:
    """An authenticator app about to be set up."""

    email: str
    secret: str
    uri: str
    picture: Markup


@dataclass(frozen=True, slots=True)
class CodesPage:
    """Recovery codes, and the same as a file."""

    email: str
    title: str
    codes: tuple[str, ...]
    file: str


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """One language to choose; '' leaves it to the browser."""

    value: str
    label: str
    is_chosen: bool


def account_page(found: Account, *, can_add_passkeys: bool, wrong: str) -> AccountPage:
    """The account as its owner reads it."""
    return AccountPage(
        email=found.email,
        has_app=found.second.has_app,
        has_second=found.second.is_needed,
        codes=found.second.codes,
        passkeys=tuple(
            PasskeyLine(each.id, each.name, _passkey_note(each.created_at, each.last_used_at))
            for each in found.passkeys
        ),
        can_add_passkeys=can_add_passkeys,
        sessions=tuple(
            SessionLine(
                each.name,
                each.agent or _("unknown browser"),
                _("since %(time)s", time=_time(each.created_at)),
                each.is_this,
            )
            for each in found.sessions
        ),
        wrong=wrong,
        languages=(
            LanguageChoice("", _("as the browser asks for"), not chosen_language()),
            *(
                LanguageChoice(each, language_name(each), each == chosen_language())
                for each in spoken_languages()
            ),
        ),
    )


def codes_page(email: str, codes: tuple[str, ...], title: str) -> CodesPage:
    """The codes, and an address that is the file itself: nothing on the server keeps them."""
    lines = [_("Recovery codes of %(email)s for Surveyapp. Each works once.", email=email), "", *codes, ""]
    return CodesPage(email, title, codes, "data:text/plain;charset=utf-8," + quote("\r\n".join(lines)))


def _passkey_note(created_at: datetime, last_used_at: datetime | None) -> str:
    if last_used_at is None:
        return str(_("added %(time)s, not used yet", time=_time(created_at)))
    return str(_("added %(time)s, last used %(used)s", time=_time(created_at), used=_time(last_used_at)))


def _time(moment: datetime) -> str:
    return written_time(moment, "UTC", page_language())
