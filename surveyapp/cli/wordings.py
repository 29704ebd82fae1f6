"""``surveyapp round correct`` and ``corrections``: putting the wording of an open round right."""

from __future__ import annotations

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.round_options import number_option, reason_option, show_time
from surveyapp.clock import iso
from surveyapp.services.correcting import correct_wording
from surveyapp.services.reading.wordings import get_round_wording, list_corrections
from surveyapp.services.rounds import get_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_LONGEST_LINE = 100


@click.command()
@click.argument("study")
@click.option("--text", "path", required=True, metavar="PATH", help="Which text: see 'round texts STUDY'.")
@click.option("--to", required=True, metavar="WORDS", help="What it shall say.")
@reason_option
@number_option
@json_option
@installation
def correct(
    here: Installation, *, study: str, path: str, to: str, reason: str, number: int | None, as_json: bool
) -> None:
    """Put an editorial mistake right in a text of the open round; experts are told, nobody answers again.

    \b
    Example:
      surveyapp round texts systemic-ai-mitigations --find "third-party"
      surveyapp round correct systemic-ai-mitigations --text title --to "AI mitigations" --reason "spelling"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        held = get_round(session, study_id=found.id, number=number)
        done = correct_wording(
            session,
            study=found,
            number=held.number,
            path=path,
            to=to,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    if as_json:
        print_json(
            {
                "study": study,
                "round": done.round,
                "correction": done.number,
                "text": done.path,
                "before": done.before,
                "after": done.after,
            }
        )
        return
    click.echo(f"Correction {done.number} of round {done.round}: {done.path}")
    click.echo(f"  before: {done.before}")
    click.echo(f"  now:    {done.after}")


@click.command()
@click.argument("study")
@number_option
@json_option
@installation
def corrections(here: Installation, *, study: str, number: int | None, as_json: bool) -> None:
    """Every text that was corrected while a round was open: before, after, why, and by whom.

    \b
    Example:
      surveyapp round corrections systemic-ai-mitigations
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        zone = found.time_zone
        listed = list_corrections(session, study_id=found.id, number=number)
    if as_json:
        print_json(
            [
                {
                    "round": each.round,
                    "correction": each.number,
                    "text": each.path,
                    "before": each.before,
                    "after": each.after,
                    "reason": each.reason,
                    "by": each.actor,
                    "at": iso(each.at),
                }
                for each in listed
            ]
        )
        return
    if not listed:
        click.echo("No text was corrected.")
    for each in listed:
        click.echo(
            f"Round {each.round}, correction {each.number}: {each.path} "
            f"({show_time(each.at, zone)}, {each.actor})"
        )
        click.echo(f"  before: {each.before}")
        click.echo(f"  after:  {each.after}")
        click.echo(f"  why:    {each.reason}")


@click.command()
@click.argument("study")
@click.option("--find", default="", metavar="WORDS", help="Only texts that hold these words.")
@number_option
@json_option
@installation
def texts(here: Installation, *, study: str, find: str, number: int | None, as_json: bool) -> None:
    """The texts that experts read in a round, each with the path to correct it by.

    \b
    Example:
      surveyapp round texts systemic-ai-mitigations --find "third-party"
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        held = get_round(session, study_id=found.id, number=number)
        wording = get_round_wording(session, study=found, number=held.number)
    sought = find.casefold()
    listed = [text for text in wording.texts if sought in text.words.casefold()]
    if as_json:
        print_json([{"text": text.path, "language": text.language, "words": text.words} for text in listed])
        return
    for text in listed:
        words = " ".join(text.words.split())
        shown = words if len(words) <= _LONGEST_LINE else f"{words[:_LONGEST_LINE]}…"
        click.echo(f"{text.path}: {shown}")
    if not listed:
        click.echo("No text holds these words.")


COMMANDS = (texts, correct, corrections)
