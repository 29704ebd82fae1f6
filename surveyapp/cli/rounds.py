"""``surveyapp round``: open and close rounds, and see how the current one goes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import as_utc, iso
from surveyapp.errors import InputError, Problem
from surveyapp.services import rounds
from surveyapp.services.reading.progress import STANDINGS, RoundProgress, get_progress
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.group(name="round")
def round_() -> None:
    """Open and close rounds, and see how they go."""


@round_.command(name="open")
@click.argument("study")
@click.option("--closes", metavar="TIME", help="Deadline, in the study's time zone: '2026-12-12 18:00'.")
@json_option
@installation
def open_(here: Installation, *, study: str, closes: str | None, as_json: bool) -> None:
    """Open the study's next round.

    \b
    Example:
      surveyapp round open systemic-ai-mitigations --closes "2026-12-12 18:00"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        closes_at = read_time(closes, time_zone=found.time_zone) if closes else None
        opened = rounds.open_round(
            session, study=found, now=read_now(session), actor=ACTOR, closes_at=closes_at
        )
        number, zone = opened.number, found.time_zone
    if as_json:
        print_json({"study": study, "round": number, "closes_at": iso(closes_at) if closes_at else None})
        return
    until = f"until {show_time(closes_at, zone)}" if closes_at else "until you close it"
    click.echo(f"Round {number} of '{study}' is open {until}. Next: surveyapp links {study}")


@round_.command()
@click.argument("study")
@json_option
@installation
def close(here: Installation, *, study: str, as_json: bool) -> None:
    """Close the open round; what arrives later is kept apart and never counted.

    \b
    Example:
      surveyapp round close systemic-ai-mitigations
    """
    closed = rounds.close_round(here.database, slug=study, actor=ACTOR)
    if as_json:
        at = iso(closed.closed_at) if closed.closed_at else None
        print_json({"study": study, "round": closed.number, "closed_at": at})
        return
    click.echo(f"Round {closed.number} of '{study}' is closed. Next: surveyapp export {study} --out FOLDER")


@round_.command()
@click.argument("study")
@json_option
@installation
def status(here: Installation, *, study: str, as_json: bool) -> None:
    """Show how the rounds go: who submitted, who is on the way. Never what was answered.

    \b
    Example:
      surveyapp round status systemic-ai-mitigations
    """
    with here.database.reading() as session:
        progress = get_progress(session, study=get_study(session, slug=study))
    if as_json:
        print_json(
            {
                "study": study,
                "title": progress.title,
                "synthetic": progress.is_synthetic,
                "panel": progress.panel,
                "rounds": [_as_json(each) for each in progress.rounds],
            }
        )
        return
    click.echo(progress.title + ("  (synthetic panel)" if progress.is_synthetic else ""))
    if not progress.rounds:
        click.echo(f"{progress.panel} on the panel, no round yet. Next: surveyapp round open {study}")
    for each in progress.rounds:
        _print_round(each, progress.time_zone)


def _print_round(each: RoundProgress, zone: str) -> None:
    end = ""
    if each.state == "open":
        end = f", closes {show_time(each.closes_at, zone)}" if each.closes_at else ", no deadline"
    elif each.closed_at is not None:
        end = f" since {show_time(each.closed_at, zone)}"
    click.echo(f"\nRound {each.number}: {each.state}{end}")
    counts = asdict(each.counts)
    for standing in STANDINGS:
        click.echo(f"  {standing.replace('_', ' '):<14} {counts[standing]:>5} of {each.counts.panel}")
    if each.late:
        click.echo(f"  {'late drafts':<14} {each.late:>5} (kept, not counted)")
    for group in each.groups:
        click.echo(f"  {group.title[:40]:<42} {group.counts.submitted:>4} of {group.counts.panel} submitted")


def _as_json(each: RoundProgress) -> dict[str, object]:
    times = {name: getattr(each, name) for name in ("opened_at", "closes_at", "closed_at")}
    return {
        "round": each.number,
        "state": each.state,
        **{name: iso(moment) if moment else None for name, moment in times.items()},
        **asdict(each.counts),
        "late_drafts": each.late,
        "groups": [
            {"group": group.group, "title": group.title, **asdict(group.counts)} for group in each.groups
        ],
        "days": [{"day": day.day.isoformat(), "submitted": day.submitted} for day in each.days],
    }


def read_time(text: str, *, time_zone: str) -> datetime:
    """A moment as an organiser writes it, in the study's zone unless it names an offset of its own."""
    moment = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(text.strip())
    # A bare date would mean its first minute, which nobody means by a deadline.
    if moment is None or len(text.strip()) <= len("2026-12-12"):
        raise InputError([Problem("--closes", f"'{text}' is no time; write it like '2026-12-12 18:00'.")])
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone))
        if moment.astimezone(ZoneInfo("UTC")).astimezone(moment.tzinfo).replace(fold=0) != moment.replace(
            fold=0
        ):
            raise InputError(
                [Problem("--closes", f"'{text}' does not exist in {time_zone}: clocks are put forward then.")]
            )
    return as_utc(moment)


def show_time(moment: datetime, time_zone: str) -> str:
    """A moment as people in the study's zone read it: ``2026-12-12 18:00 Europe/Berlin``."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M} {time_zone}"
