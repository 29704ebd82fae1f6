"""What every command shares: the installation it works on, how it speaks, and how it fails."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy.exc import DBAPIError

from config import Config
from surveyapp.errors import Refused, SurveyappError
from surveyapp.services.schema import check_current
from surveyapp.services.unit import Database

ACTOR = "command line"
CHECKOUT = Path(__file__).resolve().parents[2]
# Whoever sets one of these has an installation in mind; without any of them a checkout looks after itself.
_DECIDING = ("ENVIRONMENT", "SECRET_KEY", "DATABASE_URL", "BASE_URL", "DATA_DIR", "CONFIG")


def settings_for(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ`, completed for somebody who tries the program in a checkout without setting anything."""
    settings = dict(environ)
    is_set = any(environ.get(f"SURVEYAPP_{name}", "").strip() for name in _DECIDING)
    if not is_set and (CHECKOUT / "pyproject.toml").is_file():
        settings["SURVEYAPP_ENVIRONMENT"] = "development"
        settings["SURVEYAPP_DATA_DIR"] = str(CHECKOUT / "var")
    return settings


class Installation:
    """The settings and the database that a command works on, opened when first needed."""

    @cached_property
    def config(self) -> Config:
        """The settings. Raises ConfigError."""
        return Config.from_environment(settings_for(os.environ))

    @cached_property
    def unchecked(self) -> Database:
        """The database, whatever its schema: for setting it up and for restoring into it."""
        database = Database(self.config.database_url)
        click.get_current_context().call_on_close(database.close)
        return database

    @cached_property
    def database(self) -> Database:
        """The database, its schema being this program's. Raises ConfigError."""
        check_current(self.unchecked)
        return self.unchecked

    @property
    def link_key(self) -> bytes:
        """What personal links are derived from."""
        return self.config.link_key.encode()


installation = click.make_pass_decorator(Installation, ensure=True)


class Stopped(click.ClickException):
    """A command that could not do what was asked: exit code 1, the reason on standard error."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        """The sentences alone; who reads them did not call a function."""
        click.echo(self.format_message(), err=True)


class Commands(click.Group):
    """Commands whose errors are sentences, never tracebacks."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a person can act on becomes a message and exit code 1."""
        try:
            return super().invoke(ctx)
        except SurveyappError as error:
            raise Stopped(str(error)) from error
        except DBAPIError as error:
            # The driver's first line names the host or the file; it never holds a password.
            reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
            raise Stopped(
                f"The database cannot be used: {reason}\nCheck SURVEYAPP_DATABASE_URL, and that it runs."
            ) from error
        except BrokenPipeError:
            # Whoever read our output has enough of it (`surveyapp links … | head`).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)


@contextmanager
def private_file(
    out: Path, *, encoding: str = "utf-8", way_out: str = "name another one"
) -> Iterator[TextIO]:
    """A new file that only its owner can read. Raises Refused where it cannot be made."""
    try:
        # Made with its rights, so that there is no moment in which others could open it.
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Refused(f"The file '{out}' is there already; {way_out}.") from error
    except OSError as error:
        raise Refused(f"The file '{out}' cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "w", encoding=encoding, newline="") as stream:
        yield stream


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@contextmanager
def progress_bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error for what takes longer than a moment; nothing where nobody watches."""
    with click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield bar.update
