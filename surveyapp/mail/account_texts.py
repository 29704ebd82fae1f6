"""Letters about accounts: links that work once, and notices of what changed about signing in."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from surveyapp.mail.texts import Text, Words, built_in_language, reflow

_FOLDER = Path(__file__).parent / "built_in" / "accounts"


class AccountLetter(StrEnum):
    """What a letter about an account is for."""

    RESET = "reset"
    INVITATION = "invitation"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a letter
    FACTOR_REMOVED = "factor_removed"
    FACTOR_ADDED = "factor_added"


def account_text(kind: AccountLetter, language: str) -> Text:
    """What the letter says to readers of `language`, with variables in braces."""
    found = _read(built_in_language(language))[kind]
    return Text(found["subject"], reflow(found["body"]))


def account_words(language: str) -> Words:
    """The small words around such a letter."""
    return Words(**_read(built_in_language(language))["words"])


@functools.cache
def _read(language: str) -> Mapping[str, Mapping[str, str]]:
    content: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (_FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    )
    return content
