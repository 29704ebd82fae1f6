"""``surveyapp panel show``, ``change``, ``link``, ``withdraw`` and ``erase``: one panellist at a time.

A panellist is named by the address or by the pseudonym, and what is printed holds the one or the other.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json, private_file
from surveyapp.clock import iso
from surveyapp.errors import Refused
from surveyapp.services import access_export, erasing, erasure_list, leaving, panellists
from surveyapp.services.letters.office import make_office
from surveyapp.services.panellists import Wanted
from surveyapp.services.reading.panellists import Happening, find_by_word, get_person
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

answers_option = click.option(
    "--answers",
    type=click.Choice(list(leaving.FATES)),
    required=True,
    help="What the person wants: the answers stay and count, or they go.",
)
reason_option = click.option(
    "--reason", required=True, help="Why; it stands in the record. Leave the name out."
)


@click.command()
@click.argument("study")
@click.argument("who")
@json_option
@installation
def show(here: Installation, *, study: str, who: str, as_json: bool) -> None:
    """Show one panellist: what is known, how far in each round, and what happened when.

    WHO is the address or the pseudonym. By address no pseudonym is shown, by pseudonym no name.

    \b
    Example:
      surveyapp panel show my-study jane@example.org
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        panellist_id, by_name = find_by_word(session, study=found, who=who)
        person = get_person(session, study=found, panellist_id=panellist_id, with_names=by_name)
    if as_json:
        names: dict[str, Any] = (
            {"name": person.name, "email": person.email} if by_name else {"pseudonym": person.pseudonym}
        )
        print_json(
            {
                **names,
                "group": person.group,
                "tags": list(person.tags),
                "language": person.language,
                "time_zone": person.time_zone,
                "state": person.state,
                "erased": person.is_erased,
                "rounds": [
                    {"round": each.round, "state": each.state, "standing": each.standing}
                    for each in person.rounds
                ],
                "timeline": [_as_json(each) for each in person.timeline],
            }
        )
        return
    who_it_is = f"{person.name} <{person.email}>" if by_name else person.pseudonym
    click.echo(f"{who_it_is}  ({person.state})")
    known = (
        ("group", person.group),
        ("tags", ", ".join(person.tags)),
        ("language", person.language),
        ("time zone", person.time_zone),
    )
    for name, value in known:
        if value:
            click.echo(f"  {name:<10} {value}")
    for each in person.rounds:
        standing = each.standing.replace("_", " ")
        click.echo(f"  round {each.round:<4} {standing} ({each.state})")
    for happened in person.timeline:
        click.echo(f"  {_moment(happened):<22} {_line(happened)}")


def _as_json(each: Happening) -> dict[str, Any]:
    wanted = {"round": each.round, "kind": each.kind, "state": each.state, "words": each.words}
    return {
        "at": _moment(each),
        "what": each.what,
        **{name: value for name, value in wanted.items() if value},
    }


def _moment(each: Happening) -> str:
    return each.at.date().isoformat() if each.is_day else iso(each.at)


def _line(each: Happening) -> str:
    of_round = f" (round {each.round})" if each.round is not None else ""
    if each.what == "letter":
        words = f": {each.words}" if each.words and each.state != "sent" else ""
        return f"letter: {each.kind}{of_round} {each.state}{words}"
    return (
        f"{each.what.replace('_', ' ')}{' no. ' + str(each.number) if each.what == 'link' else ''}{of_round}"
    )


@click.command()
@click.argument("study")
@click.argument("who")
@click.option("--name", help="How letters address the person.")
@click.option("--email", help="The address that letters go to.")
@click.option("--group", help="The reporting group; possible until the first answer.")
@click.option("--tags", help="All tags, with commas between them; '' for none.")
@click.option("--language", help="Language of pages and letters.")
@click.option("--time-zone", help="IANA name of the zone; '' for the study's.")
@installation
def change(
    here: Installation,
    *,
    study: str,
    who: str,
    name: str | None,
    email: str | None,
    group: str | None,
    tags: str | None,
    language: str | None,
    time_zone: str | None,
) -> None:
    """Put right what is known of a panellist. What is not named stays as it is.

    \b
    Example:
      surveyapp panel change my-study jane@example.org --email jane.doe@example.org --tags chair,north
    """
    wanted = Wanted(
        name=name,
        email=email,
        group=group,
        tags=None if tags is None else tags.split(","),
        language=language,
        time_zone=time_zone,
    )
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        changed = panellists.change_panellist(
            session, study=found, panellist_id=panellist_id, wanted=wanted, now=read_now(session), actor=ACTOR
        )
    if changed:
        click.echo(f"Changed: {', '.join(each.replace('_', ' ') for each in changed)}.")
    else:
        click.echo("Nothing was different, so nothing was changed.")


