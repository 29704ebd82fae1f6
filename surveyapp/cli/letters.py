"""``surveyapp letters``: what letters say, who gets them, and what became of each."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import cast

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.outbox import bounced, cancel, count_of, mailbox, outbox_, retry
from surveyapp.errors import InputError, Problem
from surveyapp.mail.kinds import RULES, Kind
from surveyapp.mail.texts import Text
from surveyapp.services.letters import outbox, texts
from surveyapp.services.letters.audience import AUDIENCES, Audience, find_waiting
from surveyapp.services.letters.occasions import is_automatic
from surveyapp.services.letters.office import make_office
from surveyapp.services.letters.reminding import ANCHORS, ReminderPlan, Rule, get_plan, set_plan
from surveyapp.services.letters.trying import preview as look_at
from surveyapp.services.letters.trying import send_test
from surveyapp.services.local_times import read_time
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.group()
def letters() -> None:
    """Write to the panel: texts, sending, reminders, and what became of each letter."""


kind_argument = click.argument("kind", type=click.Choice([str(kind) for kind in Kind]))
number_option = click.option("--number", default=1, help="Which of the reminders.")
language_option = click.option("--language", help="Which language; else the study's first.")
round_option = click.option("--round", "round_number", type=int, help="About which round; else the latest.")


@letters.command(name="list")
@click.argument("study")
@json_option
@installation
def list_(here: Installation, *, study: str, as_json: bool) -> None:
    """Show which letters there are, which go by themselves, and which say the study's own words.

    \b
    Example:
      surveyapp letters list my-study
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        languages = texts.languages_of(session, study=found)
        listed = [
            {
                "kind": str(kind),
                "number": number,
                "automatic": is_automatic(session, study_id=found.id, kind=kind),
                "own_texts": [
                    language
                    for language in languages
                    if texts.find_text(
                        session, study_id=found.id, kind=kind, number=number, language=language
                    ).version
                ],
            }
            for kind in Kind
            for number in range(1, RULES[kind].texts + 1)
        ]
    if as_json:
        print_json({"letters": listed})
        return
    for each in listed:
        own = ", ".join(cast("list[str]", each["own_texts"])) or "as it comes with the program"
        by_itself = "goes by itself" if each["automatic"] else "sent by hand"
        click.echo(f"{each['kind']} {each['number']}: {by_itself}; text: {own}")


@letters.command()
@click.argument("study")
@kind_argument
@number_option
@language_option
@installation
def show(here: Installation, *, study: str, kind: str, number: int, language: str | None) -> None:
    """Print a letter's text: the subject, an empty line, the body. 'letters write' takes it back.

    \b
    Example:
      surveyapp letters show my-study invitation > invitation.txt
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        spoken = language or texts.languages_of(session, study=found)[0]
        text = texts.find_text(
            session, study_id=found.id, kind=Kind(kind), number=number, language=spoken
        ).text
    click.echo(f"{text.subject}\n\n{text.body}")


@letters.command()
@click.argument("study")
@kind_argument
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@number_option
@language_option
@click.option("--built-in", is_flag=True, help="Go back to the text that comes with the program.")
@installation
def write(
    here: Installation,
    *,
    study: str,
    kind: str,
    file: Path | None,
    number: int,
    language: str | None,
    built_in: bool,
) -> None:
    """Let a letter say what stands in a file: the subject in its first line, an empty line, the body.

    \b
    Example:
      surveyapp letters write my-study invitation invitation.txt
    """
    if (file is None) != built_in:
        raise click.UsageError("Name a file, or --built-in, and not both.")
    text = None
    if file is not None:
        try:
            subject, _, body = file.read_text(encoding="utf-8").partition("\n")
        except UnicodeDecodeError as error:
            raise InputError([Problem(str(file), "this is no text in UTF-8; save it as such.")]) from error
        text = Text(subject, body)
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        spoken = language or texts.languages_of(session, study=found)[0]
        texts.save_text(
            session,
            study=found,
            kind=Kind(kind),
            number=number,
            language=spoken,
            text=text,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"The {kind} in '{spoken}' says it from now on.")


@letters.command()
@click.argument("study")
@kind_argument
@click.argument("panellist")
@number_option
@round_option
@installation
def preview(
    here: Installation, *, study: str, kind: str, panellist: str, number: int, round_number: int | None
) -> None:
    """Print a letter as one panellist would read it, without name and personal link.

    \b
    Example:
      surveyapp letters preview my-study invitation P-7KQ2M
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        occasion = outbox.occasion_to_look_at(
            session, study=found, kind=Kind(kind), number=number, round_number=round_number
        )
        seen = look_at(
            session,
            make_office(here.config),
            study=found,
            occasion=occasion,
            pseudonym=panellist,
        )
    click.echo(f"Subject: {seen.subject}\n\n{seen.plain}")


