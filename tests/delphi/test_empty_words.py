"""What people write where they have nothing to say is known in many languages."""

from __future__ import annotations

import pytest

from surveyapp.delphi.empty_words import is_empty_word


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("none", ["en"]), ("N/A", ["en"]), ("n.a.", ["de"]), (" - ", ["en"]), ("—", ["en"]), ("...", ["ar"]),
        ("No comment.", ["en"]), ("Kein Kommentar!", ["de-AT"]), ("K.A.", ["de"]), ("Néant", ["fr"]),
        ("Ningún comentario", ["es"]), ("?", ["en"]), ("(none)", ["en"]), ("Nothing  to\nadd", ["en"]),
        ("Ничего", ["ru", "en"]),
    ],
)  # fmt: skip
def test_words_that_say_nothing(text: str, languages: list[str]) -> None:
    assert is_empty_word(text, languages) is (text != "Ничего")


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("none of the labs would do it", ["en"]), ("👍", ["en"]), ("nichts", ["en"]), ("Geld", ["de"]),
        ("無", ["en"]), ("nothing" * 20, ["en"]), ("नहीं", ["en"]), ("5", ["en"]),
    ],
)  # fmt: skip
def test_words_that_say_something(text: str, languages: list[str]) -> None:
    assert not is_empty_word(text, languages)
