"""Every text of a template goes through the translation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT, read_text

TEMPLATES = sorted((CHECKOUT / "surveyapp" / "templates").rglob("*.html"))
SPOKEN = r'\b(?:title|alt|placeholder|aria-label|aria-description)="([^"]*)"'
VALUE = r'\bvalue="([^"]*)"'
# What these send is for the program, not for people.
SILENT = re.compile(r'type="(?:hidden|radio|checkbox)"')
# The product's own name is the same in every language.
NAMES = {"Surveyapp"}
LETTERS = re.compile(r"[^\W\d_]{2,}")


def find_untranslated(source: str) -> list[str]:
    """Words in `source` that stand there in one language only."""
    text = re.sub(r"\{#.*?#\}", "", source, flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
    # What stands in <code> is typed as it is, in every language.
    text = re.sub(r"<!--.*?-->|<(script|style|code)\b.*?</\1>", "", text, flags=re.DOTALL)
    tags = [tag for tag in re.findall(r"<[^>]+>", text) if not SILENT.search(tag)]
    spoken = [value for tag in tags for value in re.findall(SPOKEN, tag)]
    spoken += [value for tag in tags if tag.startswith("<input") for value in re.findall(VALUE, tag)]
    # A macro may hold the attributes of a tag that stands elsewhere.
    between = re.sub(r'\s[\w-]+="[^"]*"', " ", re.sub(r"<[^>]+>", " ", text))
    between = re.sub(r"&\w+;", " ", between)
    return [word for part in [*spoken, between] for word in LETTERS.findall(part) if word not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.name))
def test_texts_are_translatable(path: Path) -> None:
    assert find_untranslated(read_text(path)) == []


def test_untranslated_text_is_noticed() -> None:
    assert find_untranslated("<p>{{ _('Good') }} day</p>") == ["day"]
    assert find_untranslated('<img alt="A hill" src="{{ x }}">') == ["hill"]
    assert find_untranslated("{# why #}<p class='big'>{% if x %}{{ x }} · &nbsp;{% endif %}</p>") == []


def test_there_are_templates() -> None:
    assert TEMPLATES
