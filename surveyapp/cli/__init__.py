"""The command ``surveyapp``: what an organiser and an operator do, over the same verbs as every page.

Exit codes: 0 done, 1 refused or something is wrong with what was given, 2 the command was not understood.
"""

from __future__ import annotations

from importlib import import_module

import click

from surveyapp.cli.frame import Commands
from surveyapp.version import __version__

# Loaded when called: whoever lists studies should not wait for the web server's code.
COMMANDS = {
    "init-db": ("operating", "init_db"),
    "questionnaire": ("questionnaires", "questionnaire"),
    "protocol": ("protocols", "protocol"),
    "study": ("studies", "study"),
    "panel": ("panels", "panel"),
    "round": ("rounds", "round_"),
    "links": ("panels", "links"),
    "letters": ("letters", "letters"),
    "simulate": ("simulating", "simulate"),
    "results": ("round_results", "results"),
    "feedback": ("feedback", "feedback"),
    "reasons": ("reasons", "reasons"),
    "proposals": ("proposals", "proposals"),
    "decide": ("deciding", "decide"),
    "export": ("results", "export"),
    "serve": ("serving", "serve"),
    "worker": ("working", "worker"),
    "audit": ("records", "audit"),
    "jobs": ("records", "jobs"),
    "backup": ("operating", "backup"),
    "restore": ("operating", "restore"),
    "organiser": ("accounts", "organiser"),
    "member": ("members", "member"),
    "lookup": ("members", "lookup"),
    "demo": ("demo", "demo"),
}


class _Surveyapp(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a study's life."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(f"surveyapp.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=_Surveyapp, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="surveyapp")
def main() -> None:
    """Run Delphi studies and other expert elicitations.

    STUDY is always a study's slug, the name it has in addresses; 'surveyapp study list' shows them.
    """