@click.command()
@click.argument("study")
@click.argument("who")
@click.option("--send", is_flag=True, help="Put the invitation with the new link into the outbox.")
@click.option("--reason", default="", help="Why; it stands in the record. Leave the name out.")
@installation
def link(here: Installation, *, study: str, who: str, send: bool, reason: str) -> None:
    """Make a new personal link and print it, this once. The old one opens nothing any more.

    A link is a key: whoever has it can answer in that person's place.

    \b
    Example:
      surveyapp panel link my-study jane@example.org --reason "the old one was passed on"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        made = panellists.make_new_link(
            session,
            study=found,
            panellist_id=panellist_id,
            link_key=here.link_key,
            base_url=here.config.base_url,
            now=read_now(session),
            actor=ACTOR,
            reason=reason,
            sends_invitation=send,
        )
    click.echo(made)
    if send:
        click.echo("The letter with it is in the outbox.", err=True)


@click.command()
@click.argument("study")
@click.argument("who")
@installation
def invite(here: Installation, *, study: str, who: str) -> None:
    """Put the invitation into the outbox once more, with the same link as before.

    \b
    Example:
      surveyapp panel invite my-study jane@example.org
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        panellists.invite_again(
            session, study=found, panellist_id=panellist_id, now=read_now(session), actor=ACTOR
        )
    click.echo("The letter is in the outbox.")


@click.command()
@click.argument("study")
@click.argument("who")
@reason_option
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="JSON file that only you can read."
)
@installation
def export(here: Installation, *, study: str, who: str, reason: str, out: Path) -> None:
    """Write everything that is kept about one panellist to a file, for the person who asked for it.

    Name and answers stand in it together: hand it to nobody else, and delete it afterwards.

    \b
    Example:
      surveyapp panel export my-study jane@example.org --out jane.json --reason "asked for her data by letter"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        person = access_export.export_person(
            session, study=found, panellist_id=panellist_id, reason=reason, now=read_now(session), actor=ACTOR
        )
        # Before the record says that it was taken: a file that cannot be written has not been.
        with private_file(out) as stream:
            stream.write(json.dumps(person, ensure_ascii=False, indent=2) + "\n")
    click.echo(
        f"Everything about this panellist is in {out}; it holds the name beside the answers.", err=True
    )


@click.command()
@click.argument("study")
@click.argument("who")
@answers_option
@reason_option
@click.option("--letter/--no-letter", default=True, show_default=True, help="Send a letter that confirms it.")
@installation
def withdraw(here: Installation, *, study: str, who: str, answers: str, reason: str, letter: bool) -> None:
    """Let a panellist leave who asked you for it: as if the person had pressed Withdraw.

    \b
    Example:
      surveyapp panel withdraw my-study jane@example.org --answers keep --reason "rang us up on Monday"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        leaving.withdraw_for(
            session,
            study=found,
            panellist_id=panellist_id,
            answers=answers,
            reason=reason,
            sends_letter=letter,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(
        f"The panellist has left '{study}'; the answers {'stay' if answers == 'keep' else 'are gone'}."
    )


@click.command()
@click.argument("study")
@click.argument("who")
@answers_option
@reason_option
@click.option("--yes", is_flag=True, help="Do it without asking; there is no way back.")
@installation
def erase(here: Installation, *, study: str, who: str, answers: str, reason: str, yes: bool) -> None:
    """Erase a person for good: name, address, link and letters, and what leads back to them.

    Answers that stay are linked to nobody any more. What is released stays. A backup that is restored later
    does not bring the person back, as long as erasures.jsonl lies in the data folder.

    \b
    Example:
      surveyapp panel erase my-study jane@example.org --answers remove --reason "asked for it by letter"
    """
    if not yes and click.prompt("Type the same once more, to be sure", default="", err=True).strip() != who:
        raise Refused("That was something else; nobody was erased.")
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        panellist_id, _ = find_by_word(session, study=found, who=who)
        erased = erasing.erase_panellist(
            session,
            study=found,
            panellist_id=panellist_id,
            answers=answers,
            typed=None,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    erasure_list.tidy_up(
        here.database, office=make_office(here.config), folder=here.config.data_dir, erased=erased
    )
    click.echo(
        f"Erased from '{study}'; the answers {'stay, linked to nobody' if answers == 'keep' else 'are gone'}."
    )
