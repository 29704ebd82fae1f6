"""``surveyapp letters outbox`` and its neighbours: what became of each letter, and what to do then."""

from __future__ import annotations

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import Refused, Sentence
from surveyapp.mail.mailbox import MailboxTrouble
from surveyapp.services.letters import outbox
from surveyapp.services.letters.office import make_office
from surveyapp.services.letters.outbox import AGAIN_FROM, MessageKey
from surveyapp.services.letters.returning import check_mailbox
from surveyapp.services.reading.letters import STATES, read_outbox
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


def count_of(count: int) -> str:
    """So many letters."""
    return "1 letter" if count == 1 else f"{count} letters"


@click.command(name="outbox")
@click.argument("study")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only in this state.")
@click.option("--page", default=1, type=click.IntRange(min=1), help="Which hundred.")
@json_option
@installation
def outbox_(here: Installation, *, study: str, state: str | None, page: int, as_json: bool) -> None:
    """Show what became of each letter, with the mail server's words; never who it goes to.

    \b
    Example:
      surveyapp letters outbox my-study --state refused
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        held = read_outbox(
            session, study_id=found.id, state=state or "", page=page, most=100, shows_names=False
        )
    if as_json:
        lines = [
            {
                "letter": str(line.key),
                "state": line.state,
                "since": iso(line.state_at),
                "attempts": line.attempts,
                "answer": line.answer,
            }
            for line in held.lines
        ]
        print_json({"states": held.by_state, "letters": lines})
        return
    counts = ", ".join(f"{name} {held.by_state[name]}" for name in STATES if name in held.by_state)
    click.echo(counts or "The outbox is empty.")
    for line in held.lines:
        click.echo(f"{line.key}  {line.state}  {iso(line.state_at)}  {line.answer}".rstrip())


names_argument = click.argument("names", metavar="LETTER…", nargs=-1)


@click.command()
@click.argument("study")
@names_argument
@click.option("--all", "state", type=click.Choice(AGAIN_FROM), help="Instead: every letter in this state.")
@installation
def retry(here: Installation, *, study: str, names: tuple[str, ...], state: str | None) -> None:
    """Send letters again that were refused, came back, were called back, or whose fate is unknown.

    \b
    Example:
      surveyapp letters retry my-study --all refused
    """
    if bool(names) == bool(state):
        raise click.UsageError("Name letters, or --all with a state, and not both.")
    with here.database.verb() as session:
        found, now = get_study(session, slug=study), read_now(session)
        if state:
            count = outbox.retry_all(session, study=found, state=state, now=now, actor=ACTOR)
        else:
            keys = [MessageKey.from_text(name) for name in names]
            count = outbox.change_letters(session, study=found, keys=keys, act="retry", now=now, actor=ACTOR)
    click.echo(f"{count_of(count)} put back into the outbox.")


@click.command()
@click.argument("study")
@names_argument
@click.option("--all", "everything", is_flag=True, help="Instead: every letter that waits.")
@installation
def cancel(here: Installation, *, study: str, names: tuple[str, ...], everything: bool) -> None:
    """Call letters back that still wait.

    \b
    Example:
      surveyapp letters cancel my-study --all
    """
    if bool(names) == everything:
        raise click.UsageError("Name letters, or --all, and not both.")
    with here.database.verb() as session:
        found, now = get_study(session, slug=study), read_now(session)
        if everything:
            count = outbox.cancel_waiting(session, study=found, kind=None, now=now, actor=ACTOR)
        else:
            keys = [MessageKey.from_text(name) for name in names]
            count = outbox.change_letters(session, study=found, keys=keys, act="cancel", now=now, actor=ACTOR)
    click.echo(f"{count_of(count)} called back.")


@click.command()
@click.argument("study")
@click.argument("name", metavar="LETTER")
@click.option("--words", default="", help="What the returned letter says.")
@installation
def bounced(here: Installation, *, study: str, name: str, words: str) -> None:
    """Note that a letter came back.

    \b
    Example:
      surveyapp letters bounced my-study P-7KQ2M.invitation.1.1 --words "550 no such user"
    """
    with here.database.verb() as session:
        count = outbox.change_letters(
            session,
            study=get_study(session, slug=study),
            keys=[MessageKey.from_text(name)],
            act="bounced",
            now=read_now(session),
            actor=ACTOR,
            words=words,
        )
    click.echo("Noted." if count else "Nothing to note: this letter was not sent.")


@click.command()
@installation
def mailbox(here: Installation) -> None:
    """Look into the mailbox for letters that came back, of all studies; the worker does so every ten minutes.

    The mailbox is the one that SURVEYAPP_MAILBOX_URL names. Nothing in it is changed.

    \b
    Example:
      surveyapp letters mailbox
    """
    office = make_office(here.config)
    if office.mailbox is None:
        raise Refused(Sentence("No mailbox is set: SURVEYAPP_MAILBOX_URL says which one is read."))
    try:
        looked = check_mailbox(here.database, office, actor=ACTOR)
    except MailboxTrouble as trouble:
        raise Refused(str(trouble)) from trouble
    noted = "1 letter is" if looked.noted == 1 else f"{looked.noted} letters are"
    click.echo(f"{looked.reports} reports of letters that could not be delivered; {noted} newly noted.")
