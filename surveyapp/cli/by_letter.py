"""Links for accounts that a command sends by letter, or prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from surveyapp.cli.frame import Installation
from surveyapp.mail.texts import FALLBACK, built_in_languages
from surveyapp.services.letters.office import make_office


def by_letter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--print`` and ``--language``."""
    command = click.option(
        "--language",
        type=click.Choice(built_in_languages()),
        default=FALLBACK,
        show_default=True,
        help="Language of the letter.",
    )(command)
    return click.option("--print", "is_printed", is_flag=True, help="Print the link, and send no letter.")(
        command
    )


def goes_by_letter(here: Installation, *, is_printed: bool) -> bool:
    """Whether the link goes by letter: there is a mail server, and nobody wants to see the link."""
    return not is_printed and make_office(here.config).transport.is_mail
