"""``surveyapp round``: open and close rounds, and see how the current one goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.proposals import tell_unread
from surveyapp.cli.round_options import number_option, reason_option, show_time
from surveyapp.cli.round_results import stopping_json, stopping_lines
from surveyapp.cli.wordings import COMMANDS as WORDINGS
from surveyapp.clock import iso
from surveyapp.delphi.feedback import ReleaseContent
from surveyapp.services import admitting, releasing, rounds
from surveyapp.services.local_times import read_time
from surveyapp.services.reading.progress import STANDINGS, RoundProgress, get_progress
from surveyapp.services.reading.proposals import read_waiting
from surveyapp.services.round_plans import collected_only
from surveyapp.services.stopping import read_stopping
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.group(name="round")
def round_() -> None:
    """Open and close rounds, and see how they go."""


cohort_option = click.option(
    "--cohort", default="", metavar="TAG", help="Only for panellists with this tag, where cohorts overlap."
)
closes_option = click.option(
    "--closes", metavar="TIME", help="Deadline, in the study's time zone: '2026-12-12 18:00'."
)


@round_.command(name="open")
@click.argument("study")
@closes_option
@cohort_option
@json_option
@installation
def open_(here: Installation, *, study: str, closes: str | None, cohort: str, as_json: bool) -> None:
    """Open the study's next round, or now the one that is scheduled.

    \b
    Example:
      surveyapp round open systemic-ai-mitigations --closes "2026-12-12 18:00"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        closes_at = read_time(closes, time_zone=found.time_zone, where="--closes") if closes else None
        opened = rounds.open_round(
            session, study=found, now=read_now(session), actor=ACTOR, closes_at=closes_at, cohort=cohort
        )
        zone = found.time_zone
        waiting = read_waiting(session, study_id=found.id)
    until = f"until {show_time(opened.closes_at, zone)}" if opened.closes_at else "until you close it"
    _tell(opened, study, as_json, f"is open {until}. Next: surveyapp links {study}")
    _tell_waiting(waiting, study)


@round_.command()
@click.argument("study")
@click.option("--opens", required=True, metavar="TIME", help="When it opens: '2026-12-01 09:00'.")
@closes_option
@cohort_option
@json_option
@installation
def schedule(
    here: Installation, *, study: str, opens: str, closes: str | None, cohort: str, as_json: bool
) -> None:
    """Let the next round open by itself; giving other times moves it.

    The worker opens it ('surveyapp serve' runs one).

    \b
    Example:
      surveyapp round schedule systemic-ai-mitigations --opens "2026-12-01 09:00" --closes "2026-12-12 18:00"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        zone = found.time_zone
        planned = rounds.schedule_round(
            session,
            study=found,
            now=read_now(session),
            actor=ACTOR,
            opens_at=read_time(opens, time_zone=zone, where="--opens"),
            closes_at=read_time(closes, time_zone=zone, where="--closes") if closes else None,
            cohort=cohort,
        )
    assert planned.opens_at is not None
    _tell(planned, study, as_json, f"opens {show_time(planned.opens_at, zone)}.")


@round_.command()
@click.argument("study")
@click.option("--closes", required=True, metavar="TIME", help="The later deadline: '2026-12-19 18:00'.")
@reason_option
@number_option
@json_option
@installation
def extend(
    here: Installation, *, study: str, closes: str, reason: str, number: int | None, as_json: bool
) -> None:
    """Move the deadline of an open round to a later time.

    \b
    Example:
      surveyapp round extend systemic-ai-mitigations --closes "2026-12-19 18:00" --reason "asked for by many"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        extended = rounds.extend_round(
            session,
            study=found,
            closes_at=read_time(closes, time_zone=found.time_zone, where="--closes"),
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
            number=number,
        )
        zone = found.time_zone
    assert extended.closes_at is not None
    _tell(extended, study, as_json, f"now closes {show_time(extended.closes_at, zone)}.")


@round_.command()
@click.argument("study")
@number_option
@json_option
@installation
def close(here: Installation, *, study: str, number: int | None, as_json: bool) -> None:
    """Close the open round; what arrives later is kept apart and never counted.

    \b
    Example:
      surveyapp round close systemic-ai-mitigations
    """
    closed = rounds.close_round(here.database, slug=study, actor=ACTOR, number=number)
    with here.database.reading() as session:
        study_id = get_study(session, slug=study).id
    # The worker would do this too; whoever closes by hand wants to go on at once.
    releasing.settle_round(here.database, study_id=study_id, number=closed.number, actor=ACTOR)
    following = "proposals list" if collected_only(closed) else "results"
    _tell(closed, study, as_json, f"is closed. Next: surveyapp {following} {study}")


