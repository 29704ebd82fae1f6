"""``surveyapp proposals export|import``: out to a spreadsheet, and back with what becomes of each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.exchange.proposal_file import read_proposal_file
from surveyapp.services.proposals.from_sheet import place_from_sheet
from surveyapp.services.proposals.to_sheet import export_proposals
from surveyapp.services.reading.proposals import find_collected_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

round_option = click.option(
    "--round", "number", type=click.IntRange(min=0), help="Which round; the last one closed when left out."
)


def count_of(number: int, unit: str) -> str:
    """How many, with its unit: ``3 proposals``."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


@click.command()
@click.argument("study")
@round_option
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New file, .xlsx or .csv.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@json_option
@installation
def export(
    here: Installation, *, study: str, number: int | None, out: Path, force: bool, as_json: bool
) -> None:
    """Write the proposals of a closed round to a spreadsheet, one row for each, without their authors.

    Fill in what is to become of each, and bring it back with 'proposals import'.

    \b
    Example:
      surveyapp proposals export my-study --round 0 --out proposals.xlsx
    """
    done = export_proposals(here.database, slug=study, out=out, actor=ACTOR, round_number=number, force=force)
    if as_json:
        print_json({"study": study, "round": done.round, "out": str(out), "proposals": done.proposals})
        return
    click.echo(f"{count_of(done.proposals, 'proposal')} of round {done.round} are in {done.out}.")
    click.echo("They are the experts' own words: keep the file to those who work on it.", err=True)


@click.command(name="import")
@click.argument("study")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@round_option
@click.option("--reason", required=True, help="Why the new items are made; experts may read it.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@json_option
@installation
def import_(
    here: Installation,
    *,
    study: str,
    file: Path,
    number: int | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Do what was filled in in FILE since it was exported: all of it, or nothing if a row is wrong.

    What has found another place here since is never overwritten.

    \b
    Example:
      surveyapp proposals import my-study proposals.xlsx --reason "proposed by the panel" --dry-run
    """
    rows = read_proposal_file(file)
    with here.database.verb(keep=not dry_run) as session:
        found = get_study(session, slug=study)
        done = place_from_sheet(
            session,
            study=found,
            round_number=find_collected_round(session, study_id=found.id) if number is None else number,
            file=file.name,
            rows=rows,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    if as_json:
        print_json({"study": study, "dry_run": dry_run, **asdict(done)})
        return
    click.echo(
        f"{count_of(done.items, 'new item')}; {done.grouped} grouped, {done.covered} covered, "
        f"{done.set_aside} set aside, {done.redacted} redacted; {count_of(done.left, 'row')} left as is."
    )
    if dry_run:
        click.echo("Nothing was changed.")
