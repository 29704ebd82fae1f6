"""``surveyapp study archive|unarchive|delete|keep|deleted``: put a study away, and delete it."""

from __future__ import annotations

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.services import archiving
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.command()
@click.argument("slug", metavar="STUDY")
@installation
def archive(here: Installation, *, slug: str) -> None:
    """Put a study away: it can be read and exported, and nothing in it changes any more.

    \b
    Example:
      surveyapp study archive my-study
    """
    with here.database.verb() as session:
        study = get_study(session, slug=slug)
        archiving.archive_study(session, study=study, now=read_now(session), actor=ACTOR)
    click.echo(f"'{slug}' is archived. To bring it back: surveyapp study unarchive {slug}")


@click.command()
@click.argument("slug", metavar="STUDY")
@installation
def unarchive(here: Installation, *, slug: str) -> None:
    """Bring an archived study back.

    \b
    Example:
      surveyapp study unarchive my-study
    """
    with here.database.verb() as session:
        study = get_study(session, slug=slug)
        archiving.unarchive_study(session, study=study, now=read_now(session), actor=ACTOR)
    click.echo(f"'{slug}' is back.")


@click.command()
@click.argument("slug", metavar="STUDY")
@click.option("--confirm", metavar="STUDY", required=True, help="The short name once more, typed by hand.")
@installation
def delete(here: Installation, *, slug: str, confirm: str) -> None:
    """Have a study deleted, with its panel and every answer, after the waiting time of this installation.

    Until then it is archived, and `study keep` calls the deletion back.

    \b
    Example:
      surveyapp study delete my-study --confirm my-study
    """
    with here.database.verb() as session:
        when = archiving.ask_to_delete(
            session,
            study=get_study(session, slug=slug),
            typed_slug=confirm,
            wait_days=here.config.deletion_days,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"'{slug}' will be deleted {iso(when)}. To call that back: surveyapp study keep {slug}")


@click.command()
@click.argument("slug", metavar="STUDY")
@installation
def keep(here: Installation, *, slug: str) -> None:
    """Call the deletion of a study back; it stays archived.

    \b
    Example:
      surveyapp study keep my-study
    """
    with here.database.verb() as session:
        study = get_study(session, slug=slug)
        archiving.keep_study(session, study=study, now=read_now(session), actor=ACTOR)
    click.echo(f"'{slug}' stays. It is archived; to bring it back: surveyapp study unarchive {slug}")


@click.command()
@json_option
@installation
def deleted(here: Installation, *, as_json: bool) -> None:
    """List studies that were deleted: what they were called, and when; nothing else is left of them.

    \b
    Example:
      surveyapp study deleted
    """
    with here.database.reading() as session:
        rows = [
            {"slug": each.slug, "deleted_at": iso(each.deleted_at)}
            for each in archiving.list_deleted(session)
        ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("No study was ever deleted here.")
    for row in rows:
        click.echo(f"{row['slug']:<32} {row['deleted_at']}")


COMMANDS = (archive, unarchive, delete, keep, deleted)
