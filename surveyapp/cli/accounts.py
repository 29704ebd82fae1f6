"""``surveyapp organiser``: accounts for signing in, as the operator makes and mends them."""

from __future__ import annotations

import sys

import click

from surveyapp.cli.by_letter import by_letter_options, goes_by_letter
from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import InputError, NotFound, Problem, Refused
from surveyapp.mail.links import account_link
from surveyapp.services import accounts, first_start, members, resetting, sign_ins
from surveyapp.services.account_letters.asking import ask_for_reset
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
    keeps its password. Whoever is the first in a study becomes its owner.

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
        roles = {}
        for slug in studies:
            found = get_study(session, slug=slug)
            # Whoever works on it already keeps the role; 'member role' changes it.
            roles[slug] = members.find_role(session, study=found, email=email) or accounts.grant(
                session, email=email, study=found, role="organiser", now=now, actor=ACTOR
            )
    click.echo(f"{'Made the account' if is_new else 'There is the account'} {email}.")
    for slug, role in roles.items():
        click.echo(f"It may see '{slug}' ({role}).")


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
        ownerless = accounts.list_studies_without_owner(session, email=email)
    click.echo(f"{email} cannot sign in any more.")
    for slug in ownerless:
        click.echo(
            f"'{slug}' now has no owner who can sign in: surveyapp member add {slug} EMAIL --role owner",
            err=True,
        )


@organiser.command()
@click.argument("email", metavar="EMAIL")
@installation
def enable(here: Installation, *, email: str) -> None:
    """Switch an account on again, with the password and the studies it had.

    \b
    Example:
      surveyapp organiser enable jane@example.org
    """
    with here.database.verb() as session:
        accounts.enable(session, email=email, now=read_now(session), actor=ACTOR)
    click.echo(f"{email} can sign in again.")


@organiser.command(name="set-up")
@installation
def set_up(here: Installation) -> None:
    """Print a link that makes the first account, in a browser. It works once and for a day.

    'serve' prints it too, as long as there is no account.

    \b
    Example:
      surveyapp organiser set-up
    """
    with here.database.verb() as session:
        secret = first_start.offer_set_up(session, now=read_now(session), actor=ACTOR)
    if secret is None:
        raise Refused("There is an account already. Make others with 'organiser add', or invite them.")
    click.echo(account_link(here.config.base_url, secret))


@organiser.command()
@click.argument("email", metavar="EMAIL")
@by_letter_options
@installation
def reset(here: Installation, *, email: str, is_printed: bool, language: str) -> None:
    """Send the account's owner a link for a new password. It works once and for an hour.

    Without a mail server, or with --print, the link is printed: hand it to nobody else. The second factor
    stays; 'drop-factors' takes that away.

    \b
    Example:
      surveyapp organiser reset jane@example.org
    """
    if goes_by_letter(here, is_printed=is_printed):
        with here.database.verb() as session:
            is_there = ask_for_reset(
                session, email=email, language=language, now=read_now(session), actor=ACTOR
            )
            if not is_there:
                raise NotFound(_no_account(email))
        click.echo(f"A letter with the link is on its way to {email}.")
        return
    with here.database.verb() as session:
        letter = resetting.request_reset(session, email=email, now=read_now(session), actor=ACTOR)
    if letter is None:
        raise NotFound(_no_account(email))
    click.echo(account_link(here.config.base_url, letter.secret))
    click.echo(f"It is valid until {iso(letter.expires_at)}.", err=True)


def _no_account(email: str) -> str:
    return f"There is no account for {email} that can sign in."


@organiser.command(name="drop-factors")
@click.argument("email", metavar="EMAIL")
@installation
def drop_factors(here: Installation, *, email: str) -> None:
    """Take authenticator app, passkeys and recovery codes off an account whose owner lost them all.

    Make sure who is asking: afterwards the password alone signs in. All its sessions end.

    \b
    Example:
      surveyapp organiser drop-factors jane@example.org
    """
    with here.database.verb() as session:
        sign_ins.drop_factors(session, email=email, now=read_now(session), actor=ACTOR)
    click.echo(f"{email} signs in with the password alone until a second factor is set up again.")


@organiser.command(name="list")
@json_option
@installation
def list_(here: Installation, *, as_json: bool) -> None:
    """List the accounts, what they sign in with, and their studies.

    \b
    Example:
      surveyapp organiser list
    """
    with here.database.reading() as session:
        found = sign_ins.list_accounts(session)
    if as_json:
        print_json(
            [
                {
                    "email": each.email,
                    "disabled": each.is_disabled,
                    "app": each.has_app,
                    "passkeys": each.passkeys,
                    "studies": dict(each.studies),
                }
                for each in found
            ]
        )
        return
    if not found:
        click.echo("There is no account yet. Make the first one: surveyapp organiser set-up")
    for each in found:
        factors = [
            *(["app"] if each.has_app else []),
            *([f"{each.passkeys} passkeys"] if each.passkeys else []),
        ]
        state = "switched off" if each.is_disabled else " and ".join(["password", *factors])
        studies = ", ".join(f"{slug} ({role})" for slug, role in each.studies)
        click.echo(f"{each.email:<40} {state:<28} {studies}")


def _ask_password(email: str, from_stdin: bool) -> str:
    if from_stdin:
        chosen = sys.stdin.readline().rstrip("\r\n")
    else:
        chosen = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if problem := accounts.find_password_problem(chosen, email=email):
        raise InputError([Problem("password", problem)])
    return chosen
