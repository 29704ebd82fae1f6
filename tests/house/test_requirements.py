"""The locks hold what pyproject.toml names, agree with each other, and name no host."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.checkout import CHECKOUT, read_text

PROJECT = tomllib.loads(read_text(CHECKOUT / "pyproject.toml"))
LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==(\S+)(?: ; .+?)? \\$", re.MULTILINE)


def read_lock(name: str) -> dict[str, set[str]]:
    """Distribution → its versions: more than one where Pythons differ."""
    versions: dict[str, set[str]] = {}
    for distribution, version in LOCKED.findall(read_text(CHECKOUT / "requirements" / name)):
        versions.setdefault(distribution, set()).add(version)
    return versions


def names(requirements: list[str]) -> set[str]:
    """The distributions that `requirements` name, as locks write them."""
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {match.group().lower().replace("_", "-").replace(".", "-") for match in found if match}


def test_locks_hold_what_the_project_names() -> None:
    wanted = names(PROJECT["project"]["dependencies"]) | names(PROJECT["dependency-groups"]["build"])
    assert wanted <= set(read_lock("runtime.txt"))
    assert wanted | names(PROJECT["dependency-groups"]["test"]) <= set(read_lock("test.txt"))


def test_tests_run_on_the_versions_of_the_runtime() -> None:
    tested = read_lock("test.txt")
    differing = {name for name, versions in read_lock("runtime.txt").items() if tested.get(name) != versions}
    assert not differing


@pytest.mark.parametrize("name", ["runtime.txt", "test.txt", "uv.txt"])
def test_every_line_of_a_lock_is_a_version_or_its_hash(name: str) -> None:
    text = read_text(CHECKOUT / "requirements" / name)
    for line in text.splitlines():
        assert LOCKED.match(line + "\n") or re.fullmatch(r" {4}--hash=sha256:[0-9a-f]{64}( \\)?", line), line
    assert text.count("==") <= text.count("--hash=")
