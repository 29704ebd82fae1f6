"""What a decision needs beside its outcome, as somebody writes it in a file."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from surveyapp.delphi.detail_file import load_detail, load_detail_text
from surveyapp.delphi.lineage import Detail, Wording
from surveyapp.errors import InputError
from surveyapp.questionnaire.model import Item, Text
from tests.support.checkout import CHECKOUT, read_text


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_detail_text("d.yaml", text.encode())
    return [str(problem) for problem in caught.value.problems]


def test_a_wording_and_parts_are_read_as_they_are_written() -> None:
    text = "wording: {title: Ripe pears, definition: {en: A fruit, de: Eine Frucht}}\nis_comparable: true\n"
    assert load_detail_text("d.yaml", text.encode()) == Detail(
        wording=Wording(title=Text("Ripe pears"), definition=Text({"en": "A fruit", "de": "Eine Frucht"})),  # type: ignore[arg-type]  # as files have it
        is_comparable=True,
    )
    text = "parts:\n  - {id: red, title: Red}\n  - {id: green, title: Green, tags: [sour]}\n"
    assert load_detail_text("d.yaml", text.encode()).parts == (
        Item(id="red", title=Text({"*": "Red"})),
        Item(id="green", title=Text({"*": "Green"}), tags=("sour",)),
    )


def test_the_examples_of_the_guide_are_read() -> None:
    guide = read_text(CHECKOUT / "docs" / "organisers.md")
    blocks = re.findall(r"(?:^ {4}.*\n)+", guide, re.MULTILINE)
    details = [
        load_detail_text("guide.yaml", dedent(block).encode())
        for block in blocks
        if re.match(r" {4}(wording|parts|partners|item):", block)
    ]
    assert len(details) == 4
    assert {name for detail in details for name in detail.model_fields_set} == {
        "wording", "is_comparable", "parts", "partners", "merged", "item", "proposals"
    }  # fmt: skip


def test_every_mistake_is_told_at_its_place() -> None:
    missing, no_id, unknown = problems("parts:\n  - {id: Red, titel: Red}\n")
    assert missing == "d.yaml:2:5: “title” is missing; add “title: …”"
    assert no_id.startswith("d.yaml:2:10: “Red” cannot be an id")
    assert unknown == "d.yaml:2:15: “titel” is not known here; did you mean “title”?"


def test_files_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: the file cannot be read"):
        load_detail(tmp_path / "none.yaml")
    assert "d.yaml:1:1" in problems("- a list\n")[0]
    assert problems("wording: {title: [\n")
