"""``surveyapp member`` and ``surveyapp lookup``: who works on a study, and who sits behind a pseudonym."""

from __future__ import annotations

import click

from surveyapp.cli.by_letter import by_letter_options, goes_by_letter
from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import NotFound
from surveyapp.mail.links import account_link
from surveyapp.services import accounts, anonymity, lookups, members
from surveyapp.services.account_letters.inviting import invite_by_letter
from surveyapp.services.letters.office import make_office
from surveyapp.services.permissions import Role
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

role_option = click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.ORGANISER.value,
    show_default=True,
    help="What the person may do; docs/organisers.md has the table.",
)


@click.group()
def member() -> None:
    """Say who works on a study, and as what. There is always at least one owner."""


@member.command(name="list")
@click.argument("study", metavar="STUDY")
@json_option
@installation
def list_(here: Installation, *, study: str, as_json: bool) -> None:
    """List members and invitations that wait.

    \b
    Example:
      surveyapp member list my-study
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        people = members.list_members(session, study_id=found.id)
        waiting = members.list_invitations(session, study_id=found.id, now=read_now(session))
        level = found.anonymity
    if as_json:
        print_json(
            {
                "anonymity": level,
                "members": [
                    {"email": each.email, "role": each.role, "disabled": each.is_disabled} for each in people
                ],
                "invited": [
                    {"email": each.email, "role": each.role, "until": iso(each.expires_at)}
                    for each in waiting
                ],
            }
        )
        return
    for each in people:
        click.echo(f"{each.email:<40} {each.role}{'  (switched off)' if each.is_disabled else ''}")
    for invited in waiting:
        click.echo(f"{invited.email:<40} {invited.role}  (invited until {iso(invited.expires_at)})")
    if not people:
        click.echo(f"Nobody works on it yet: surveyapp member add {study} EMAIL --role owner")


@member.command()
@click.argument("study", metavar="STUDY")
@click.argument("email", metavar="EMAIL")
@role_option
@installation
def add(here: Installation, *, study: str, email: str, role: str) -> None:
    """Let an account into a study, at once. Whoever is the first becomes its owner.

    \b
    Example:
      surveyapp member add my-study jane@example.org --role analyst
    """
    with here.database.verb() as session:
        given = accounts.grant(
            session,
            email=email,
            study=get_study(session, slug=study),
            role=role,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"{email} works on '{study}' ({given}).")


@member.command()
@click.argument("study", metavar="STUDY")
@click.argument("email", metavar="EMAIL")
@role_option
@by_letter_options
@installation
def invite(here: Installation, *, study: str, email: str, role: str, is_printed: bool, language: str) -> None:
    """Send a link with which the person at EMAIL joins, and makes an account if there is none.

    It works once and for 14 days. Without a mail server, or with --print, it is printed: hand it to nobody
    else.

    \b
    Example:
      surveyapp member invite my-study jane@example.org --role moderator
    """
    if goes_by_letter(here, is_printed=is_printed):
        with here.database.verb() as session:
            invite_by_letter(
                session,
                study=get_study(session, slug=study),
                email=email,
                role=role,
                language=language,
                link_key=make_office(here.config).link_key,
                now=read_now(session),
                actor=ACTOR,
            )
        click.echo(f"A letter with the link is on its way to {email}.")
        return
    with here.database.verb() as session:
        secret = members.invite(
            session,
            study=get_study(session, slug=study),
            email=email,
            role=role,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(account_link(here.config.base_url, secret))


@member.command(name="role")
@click.argument("study", metavar="STUDY")
@click.argument("email", metavar="EMAIL")
@click.argument("role", type=click.Choice([role.value for role in Role]))
@installation
def change_role(here: Installation, *, study: str, email: str, role: str) -> None:
    """Give a member another role, from the next click on.

    \b
    Example:
      surveyapp member role my-study jane@example.org owner
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        members.change_role(
            session,
            study=found,
            organiser_id=members.get_member_id(session, study=found, email=email),
            role=role,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"{email} is {role} of '{study}' now.")


@member.command()
@click.argument("study", metavar="STUDY")
@click.argument("email", metavar="EMAIL")
@installation
def remove(here: Installation, *, study: str, email: str) -> None:
    """Let somebody work on the study no longer, from the next click on.

    \b
    Example:
      surveyapp member remove my-study jane@example.org
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        members.remove(
            session,
            study=found,
            organiser_id=members.get_member_id(session, study=found, email=email),
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"{email} does not work on '{study}' any more.")


@member.command(name="anonymity")
@click.argument("study", metavar="STUDY")
@click.argument("level", type=click.Choice(list(anonymity.LEVELS)))
@installation
def set_level(here: Installation, *, study: str, level: str) -> None:
    """Promise who may see whose answers, before the first answer; a protocol names the level itself.

    \b
    Example:
      surveyapp member anonymity my-study blind
    """
    with here.database.verb() as session:
        anonymity.set_anonymity(
            session, study=get_study(session, slug=study), level=level, now=read_now(session), actor=ACTOR
        )
    click.echo(f"'{study}' promises: {level}.")


@click.command()
@click.argument("study", metavar="STUDY")
@click.argument("sought", metavar="PSEUDONYM")
@click.option("--reason", required=True, help="Why you need to know; it stands in the record.")
@json_option
@installation
def lookup(here: Installation, *, study: str, sought: str, reason: str, as_json: bool) -> None:
    """Say who sits behind a pseudonym, or which pseudonym belongs to an address. Each look is recorded.

    \b
    Example:
      surveyapp lookup my-study P-7KQ2M --reason "asked to have the own answers deleted"
    """
    with here.database.verb() as session:
        found = lookups.look_up(
            session,
            study=get_study(session, slug=study),
            sought=sought,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    if found is None:
        raise NotFound(
            f"Nobody on the panel of '{study}' has this pseudonym or address. The look is recorded."
        )
    if as_json:
        print_json(
            {"pseudonym": found.pseudonym, "name": found.name, "email": found.email, "group": found.group}
        )
        return
    click.echo(f"{found.pseudonym}  {found.name} <{found.email}>  {found.group}")
