"""``surveyapp init-db``, ``backup`` and ``restore``: the operator's side."""

from __future__ import annotations

from pathlib import Path

import click

from surveyapp.cli.frame import Installation, installation, json_option, print_json, progress_bar
from surveyapp.services import erasure_list, operations
from surveyapp.services.schema import migrate


@click.command(name="init-db")
@installation
def init_db(here: Installation) -> None:
    """Set the database up, or bring an older one up to date. Running it again changes nothing.

    \b
    Example:
      surveyapp init-db
    """
    revision = migrate(here.unchecked)
    click.echo(f"The database is ready (schema {revision}).")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
@installation
def backup(here: Installation, *, file: Path, as_json: bool) -> None:
    """Write everything the database holds to FILE (a zip), while people go on answering.

    The backup holds names, addresses and answers: keep it as safe as the database itself.

    \b
    Example:
      surveyapp backup surveyapp-2026-12-12.zip
    """
    with progress_bar("Backing up", operations.count_rows(here.database)) as advance:
        summary = operations.backup(here.database, file=file, progress=advance)
    if as_json:
        print_json({"file": str(file), "rows": summary.rows})
        return
    click.echo(f"{summary.rows} rows are in {file}.")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
@installation
def restore(here: Installation, *, file: Path, as_json: bool) -> None:
    """Read a backup into a new, empty database of either kind; all of it, or nothing.

    Whoever was erased since the backup was made is erased again: the list of them lies in the data folder,
    in erasures.jsonl. Take the file along to another machine.

    \b
    Example:
      surveyapp init-db && surveyapp restore surveyapp-2026-12-12.zip
    """
    rows = operations.verify(file).rows
    with progress_bar("Restoring", rows) as advance:
        summary = operations.restore(here.database, file=file, progress=advance)
    again = erasure_list.settle(here.database, folder=here.config.data_dir)
    if as_json:
        print_json({"file": str(file), "rows": summary.rows, "erased_again": again})
        return
    click.echo(f"{summary.rows} rows of {file} are in the database.")
    if again:
        people = "person was" if again == 1 else "people were"
        click.echo(f"{again} {people} erased after this backup was made, and erased again.")
