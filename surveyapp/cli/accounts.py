"""``surveyapp organiser``: accounts for signing in. There is no other way to make one."""

from __future__ import annotations

import sys

import click

from surveyapp.cli.frame import ACTOR, Installation, installation
from surveyapp.errors import InputError, Problem
from surveyapp.services import accounts
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.group()
def organiser() -> None:
    """Make accounts for organisers, and say which studies they may see."""


@organiser.command()
@click.argument("email", metavar="EMAIL")
@click.option("--study", "studies", metavar="STUDY", multiple=True, help="Study the organiser may see.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@installation
def add(here: Installation, *, email: str, studies: tuple[str, ...], password_stdin: bool) -> None:
    """Make an account, or let an existing one see more studies.

    The password is asked for; it has at least 8 characters, better 15. An account that is there already
    keeps its password.

    \b
    Example:
      surveyapp organiser add jane@example.org --study systemic-ai-mitigations
    """
    with here.database.reading() as session:
        is_new = not accounts.has_organiser(session, email=email)
    password = _ask_password(email, password_stdin) if is_new else ""
    # Hashing is slow on purpose and must not hold the database.
    password_hash = accounts.hash_password(password) if is_new else ""
    with here.database.verb() as session:
        now = read_now(session)
        if is_new:
            accounts.add_organiser(
                session, email=email, password=password, password_hash=password_hash, now=now, actor=ACTOR
            )
        for slug in studies:
            found = get_study(session, slug=slug)
            accounts.grant(session, email=email, study=found, role="organiser", now=now, actor=ACTOR)
    click.echo(f"{'Made the account' if is_new else 'There is the account'} {email}.")
    for slug in studies:
        click.echo(f"It may see '{slug}'.")


@organiser.command(name="password")
@click.argument("email", metavar="EMAIL")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@installation
def change_password(here: Installation, *, email: str, password_stdin: bool) -> None:
    """Give an account a new password; whoever is signed in with the old one is signed out.

    \b
    Example:
      surveyapp organiser password jane@example.org
    """
    chosen = _ask_password(email, password_stdin)
    password_hash = accounts.hash_password(chosen)
    with here.database.verb() as session:
        accounts.set_password(
            session, email=email, password_hash=password_hash, now=read_now(session), actor=ACTOR
        )
    click.echo(f"{email} has a new password.")


@organiser.command()
@click.argument("email", metavar="EMAIL")
@installation
def disable(here: Installation, *, email: str) -> None:
    """Switch an account off; whoever is signed in with it is signed out.

    \b
    Example:
      surveyapp organiser disable jane@example.org
    """
    with here.database.verb() as session:
        accounts.disable(session, email=email, now=read_now(session), actor=ACTOR)
    click.echo(f"{email} cannot sign in any more.")


def _ask_password(email: str, from_stdin: bool) -> str:
    if from_stdin:
        chosen = sys.stdin.readline().rstrip("\r\n")
    else:
        chosen = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if problem := accounts.find_password_problem(chosen, email=email):
        raise InputError([Problem("password", problem)])
    return chosen
