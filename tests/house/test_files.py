"""Files: short, named by what they do, and free of what belongs to one machine."""

from __future__ import annotations

import hashlib
import re

import pytest

from surveyapp.version import __version__
from tests.support.checkout import CHECKOUT, VENDORED, list_tracked, read_text

LONGEST = 500
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "stuff"}
# Written in pieces, so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join(("/wor" + "k/", "/roo" + "t/", "/hom" + "e/[a-z]", "/User" + "s/[a-z]")))
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "--index" + "-url"))
)


def test_no_file_grows_into_a_god_file() -> None:
    long = {
        str(path.relative_to(CHECKOUT)): lines
        for path in list_tracked(".py", ".js", ".css", ".html", ".sh")
        if (lines := read_text(path).count("\n")) > LONGEST
    }
    assert not long, f"split these by the reader's question: {long}"


def test_no_file_has_a_name_that_explains_nothing() -> None:
    vague = [
        str(path.relative_to(CHECKOUT))
        for path in list_tracked()
        if VAGUE & {part.split(".")[0].lower() for part in path.relative_to(CHECKOUT).parts}
    ]
    assert not vague, f"name these by what they do: {vague}"


@pytest.mark.parametrize(
    ("what", "pattern"), [("a machine's path", MACHINE_PATHS), ("a registry", REGISTRIES)]
)
def test_no_file_knows_one_machine(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(CHECKOUT)}: {match.group()}"
        for path in list_tracked()
        if (match := pattern.search(read_text(path)))
    ]
    assert not found, f"{what} stands in {found}"


def test_texts_say_reason_and_panellist() -> None:
    """Words that the product does not use, in what people read."""
    wrong = re.compile(r"\b(comment(s|ed)?|participants?|respondents?|panelists?|surveys?)\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(CHECKOUT)}: {match.group()}"
        for path in [*list_tracked(".html"), *list_tracked(".md")]
        if (match := wrong.search(re.sub(r"\{#.*?#\}", "", read_text(path), flags=re.DOTALL)))
        and "surveyapp" not in match.group().lower()
    ]
    allowed = {"README.md: survey"}
    assert not set(found) - allowed, f"product words are reason, panellist, expert, study: {found}"


def test_files_from_elsewhere_are_what_they_were() -> None:
    listed = dict(
        re.findall(r"^\| `([^`]+)` \|.*`([0-9a-f]{64})` \|$", read_text(VENDORED / "README.md"), re.MULTILINE)
    )
    there = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDORED.iterdir()
        if path.suffix != ".md"
    }
    assert there
    assert listed == there


def test_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## (\S+)", read_text(CHECKOUT / "CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == __version__