@round_.command()
@click.argument("study")
@click.option("--note", default="", help="What the organisers say to the panel beside the figures.")
@click.option(
    "--figures-first",
    is_flag=True,
    help="Release the figures before reasons and decisions are ready; what is missing stands in the record.",
)
@number_option
@json_option
@installation
def release(
    here: Installation, *, study: str, note: str, figures_first: bool, number: int | None, as_json: bool
) -> None:
    """Release a closed round's feedback to the panel; from then on nothing of it changes.

    Refused while reasons are not accounted for or items have no decision. That proposals have found no place
    yet is pointed out.

    \b
    Example:
      surveyapp round release systemic-ai-mitigations
    """
    released = releasing.release_round(
        here.database, slug=study, actor=ACTOR, number=number, figures_first=figures_first, note=note
    )
    content = ReleaseContent.from_canonical(released.content)
    with here.database.reading() as session:
        waiting = read_waiting(session, study_id=released.study_id)
        stopping = read_stopping(session, study=get_study(session, slug=study))
    if as_json:
        print_json(
            {
                "study": study,
                "round": released.round,
                "release": released.number,
                "sha256": released.content_sha256,
                "input_sha256": released.input_sha256,
                "submissions": released.submissions,
                "reasons": len(content.reasons),
                "missing": list(content.missing),
                "unread_proposals": sum(waiting.values()),
                "stopping": stopping_json(stopping),
            }
        )
        return
    click.echo(
        f"Round {released.round} of '{study}' is released: {released.submissions} submissions, "
        f"{len(content.reasons)} reasons. SHA-256 {released.content_sha256}"
    )
    for line in content.missing:
        click.echo(f"Not released yet: {line}")
    _tell_waiting(waiting, study)
    for line in stopping_lines(stopping) if stopping is not None else ():
        click.echo(line)
    if stopping is not None and stopping.verdict.stops:
        click.echo(f"Whether the study ends here, a person decides. Next: surveyapp results {study}")
    else:
        click.echo(f"Next: surveyapp round open {study}")


@round_.command()
@click.argument("study")
@reason_option
@closes_option
@number_option
@json_option
@installation
def reopen(
    here: Installation, *, study: str, reason: str, closes: str | None, number: int | None, as_json: bool
) -> None:
    """Open a closed round again; only before its feedback is released.

    \b
    Example:
      surveyapp round reopen systemic-ai-mitigations --closes "2026-12-19 18:00" --reason "links were blocked"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        reopened = rounds.reopen_round(
            session,
            study=found,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
            closes_at=read_time(closes, time_zone=found.time_zone, where="--closes") if closes else None,
            number=number,
        )
        zone = found.time_zone
    until = f"until {show_time(reopened.closes_at, zone)}" if reopened.closes_at else "until you close it"
    _tell(reopened, study, as_json, f"is open again {until}.")


@round_.command()
@click.argument("study")
@reason_option
@number_option
@json_option
@installation
def cancel(here: Installation, *, study: str, reason: str, number: int | None, as_json: bool) -> None:
    """Call a round off. What was answered in it is kept and counts nowhere.

    \b
    Example:
      surveyapp round cancel systemic-ai-mitigations --reason "the wrong questionnaire"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        cancelled = rounds.cancel_round(
            session, study=found, reason=reason, now=read_now(session), actor=ACTOR, number=number
        )
    _tell(cancelled, study, as_json, "is cancelled.")


@round_.command()
@click.argument("study")
@click.argument("pseudonym")
@reason_option
@number_option
@json_option
@installation
def admit(
    here: Installation, *, study: str, pseudonym: str, reason: str, number: int | None, as_json: bool
) -> None:
    """Let in what a panellist gave too late, before the round is released; reports say so.

    \b
    Example:
      surveyapp round admit systemic-ai-mitigations 7KQ2M --reason "the mail server was down on the last day"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        chosen = rounds.get_round(session, study_id=found.id, number=number).number
        admitted = admitting.admit_late(
            session,
            study=found,
            number=chosen,
            pseudonym=pseudonym,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    if as_json:
        print_json({"study": study, "round": chosen, "pseudonym": pseudonym, "sha256": admitted.sha256})
        return
    click.echo(f"What {pseudonym} gave in round {chosen} of '{study}' counts now. Every report says why.")


def _tell_waiting(waiting: Mapping[int, int], study: str) -> None:
    """Beside what was asked for, on standard error: a program that reads the rest is not disturbed."""
    for number, unread in waiting.items():
        click.echo(tell_unread(unread, study=study, number=number), err=True)


def _tell(of: Any, study: str, as_json: bool, what: str) -> None:
    if not as_json:
        click.echo(f"Round {of.number} of '{study}' {what}")
        return
    names = ("opens_at", "opened_at", "closes_at", "closed_at")
    times = {name: iso(getattr(of, name)) if getattr(of, name) else None for name in names}
    print_json({"study": study, "round": of.number, "state": of.state, "cohort": of.cohort, **times})


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
    what = " (collects items)" if each.collects else ""
    click.echo(f"\nRound {each.number}{what}: {each.state}{end}")
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
        "collects_items": each.collects,
        "state": each.state,
        **{name: iso(moment) if moment else None for name, moment in times.items()},
        **asdict(each.counts),
        "late_drafts": each.late,
        "groups": [
            {"group": group.group, "title": group.title, **asdict(group.counts)} for group in each.groups
        ],
        "days": [{"day": day.day.isoformat(), "submitted": day.submitted} for day in each.days],
    }


for _command in WORDINGS:
    round_.add_command(_command)
