"""What README and guides tell people to type exists, and every command is in a guide."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from surveyapp.cli import main
from tests.support.checkout import CHECKOUT, read_text

GUIDES = [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
MAKEFILE = read_text(CHECKOUT / "Makefile")


def walk(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            each = command.get_command(context, name)
            assert each is not None
            yield from walk(each, (*path, name))
    else:
        yield path, command


COMMANDS = dict(walk(main))


def find_written() -> list[str]:
    """Each line in a guide's code that starts the surveyapp command."""
    found: list[str] = []
    for guide in GUIDES:
        # A line that ends in a backslash goes on in the next.
        text = re.sub(r"\\\n\s*", "", read_text(guide))
        for line in re.findall(r"^ {4}(.+)$|`([^`\n]+)`", text, re.MULTILINE):
            for part in re.split(r" && |\s#\s", line[0] or line[1]):
                words = part.strip().removeprefix(".venv/bin/")
                if words.startswith("surveyapp "):
                    found.append(words)
    return found


@pytest.mark.parametrize("written", find_written())
def test_written_command_exists_with_its_options(written: str) -> None:
    words = shlex.split(written)[1:]
    path = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
    if path is None:
        assert any(known[: len(words)] == tuple(words) for known in COMMANDS), f"there is no '{written}'"
        return
    known = {option for parameter in COMMANDS[path].params for option in parameter.opts} | {"--help"}
    used = {word.split("=")[0] for word in words if word.startswith("--")}
    assert used <= known, f"'{written}': {' '.join(path)} has no {used - known}"


def test_guides_name_every_command() -> None:
    told = " ".join(find_written())
    missing = [
        " ".join(path) for path in COMMANDS if f"surveyapp {' '.join(path)}" not in told and path != ("demo",)
    ]
    assert not missing, f"no guide names {missing}"


def test_every_command_has_help_with_an_example() -> None:
    for path, command in COMMANDS.items():
        assert command.help, path
        assert "Example" in command.help, f"surveyapp {' '.join(path)} --help shows no example"


def test_make_targets_in_guides_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    phony = set(re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE).group(1).split())  # type: ignore[union-attr]  # fails loudly
    assert targets == phony
    for guide in GUIDES:
        for target in re.findall(r"(?:^ {4}|`)make ([a-z]+)", read_text(guide), re.MULTILINE):
            assert target in targets, f"{guide.name}: there is no make {target}"


def test_readme_begins_with_its_two_commands() -> None:
    section = read_text(CHECKOUT / "README.md").split("## Two commands")[1].split("\n## ")[0]
    assert re.findall(r"^ {4}(make \w+)", section, re.MULTILINE) == ["make demo", "make test"]


def test_links_in_guides_lead_somewhere() -> None:
    for guide in GUIDES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", read_text(guide)):
            assert (guide.parent / target).exists(), f"{guide.name}: {target} is not there"


def test_scripts_that_make_runs_are_there() -> None:
    modules = [f"{name}/__main__.py" for name in re.findall(r"python -m (\w+)", MAKEFILE)]
    for script in [*re.findall(r"scripts/\w+\.(?:sh|py)", MAKEFILE), *modules]:
        assert (CHECKOUT / script).is_file(), f"Makefile: {script} is not there"
