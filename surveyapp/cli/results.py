"""``surveyapp export``: take a study's data home."""

from __future__ import annotations

from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json, progress_bar
from surveyapp.services.exporting import export_study
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.studies import get_study


@click.command()
@click.argument("study")
@click.option("--format", "format_", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder, or a file NAME.zip.")
@click.option(
    "--exact", is_flag=True, help="Write texts exactly; a spreadsheet may then compute what begins with '='."
)
@json_option
@installation
def export(here: Installation, *, study: str, format_: str, out: Path, exact: bool, as_json: bool) -> None:
    """Export answers, panel (without identities), items, codebook and questionnaire.

    Refused while a round is open: until then there is progress to see, but no results.

    \b
    Example:
      surveyapp export systemic-ai-mitigations --format csv --out results.zip
    """
    with here.database.reading() as session:
        waiting = get_progress(session, study=get_study(session, slug=study)).panel
    with progress_bar("Exporting", waiting) as advance:
        summary = export_study(here.database, slug=study, out=out, exact=exact, actor=ACTOR, progress=advance)
    if as_json:
        print_json(
            {
                "study": study,
                "out": str(summary.out),
                "format": format_,
                "exact": summary.is_exact,
                "synthetic": summary.is_synthetic,
                "panellists": summary.panellists,
                "rows": summary.rows,
                "files": [each.name for each in summary.files],
            }
        )
        return
    label = " The panel is synthetic, and every file says so." if summary.is_synthetic else ""
    click.echo(
        f"{summary.rows} answers of {summary.panellists} panellists are in {summary.out} "
        f"({len(summary.files)} files).{label}"
    )
    if exact:
        click.echo("Texts are exact: do not open these files in a spreadsheet you do not trust.", err=True)
