"""``surveyapp panel`` and ``surveyapp links``: who is on the panel, and how they get in."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

import click

from surveyapp.cli import panellists, registrations
from surveyapp.cli.frame import (
    ACTOR,
    Installation,
    installation,
    json_option,
    print_json,
    private_file,
    progress_bar,
)
from surveyapp.errors import InputError, PanelError, Problem
from surveyapp.exchange.panel_file import COLUMNS, read_headings, read_panel_file
from surveyapp.services import panel as panels
from surveyapp.services.instruments import get_instrument
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_SHOWN_WARNINGS = 50


@click.group()
def panel() -> None:
    """Bring panellists in, and look after each of them."""


for _command in (
    panellists.show,
    panellists.change,
    panellists.invite,
    panellists.link,
    panellists.export,
    panellists.withdraw,
    panellists.erase,
    registrations.registration,
    registrations.requests,
    registrations.approve,
    registrations.refuse,
    registrations.names,
):
    panel.add_command(_command)


@panel.command(name="import")
@click.argument("study")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="TITLE=WHAT",
    help="What a column holds whose title is not understood, for example Kontakt=email; WHAT may be empty.",
)
@click.option("--leave-out-known", is_flag=True, help="Pass over rows of people who are on the panel.")
@json_option
@installation
def import_(
    here: Installation,
    *,
    study: str,
    file: Path,
    dry_run: bool,
    columns: tuple[str, ...],
    leave_out_known: bool,
    as_json: bool,
) -> None:
    """Add the people in FILE (CSV or XLSX) to the panel; all of them, or none if a row is wrong.

    The first row names the columns: name, e-mail, group, tags, language, time zone. Their order is free, and
    their names may be German. Addresses are compared without regard to upper and lower case.

    \b
    Example:
      surveyapp panel import systemic-ai-mitigations experts.xlsx --dry-run
    """
    read = read_panel_file(file, _say_columns(file, columns) if columns else None)
    with progress_bar("Adding panellists", len(read.rows)) as advance:
        try:
            with here.database.verb(keep=not dry_run) as session:
                found = get_study(session, slug=study)
                instrument = get_instrument(session, study_id=found.id, number=found.questionnaire_number)
                result = panels.import_panel(
                    session,
                    study=found,
                    questionnaire=instrument.questionnaire,
                    rows=read.rows,
                    now=read_now(session),
                    actor=ACTOR,
                    link_key=here.link_key,
                    is_synthetic=found.is_synthetic,
                    leaves_out_known=leave_out_known,
                    progress=advance,
                )
        except PanelError as error:
            unit = "problem" if len(error.problems) == 1 else "problems"
            last = Problem("", f"{len(error.problems)} {unit} in {file.name}; nobody was added.")
            raise PanelError([*error.problems, last]) from error
    _report(result, read.ignored_columns, study=study, dry_run=dry_run, as_json=as_json)


def _say_columns(file: Path, written: tuple[str, ...]) -> dict[int, str]:
    titles = [heading.title for heading in read_headings(file)]
    said, problems = {}, []
    for each in written:
        title, _, what = each.rpartition("=")
        what = what.strip().replace("-", "_").replace(" ", "_")
        if title not in titles:
            problems.append(Problem(f"--column {each}", f"the sheet has no column '{title}'."))
        elif what and what not in COLUMNS:
            problems.append(Problem(f"--column {each}", f"write one of: {', '.join(COLUMNS)}."))
        else:
            said[titles.index(title)] = what
    if problems:
        raise InputError(problems)
    return said


def _report(
    result: panels.PanelImport, ignored: tuple[str, ...], *, study: str, dry_run: bool, as_json: bool
) -> None:
    if as_json:
        print_json(
            {
                "added": 0 if dry_run else result.added,
                "would_add": result.added,
                "left_out": result.left_out,
                "dry_run": dry_run,
                "groups": dict(result.by_group),
                "warnings": [{"where": each.where, "what": each.what} for each in result.warnings],
                "ignored_columns": list(ignored),
            }
        )
        return
    for title in ignored:
        click.echo(f"The column '{title}' is not used.", err=True)
    for warning in result.warnings[:_SHOWN_WARNINGS]:
        click.echo(f"Please look at {warning}", err=True)
    if len(result.warnings) > _SHOWN_WARNINGS:
        rest = len(result.warnings) - _SHOWN_WARNINGS
        click.echo(f"… and {rest} more like these; --json shows all.", err=True)
    verb = "Would add" if dry_run else "Added"
    unit = "panellist" if result.added == 1 else "panellists"
    click.echo(f"{verb} {result.added} {unit} to '{study}'.")
    for group, number in sorted(result.by_group.items()):
        if group:
            click.echo(f"  {group:<32} {number:>5}")
    if result.left_out:
        click.echo(f"Left out, because they are on the panel already: {result.left_out}.")
    if dry_run:
        click.echo("Nothing was changed.")


@click.command()
@click.argument("study")
@click.option("--out", type=click.Path(path_type=Path), help="CSV file that only you can read.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@json_option
@installation
def links(here: Installation, *, study: str, out: Path | None, force: bool, as_json: bool) -> None:
    """List the personal links of everybody who still takes part.

    A link is a key: whoever has it can answer in that person's place. Keep the file to yourself, and
    delete it when the letters are out.

    \b
    Example:
      surveyapp links systemic-ai-mitigations --out links.csv
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        rows = list(
            panels.list_links(session, study=found, link_key=here.link_key, base_url=here.config.base_url)
        )
        panels.record_links_taken(session, study=found, now=read_now(session), actor=ACTOR, count=len(rows))
    if out is not None:
        _write_private(out, rows, force=force)
        click.echo(f"{len(rows)} links are in {out}.", err=True)
    elif as_json:
        print_json([{"name": row.name, "email": row.email, "link": row.link} for row in rows])
    else:
        _write_csv(sys.stdout, rows)
    click.echo("Links are keys: whoever has one can answer in that person's place.", err=True)


def _write_private(out: Path, rows: Iterable[panels.PersonalLink], *, force: bool) -> None:
    if force:
        out.unlink(missing_ok=True)
    with private_file(out, encoding="utf-8-sig", way_out="name another one, or add --force") as stream:
        _write_csv(stream, rows)


def _write_csv(stream: TextIO, rows: Iterable[panels.PersonalLink]) -> None:
    writer = csv.writer(stream)
    writer.writerow(("name", "e-mail", "link"))
    for row in rows:
        writer.writerow((_defuse(row.name), _defuse(row.email), row.link))


def _defuse(text: str) -> str:
    # Spreadsheets compute what begins like this, whoever wrote it.
    return f"'{text}" if text.lstrip(" '\"").startswith(("=", "+", "-", "@", "\uff1d")) else text
