"""``surveyapp reasons``: what experts wrote, out to a spreadsheet for coding, and back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.replies import marks, pass_on, refuse, replies
from surveyapp.exchange.reason_file import read_reason_file
from surveyapp.services.reading.reasons import list_reasons
from surveyapp.services.reasons.coding import ThemeAgreement, coder_agreement
from surveyapp.services.reasons.covering import Coverage, find_coverage
from surveyapp.services.reasons.from_sheet import import_reasons
from surveyapp.services.reasons.gathering import gather_reasons
from surveyapp.services.reasons.to_sheet import STATE_WORDS, export_reasons, find_last_closed_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_SHOWN_CHANGES = 50


@click.group()
def reasons() -> None:
    """Work on what experts wrote: take it out for coding, bring it back, see what is left."""


@reasons.command()
@click.argument("study")
@click.option("--round", "round_number", type=int, help="Which round; the last one closed when left out.")
@json_option
@installation
def status(here: Installation, *, study: str, round_number: int | None, as_json: bool) -> None:
    """Show how far the work on a closed round's reasons is, and what still keeps it from being released.

    \b
    Example:
      surveyapp reasons status systemic-ai-mitigations --round 1
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        number = round_number
        if number is None:
            number = find_last_closed_round(session, study_id=found.id)
        gather_reasons(session, study_id=found.id, round_number=number, now=read_now(session), actor=ACTOR)
        coverage = find_coverage(session, study_id=found.id, round_number=number)
        states = Counter(each.state for each in list_reasons(session, study_id=found.id, round_number=number))
        agreement = coder_agreement(session, study_id=found.id, round_number=number)
    if as_json:
        _print_status_as_json(study, number, coverage, states, agreement)
        return
    unit = "reason" if coverage.reasons == 1 else "reasons"
    click.echo(f"Round {number} of '{study}': {coverage.reasons} {unit}.")
    for state, word in STATE_WORDS.items():
        if states[state]:
            click.echo(f"  {word:<12} {states[state]:>5}")
    for line in coverage.problems:
        click.echo(f"To do: {line}")
    for line in coverage.warnings:
        click.echo(f"Please look at {line}")
    for each in agreement:
        share, kappa = each.agreement.share, each.agreement.kappa
        told = "no kappa: no variation" if kappa.number is None else f"kappa {kappa.number:.2f}"
        click.echo(
            f"Theme {each.theme}: {each.first} and {each.second} agree on "
            f"{100 * (share.number or 0):.0f} % of {share.n} ({told})."
        )
    if coverage.is_complete:
        click.echo("Every reason is accounted for.")


def _print_status_as_json(
    study: str,
    number: int,
    coverage: Coverage,
    states: Counter[str],
    agreement: tuple[ThemeAgreement, ...],
) -> None:
    print_json(
        {
            "study": study,
            "round": number,
            "reasons": coverage.reasons,
            "states": {state: states[state] for state in STATE_WORDS},
            "is_complete": coverage.is_complete,
            "uncovered": [
                {"item": each.item, "reasons": list(each.public_ids)} for each in coverage.uncovered
            ],
            "problems": list(coverage.problems),
            "warnings": list(coverage.warnings),
            "agreement": [
                {
                    "theme": each.theme,
                    "coders": [each.first, each.second],
                    "reasons": each.agreement.share.n,
                    "share": each.agreement.share.number,
                    "kappa": each.agreement.kappa.number,
                }
                for each in agreement
            ],
        }
    )


@reasons.command()
@click.argument("study")
@click.option("--round", "round_number", type=int, help="Which round; the last one closed when left out.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New file, .xlsx or .csv.")
@click.option("--coder", default="", metavar="NAME", help="Whose themes to write; nobody's when left out.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@json_option
@installation
def export(
    here: Installation,
    *,
    study: str,
    round_number: int | None,
    out: Path,
    coder: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write the reasons of a closed round to a spreadsheet, one row for each, without their authors.

    XLSX also holds the code book and the summaries; CSV holds the reasons alone. Change it, and bring it
    back with 'reasons import'.

    \b
    Example:
      surveyapp reasons export systemic-ai-mitigations --round 1 --coder "Ann" --out reasons-ann.xlsx
    """
    done = export_reasons(
        here.database,
        slug=study,
        out=out,
        actor=ACTOR,
        round_number=round_number,
        coder=" ".join(coder.split()),
        force=force,
    )
    if as_json:
        print_json(
            {
                "study": study,
                "round": done.round,
                "out": str(done.out),
                "reasons": done.reasons,
                "themes": done.themes,
                "sentences": done.sentences,
            }
        )
        return
    unit = "reason" if done.reasons == 1 else "reasons"
    click.echo(f"{done.reasons} {unit} of round {done.round} are in {done.out}.")
    click.echo("They are the experts' own words: keep the file to those who work on it.", err=True)


@reasons.command(name="import")
@click.argument("study")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--coder", default="", metavar="NAME", help="Whose themes these are.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@json_option
@installation
def import_(here: Installation, *, study: str, file: Path, coder: str, dry_run: bool, as_json: bool) -> None:
    """Do what was changed in FILE since it was exported; all of it, or nothing if a row is wrong.

    What somebody else has changed here since is never overwritten: such rows are listed, and nothing is
    imported. A file that was not changed changes nothing.

    \b
    Example:
      surveyapp reasons import systemic-ai-mitigations reasons-ann.xlsx --coder "Ann" --dry-run
    """
    read = read_reason_file(file)
    with here.database.verb(keep=not dry_run) as session:
        found = get_study(session, slug=study)
        done = import_reasons(
            session, study_id=found.id, file=read, now=read_now(session), actor=ACTOR, coder=coder
        )
    if as_json:
        print_json(
            {
                "study": study,
                "round": done.round,
                "coder": done.coder,
                "dry_run": dry_run,
                "changes": [
                    {"row": each.row or None, "name": each.name, "what": each.what} for each in done.changes
                ],
                "unchanged": done.unchanged,
            }
        )
        return
    for change in done.changes[:_SHOWN_CHANGES]:
        click.echo(str(change))
    if len(done.changes) > _SHOWN_CHANGES:
        click.echo(f"… and {len(done.changes) - _SHOWN_CHANGES} more like these; --json shows all.")
    unit = "change" if len(done.changes) == 1 else "changes"
    verb = "would be made" if dry_run else "made"
    click.echo(f"{len(done.changes)} {unit} {verb}; {done.unchanged} rows are as they were.")
    if dry_run:
        click.echo("Nothing was changed.")


for _command in (replies, pass_on, refuse, marks):
    reasons.add_command(_command)
