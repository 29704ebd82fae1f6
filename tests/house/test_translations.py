"""Every language that the pages speak is complete, and says what the English says."""

from __future__ import annotations

import ast
import io
import re
from gettext import GNUTranslations
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.support.checkout import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from babel.messages.catalog import Catalog, Message

TRANSLATIONS = CHECKOUT / "surveyapp" / "translations"
LANGUAGES = sorted(path.parent.parent.name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
WORD = re.compile(r"[^\W\d_]{2,}")
MEANT_THE_SAME = {
    "de": {
        "COMET 70/15",
        "Code",
        "Definition",
        "Export",
        "Items",
        "Item",
        "Item:",
        "Median",
        "Median: %(median)s.",
        "Name",
        "Panel",
        "Passkey",
        "Passkeys",
        "Pseudonym",
        "SHA-256",
        "Surveyapp",
        "Tags",
        "Text",
        "Version %(number)s",
        "in %(unit)s",
        "relevant",
    }
}
"""What reads the same in English and in another language, and is meant so."""


def catalogue_path(language: str) -> Path:
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def catalogue(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as stream:
        return read_po(stream, locale=language)


def source() -> Catalog:
    with (TRANSLATIONS / "messages.pot").open("rb") as stream:
        return read_po(stream)


def sides(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the code says and what the translation says, in all forms of number."""
    return _forms(message.id), _forms(message.string or "")


def _forms(text: str | Sequence[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def pairs(language: str) -> Iterator[tuple[str, str]]:
    for message in catalogue(language):
        if message.id:
            said, translated = sides(message)
            # All forms of number but the first stand beside the English plural.
            for place, text in enumerate(translated):
                yield said[min(place, len(said) - 1)], text


def test_german_is_spoken() -> None:
    assert LANGUAGES == ["de"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_text_and_no_other(language: str) -> None:
    wanted = {sides(message)[0] for message in source() if message.id}
    has = {sides(message)[0] for message in catalogue(language) if message.id}
    assert not wanted - has, "translate these"
    assert not has - wanted, "these are said no more; take them out"
    assert not catalogue(language).obsolete, "these are said no more; take them out"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    messages = [message for message in catalogue(language) if message.id]
    assert not [message.id for message in messages if message.fuzzy], "look at these and take the mark away"
    forms = catalogue(language).num_plurals
    blank = [
        message.id
        for message in messages
        if not all(text.strip() for text in sides(message)[1])
        or (isinstance(message.id, (tuple, list)) and len(sides(message)[1]) != forms)
    ]
    assert not blank, "translate these"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_hold_the_same_places_to_fill(language: str) -> None:
    other = [
        (said, text)
        for said, text in pairs(language)
        if set(PLACEHOLDER.findall(said)) != set(PLACEHOLDER.findall(text))
    ]
    assert not other
    # A stray per cent sign stops a page where a text has values to fill in.
    stray = [
        text
        for _said, text in pairs(language)
        if "%(" in text and re.search(r"%(?!\(\w+\)s)", text.replace("%%", ""))
    ]
    assert not stray
    spaced = [(said, text) for said, text in pairs(language) if said[-1].isspace() != text[-1].isspace()]
    assert not spaced


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_reads_like_english_is_meant_so(language: str) -> None:
    same = {said for said, text in pairs(language) if said == text and WORD.search(PLACEHOLDER.sub("", said))}
    assert not same - MEANT_THE_SAME[language], "translate these, or list them as meant so"
    assert not MEANT_THE_SAME[language] - same, "these are not the same (any more)"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_read_at_run_time_is_what_was_translated(language: str) -> None:
    made = io.BytesIO()
    write_mo(made, catalogue(language))
    made.seek(0)
    with catalogue_path(language).with_suffix(".mo").open("rb") as stream:
        assert texts_of(stream) == texts_of(made), "compile it, as surveyapp/translations/README.md says"


def texts_of(stream: IO[bytes]) -> dict[object, str]:
    """What a compiled catalogue says; its first entry is a header with the time of compiling."""
    texts: dict[object, str] = dict(vars(GNUTranslations(stream))["_catalog"])
    texts.pop("")
    return texts


def test_german_addresses_people_politely_and_quotes_as_germans_do() -> None:
    texts = [text for _said, text in pairs("de")]
    assert not [text for text in texts if re.search(r"\b([Dd]u|[Dd]ein\w*|[Ee]uch|[Ee]uer)\b", text)]
    assert not [text for text in texts if re.search(r"[\"'`]", text)]
    assert not [text for text in texts if text.count("„") != text.count("“")]


def test_no_text_hides_in_an_f_string() -> None:
    """There the tool that gathers texts does not see it, and it would stay English."""
    hidden = [
        f"{path.relative_to(CHECKOUT)}:{call.lineno}"
        for path in sorted((CHECKOUT / "surveyapp").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in {"_", "gettext", "ngettext", "Sentence"}
        and call.args
        and isinstance(call.args[0], ast.Constant)
    ]
    assert not hidden


_RAISED = frozenset(
    {"Refused", "Conflict", "NotFound", "InputError", "Problem", "TooManyTries", "RoundClosed", "Unavailable"}
)
_ONLY_COMMANDS = frozenset({"operations.py", "rehearsing.py", "simulating.py"})
"""Verbs that no page calls: commands speak English."""
_SAID_BY_COMMANDS = frozenset({"get_organiser", "get_member_id"})


def _plain_errors(path: Path) -> Iterator[str]:
    """Errors whose text is written out plainly, so that no page could say it in another language."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or function.name in _SAID_BY_COMMANDS:
            continue
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            said = node.args[-1]
            if node.func.id in _RAISED and isinstance(said, ast.Constant | ast.JoinedStr):
                yield f"{path.name}:{node.lineno}: {ast.unparse(said)}"


def test_whatever_a_page_may_be_refused_with_can_be_said_in_every_language() -> None:
    found = [
        line
        for path in sorted((CHECKOUT / "surveyapp" / "services").rglob("*.py"))
        if path.name not in _ONLY_COMMANDS
        for line in _plain_errors(path)
    ]
    assert not found, "\n".join(found)
