"""Write docs/commands.md from what every command says of itself; a test compares the two."""

from __future__ import annotations

from pathlib import Path

import click
from click.testing import CliRunner

from surveyapp.cli import COMMANDS, main

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
HEAD = """# The command line

`surveyapp` (or `python -m surveyapp`) does everything an organiser and an operator need. STUDY is always a
study's slug, the name it has in addresses. Where `--json` is offered, standard output holds one JSON document
and nothing else; messages to people go to standard error.

Exit codes: 0 done, 1 refused or something is wrong with what was given (nothing was changed), 2 the command
was not understood.

This page is written by `python scripts/write_commands.py` from what `--help` prints.
"""


def list_names() -> list[str]:
    """Every command, groups before their members: ``round``, ``round open``, …"""
    names = []
    context = click.Context(main)
    for name in COMMANDS:
        names.append(name)
        command = main.get_command(context, name)
        if isinstance(command, click.Group):
            names.extend(f"{name} {member}" for member in command.list_commands(context))
    return names


def write() -> str:
    """The whole page."""
    parts = [HEAD]
    for name in list_names():
        shown = CliRunner().invoke(
            main, [*name.split(), "--help"], prog_name="surveyapp", terminal_width=100, color=False
        )
        level = "##" if " " not in name else "###"
        parts.append(f"{level} surveyapp {name}\n\n```text\n{shown.output.strip()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(write(), encoding="utf-8")