@letters.command()
@click.argument("study")
@kind_argument
@click.argument("address")
@number_option
@language_option
@installation
def test(
    here: Installation, *, study: str, kind: str, address: str, number: int, language: str | None
) -> None:
    """Send one letter with invented values to an address of your own, now.

    \b
    Example:
      surveyapp letters test my-study invitation me@example.org
    """
    with here.database.reading() as session:
        spoken = language or texts.languages_of(session, study=get_study(session, slug=study))[0]
    answer = send_test(
        here.database,
        make_office(here.config),
        slug=study,
        kind=Kind(kind),
        number=number,
        language=spoken,
        to=address,
        actor=ACTOR,
    )
    click.echo(f"The test letter was handed over: {answer.words}")


@letters.command()
@click.argument("study")
@kind_argument
@number_option
@round_option
@click.option("--to", "audience", type=click.Choice(AUDIENCES), default="not_submitted", help="To whom.")
@click.option("--at", metavar="TIME", help="Not before: '2026-12-01 09:00'.")
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@installation
def send(
    here: Installation,
    *,
    study: str,
    kind: str,
    number: int,
    round_number: int | None,
    audience: str,
    at: str | None,
    dry_run: bool,
) -> None:
    """Put a letter into the outbox for everybody who should get it and has none yet; the worker sends it.

    \b
    Example:
      surveyapp letters send my-study invitation --dry-run
      surveyapp letters send my-study reminder --number 2 --to in_progress
    """
    chosen = cast("Audience", audience)
    with here.database.verb() as session:
        found, now = get_study(session, slug=study), read_now(session)
        occasion = outbox.find_occasion(
            session, study=found, kind=Kind(kind), number=number, round_number=round_number
        )
        if dry_run:
            count = len(find_waiting(session, occasion=occasion, now=now, audience=chosen))
            click.echo(f"{count_of(count)} would go.")
            return
        due_at: datetime | None = read_time(at, time_zone=found.time_zone, where="--at") if at else None
        count = outbox.send_letters(
            session, study=found, occasion=occasion, now=now, actor=ACTOR, audience=chosen, due_at=due_at
        )
    click.echo(f"{count_of(count)} put into the outbox. Next: surveyapp letters outbox {study}")


@letters.command()
@click.argument("study")
@kind_argument
@click.argument("choice", type=click.Choice(["on", "off"]))
@installation
def automatic(here: Installation, *, study: str, kind: str, choice: str) -> None:
    """Let what happens send a letter by itself, or not.

    \b
    Example:
      surveyapp letters automatic my-study thanks on
    """
    with here.database.verb() as session:
        texts.set_automatic(
            session,
            study=get_study(session, slug=study),
            kind=Kind(kind),
            is_on=choice == "on",
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"{kind}: {'goes by itself' if choice == 'on' else 'sent by hand'}.")


@letters.command()
@click.argument("study")
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="NUMBER:ANCHOR:DAYS:HH:MM:AUDIENCE",
    help="One rule; all of them are given together and replace those before.",
)
@click.option("--most", type=int, help="How many reminders one panellist gets in a round at most.")
@click.option("--none", is_flag=True, help="Take all rules away.")
@installation
def reminders(
    here: Installation, *, study: str, rules: tuple[str, ...], most: int | None, none: bool
) -> None:
    """Show or set when reminders go by themselves.

    \b
    Example:
      surveyapp letters reminders my-study --rule 1:before_closing:3:09:00:not_submitted --most 3
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        plan = get_plan(session, study_id=found.id)
        if rules or none or most is not None:
            kept = () if none else tuple(map(_rule, rules)) or plan.rules
            plan = ReminderPlan(kept, plan.most if most is None else most)
            set_plan(session, study=found, plan=plan, now=read_now(session), actor=ACTOR)
    for rule in plan.rules:
        hour = f"{rule.minute // 60:02}:{rule.minute % 60:02}"
        click.echo(f"{rule.number}:{rule.anchor}:{rule.days}:{hour}:{rule.audience}")
    click.echo(f"At most {plan.most} for one panellist in a round.")


def _rule(written: str) -> Rule:
    try:
        number, anchor, days, hour, minute, audience = written.split(":")
        numbers = int(number), int(days), int(hour) * 60 + int(minute)
    except ValueError as error:
        advice = "write it like 1:before_closing:3:09:00:not_submitted."
        raise InputError([Problem("--rule", f"'{written[:80]}' is no rule; {advice}")]) from error
    if anchor not in ANCHORS or audience not in AUDIENCES:
        known = f"{', '.join(ANCHORS)}; {', '.join(AUDIENCES)}"
        raise InputError(
            [Problem("--rule", f"'{written[:80]}' names what there is not; there are: {known}.")]
        )
    return Rule(numbers[0], anchor, numbers[1], numbers[2], audience)


for _command in (outbox_, retry, cancel, bounced, mailbox):
    letters.add_command(_command)
