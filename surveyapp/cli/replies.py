"""``surveyapp reasons`` ``replies``, ``pass``, ``refuse``, ``marks``: what experts say of others' reasons."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent, shorten

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.delphi.feedback import ShownMarks
from surveyapp.errors import InputError, Problem
from surveyapp.services.reasons.discussing import list_replies_to_moderate, moderate_replies
from surveyapp.services.reasons.marks import list_told, list_waiting
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_STATES = ("waiting", "shown", "hidden", "all")
STANCE = {"for_me": "speaks for me", "not_for_me": "not for me"}
_NOTHING = {"waiting": "No reply waits.", "shown": "No reply is shown.", "hidden": "No reply is hidden."}


@click.command()
@click.argument("study")
@click.option("--state", type=click.Choice(_STATES), default="waiting", show_default=True, help="Which.")
@json_option
@installation
def replies(here: Installation, *, study: str, state: str, as_json: bool) -> None:
    """List the replies to reasons that wait to be read, each with the reason that it answers.

    Nothing tells who wrote one, or when.

    \b
    Example:
      surveyapp reasons replies systemic-ai-mitigations
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        listed = list_replies_to_moderate(session, study_id=found.id, state=None if state == "all" else state)
    if as_json:
        print_json(
            {
                "study": study,
                "replies": [
                    {
                        "reply": each.reply_id,
                        "state": each.state,
                        "text": each.text,
                        "to": {"reason": each.public_id, "item": each.item or None, "text": each.reason},
                    }
                    for each in listed
                ],
            }
        )
        return
    if not listed:
        click.echo(_NOTHING.get(state, "There is no reply."))
    for each in listed:
        about = f" on {each.item}" if each.item else ""
        click.echo(f"{each.reply_id}  {each.state}, to {each.public_id}{about}:")
        click.echo(indent(each.reason, "    > "))
        click.echo(indent(each.text, "    "))
    if any(each.state == "waiting" for each in listed):
        click.echo(f"Next: surveyapp reasons pass {study} REPLY …, or refuse {study} REPLY … --reason TEXT")


@click.command(name="pass")
@click.argument("study")
@click.argument("names", metavar="REPLY...", nargs=-1, required=True)
@installation
def pass_on(here: Installation, *, study: str, names: tuple[str, ...]) -> None:
    """Let others read these replies; all of them, or none if one is unknown.

    \b
    Example:
      surveyapp reasons pass systemic-ai-mitigations A-3f9c0b2e7d5a1846
    """
    _moderate(here, study, names, is_shown=True)
    click.echo(f"{_count(names)} passed on: others can read {'it' if len(names) == 1 else 'them'} now.")


@click.command()
@click.argument("study")
@click.argument("names", metavar="REPLY...", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why: it stays on record, and the author reads it.")
@installation
def refuse(here: Installation, *, study: str, names: tuple[str, ...], reason: str) -> None:
    """Keep these replies from others, also after they were passed on; the author is told why.

    \b
    Example:
      surveyapp reasons refuse systemic-ai-mitigations A-3f9c0b2e7d5a1846 --reason "Names a person"
    """
    if not reason.strip():
        raise InputError([Problem("--reason", "the reason is empty; write why, it stays on record.")])
    _moderate(here, study, names, is_shown=False, because=" ".join(reason.split()))
    click.echo(f"{_count(names)} refused: only the author sees {'it' if len(names) == 1 else 'them'}.")


@click.command()
@click.argument("study")
@json_option
@installation
def marks(here: Installation, *, study: str, as_json: bool) -> None:
    """Show for how many each reason speaks, as the releases of the rounds tell it.

    Before a closed round is released, only how many experts marked anything.

    \b
    Example:
      surveyapp reasons marks systemic-ai-mitigations
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        told = list_told(session, study_id=found.id)
        waiting = list_waiting(session, study_id=found.id, smallest=found.smallest_group)
        least = found.smallest_group
    if as_json:
        print_json(
            {
                "study": study,
                "smallest_group": least,
                "rounds": [
                    {"round": number, "marks": [each.model_dump(mode="json") for each in marks]}
                    for number, marks in told
                ],
                "not_released": [{"round": number, "marking": marking} for number, marking in waiting],
            }
        )
        return
    if not told and not waiting:
        click.echo("No release tells of marks.")
    for number, marks in told:
        click.echo(f"Round {number}:")
        for each in marks:
            about = f" on {each.reason.item}" if each.reason.item else ""
            click.echo(f"  {each.reason.id}{about}: {shorten(each.reason.text, 70, placeholder=' …')}")
            click.echo(f"    {marks_line(each)}")
    for number, marking in waiting:
        who = f"fewer than {least}, or all but a few," if marking is None else str(marking)
        click.echo(f"Round {number} is not released: {who} experts marked reasons.")


def marks_line(marks: ShownMarks) -> str:
    """For how many a reason speaks, in one line."""
    if marks.at_least is not None:
        return f"marked by {marks.n}; at least {marks.at_least}%: {STANCE[marks.mostly]}"
    return f"marked by {marks.n}; speaks for: {marks.for_me}; not for: {marks.not_for_me}"


def _moderate(
    here: Installation, study: str, names: Sequence[str], *, is_shown: bool, because: str = ""
) -> None:
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        moderate_replies(
            session,
            study_id=found.id,
            reply_ids=names,
            is_shown=is_shown,
            now=read_now(session),
            actor=ACTOR,
            because=because,
        )


def _count(names: Sequence[str]) -> str:
    return "1 reply is" if len(names) == 1 else f"{len(names)} replies are"
