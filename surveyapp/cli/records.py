"""``surveyapp audit`` and ``surveyapp jobs``: what was done in a study, and what is still to be done."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.delphi.receipts import canonical_json
from surveyapp.errors import InputError, Problem
from surveyapp.export.writers.csv import encoded
from surveyapp.export.writers.csv import lines as csv_lines
from surveyapp.services import queue
from surveyapp.services.local_times import read_time
from surveyapp.services.reading.audit import AuditFilter, AuditLine, audit_rows, iterate_audit
from surveyapp.services.reading.jobs import list_jobs
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.command()
@click.argument("study", required=False)
@click.option("--act", default="", help="Only this act, such as 'round.open', or all of a sort: 'round'.")
@click.option("--who", default="", help="Only what this organiser did, by address.")
@click.option("--since", metavar="TIME", help="From this time on: '2026-12-01 00:00'.")
@click.option("--until", metavar="TIME", help="Up to this time.")
@click.option("--out", type=click.Path(path_type=Path), help="Write a new CSV file instead.")
@json_option
@installation
def audit(
    here: Installation,
    *,
    study: str | None,
    act: str,
    who: str,
    since: str | None,
    until: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show who did what in a study, when and why, the earliest act first.

    Without a study: acts on the installation, such as accounts, and sign-ins with those that were refused.

    \b
    Example:
      surveyapp audit --act organiser.sign_in_refused
      surveyapp audit systemic-ai-mitigations --act round
      surveyapp audit systemic-ai-mitigations --out record.csv
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study) if study else None
        time_zone = found.time_zone if found else "UTC"
        wanted = AuditFilter(
            act=act,
            actor=who,
            since=_find_time(since, time_zone, "--since"),
            until=_find_time(until, time_zone, "--until"),
        )
        entries = list(iterate_audit(session, study_id=found.id if found else None, wanted=wanted))
    if out is not None:
        _write(out, entries)
        click.echo(f"{len(entries)} entries are in {out}.")
    elif as_json:
        print_json(
            [
                {
                    "at": iso(each.at),
                    "actor": each.actor,
                    "act": each.act,
                    "detail": dict(each.detail),
                    "reason": each.reason,
                }
                for each in entries
            ]
        )
    else:
        for each in entries:
            why = f"  {each.reason}" if each.reason else ""
            detail = canonical_json(dict(each.detail))
            click.echo(f"{iso(each.at)}  {each.actor:<24} {each.act:<22} {detail}{why}")


def _find_time(text: str | None, time_zone: str, option: str) -> datetime | None:
    return read_time(text, time_zone=time_zone, where=option) if text else None


def _write(out: Path, entries: list[AuditLine]) -> None:
    try:
        with out.open("xb") as stream:
            for line in csv_lines(audit_rows(entries), exact=False):
                stream.write(encoded(line))
    except FileExistsError as error:
        raise InputError([Problem(str(out), "it is there already; name a new file.")]) from error
    except OSError as error:
        raise InputError([Problem(str(out), f"it cannot be written: {error.strerror}.")]) from error


@click.group()
def jobs() -> None:
    """See what the worker does for a study by itself."""


@jobs.command(name="list")
@click.argument("study")
@json_option
@installation
def list_(here: Installation, *, study: str, as_json: bool) -> None:
    """List a study's jobs: those that could not be done first, then what waits, then what is done.

    \b
    Example:
      surveyapp jobs list systemic-ai-mitigations
    """
    with here.database.reading() as session:
        found = list_jobs(session, study_id=get_study(session, slug=study).id)
    if as_json:
        print_json(
            [
                {
                    "job": each.id,
                    "kind": each.kind,
                    "round": each.round,
                    "state": each.state,
                    "run_at": iso(each.run_at),
                    "done_at": iso(each.done_at) if each.done_at else None,
                    "attempts": each.attempts,
                    "error": each.error,
                }
                for each in found.lines
            ]
        )
        return
    if not found.lines:
        click.echo(f"'{study}' has no jobs.")
    for each in found.lines:
        trouble = f"  {each.error} at attempt {each.attempts}" if each.error else ""
        where = f"round {each.round}" if each.round is not None else ""
        due = iso(each.run_at)
        click.echo(f"{each.id:>6}  {each.state:<9} {each.kind:<14} {where:<9} due {due}{trouble}")


@jobs.command()
@click.argument("study")
@click.argument("job", type=click.IntRange(min=1))
@json_option
@installation
def again(here: Installation, *, study: str, job: int, as_json: bool) -> None:
    """Let a job that could not be done be tried again, from the first attempt on.

    \b
    Example:
      surveyapp jobs again systemic-ai-mitigations 17
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        queue.run_again(session, study_id=found.id, job_id=job, now=read_now(session), actor=ACTOR)
    if as_json:
        print_json({"study": study, "job": job, "state": "waiting"})
        return
    click.echo(f"Job {job} of '{study}' is tried again as soon as a worker has its turn.")
