"""``surveyapp panel registration``, ``requests``, ``approve`` and ``refuse``: people who ask for a seat."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import NotFound
from surveyapp.mail.links import derive_registration_token, registration_link
from surveyapp.services import registering, retaining
from surveyapp.services.addresses import fold_address
from surveyapp.services.local_times import end_of_day
from surveyapp.services.reading.seat_requests import Asking, get_registration_desk
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.command()
@click.argument("study")
@click.option("--open/--shut", "is_open", default=None, help="Let people ask, or nobody any more.")
@click.option("--new-link", is_flag=True, help="Make a new link; the old one opens nothing any more.")
@click.option("--note", help="What stands above the form.")
@json_option
@installation
def registration(
    here: Installation, *, study: str, is_open: bool | None, new_link: bool, note: str | None, as_json: bool
) -> None:
    """Show the public link on which people ask for a seat, or change it. Nobody joins without your approval.

    \b
    Example:
      surveyapp panel registration my-study --open
    """
    if is_open is not None or new_link or note is not None:
        with here.database.verb() as session:
            registering.set_registration(
                session,
                study=get_study(session, slug=study),
                now=read_now(session),
                actor=ACTOR,
                is_open=is_open,
                note=note,
                renews_link=new_link,
            )
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        desk = get_registration_desk(session, study=found)
    if not desk.number:
        raise NotFound(f"'{study}' has no public link yet: surveyapp panel registration {study} --open")
    token = derive_registration_token(here.link_key, slug=study, number=desk.number)
    link = registration_link(here.config.base_url, token)
    if as_json:
        print_json({"link": link, "open": desk.is_open, "note": desk.note, "waiting": len(desk.waiting)})
        return
    click.echo(link)
    people = "person waits" if len(desk.waiting) == 1 else "people wait"
    click.echo(f"It is {'open' if desk.is_open else 'shut'}; {len(desk.waiting)} {people}.", err=True)


@click.command()
@click.argument("study")
@json_option
@installation
def requests(here: Installation, *, study: str, as_json: bool) -> None:
    """List who asks for a seat, and who on the panel may be the same person.

    \b
    Example:
      surveyapp panel requests my-study
    """
    with here.database.reading() as session:
        waiting = get_registration_desk(session, study=get_study(session, slug=study)).waiting
    if as_json:
        print_json(
            [
                {
                    "name": each.name,
                    "email": each.email,
                    "group": each.group,
                    "language": each.language,
                    "message": each.message,
                    "asked_at": iso(each.asked_at),
                    "alike": [
                        {"why": one.likeness, "name": one.name, "email": one.email} for one in each.alike
                    ],
                }
                for each in waiting
            ]
        )
        return
    if not waiting:
        click.echo("Nobody is waiting.")
    for each in waiting:
        click.echo(f"{each.name} <{each.email}>  {each.group}  {iso(each.asked_at)}")
        for one in each.alike:
            click.echo(f"  {one.likeness.replace('_', ' ')}: {one.name} <{one.email}>")


@click.command()
@click.argument("study")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@click.option("--invite/--no-invite", default=True, show_default=True, help="Send the invitation at once.")
@installation
def approve(here: Installation, *, study: str, addresses: tuple[str, ...], invite: bool) -> None:
    """Give a seat to those who asked with these addresses; to all of them, or to nobody.

    \b
    Example:
      surveyapp panel approve my-study jane@example.org joe@example.org
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        decided = registering.approve(
            session,
            study=found,
            requests=_find(session, study, addresses),
            link_key=here.link_key,
            sends_invitation=invite,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"Added {decided.added} to '{study}'; {decided.letters} invitations are in the outbox.")


@click.command()
@click.argument("study")
@click.argument("addresses", metavar="ADDRESS...", nargs=-1, required=True)
@installation
def refuse(here: Installation, *, study: str, addresses: tuple[str, ...]) -> None:
    """Refuse those who asked with these addresses; what they left is deleted, and nobody is written to.

    \b
    Example:
      surveyapp panel refuse my-study jane@example.org
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        decided = registering.refuse(
            session,
            study=found,
            requests=_find(session, study, addresses),
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"Refused and deleted: {decided.refused}.")


@click.command()
@click.argument("study")
@click.option("--until", metavar="DATE", help="The last day on which names are kept, such as 2027-12-31.")
@click.option("--no-end", is_flag=True, help="Keep them for as long as the study is there.")
@installation
def names(here: Installation, *, study: str, until: str | None, no_end: bool) -> None:
    """Say until when names and addresses are kept, or show it. Afterwards the answers are linked to nobody.

    \b
    Example:
      surveyapp panel names my-study --until 2027-12-31
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        if until is not None or no_end:
            day = None if until is None or no_end else end_of_day(until, time_zone=found.time_zone)
            retaining.keep_names_until(session, study=found, until=day, now=read_now(session), actor=ACTOR)
        kept = retaining.find_names_kept(session, study_id=found.id)
    if kept is None:
        click.echo(f"Names of '{study}' are kept for as long as the study is there.")
    else:
        click.echo(f"Names of '{study}' are kept until {iso(kept)}.")


def _find(session: Session, study: str, addresses: tuple[str, ...]) -> set[int]:
    waiting: dict[str, list[Asking]] = {}
    for each in get_registration_desk(session, study=get_study(session, slug=study)).waiting:
        waiting.setdefault(fold_address(each.email), []).append(each)
    missing = [each for each in addresses if fold_address(each) not in waiting]
    if missing:
        raise NotFound(f"Nobody asks for a seat with: {', '.join(missing)}.")
    return {one.id for each in addresses for one in waiting[fold_address(each)]}
