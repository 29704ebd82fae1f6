"""``surveyapp study copy|rehearse``: a study once more, and rehearsed with an invented panel."""

from __future__ import annotations

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.services import staging
from surveyapp.services.copying import copy_study
from surveyapp.services.rehearsing import Part, play_part
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


@click.command()
@click.argument("slug", metavar="STUDY")
@click.option("--title", required=True, help="Title of the copy, as experts read it.")
@click.option("--slug", "new_slug", help="Its short name; made from the title when left out.")
@click.option("--with-panel", is_flag=True, help="Bring everybody along who still takes part, on new seats.")
@click.option("--owner", default="", metavar="EMAIL", help="Organiser who owns the copy.")
@json_option
@installation
def copy(
    here: Installation,
    *,
    slug: str,
    title: str,
    new_slug: str | None,
    with_panel: bool,
    owner: str,
    as_json: bool,
) -> None:
    """Copy a study: questionnaire, settings, letters, reminders, and its protocol as a draft; never answers.

    \b
    Example:
      surveyapp study copy my-study --title "My study, next year" --with-panel
    """
    with here.database.verb() as session:
        made = copy_study(
            session,
            study=get_study(session, slug=slug),
            title=title,
            slug=new_slug,
            link_key=here.link_key,
            with_panel=with_panel,
            owner=owner,
            now=read_now(session),
            actor=ACTOR,
        )
        name = made.study.slug
    if as_json:
        print_json({"slug": name, "title": title, "people": made.people, "left_out": made.left_out})
        return
    click.echo(f"Made '{name}' from '{slug}', with {made.people} people on its panel.")
    if made.left_out:
        click.echo(f"{made.left_out} were left out: they take part no more, or want no letters.")


@click.command()
@click.argument("slug", metavar="STUDY")
@click.option(
    "--people",
    default=staging.USUAL,
    show_default=True,
    type=click.IntRange(staging.FEWEST, staging.MOST),
    help="How many invented panellists.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same.")
@click.option("--remove", is_flag=True, help="Take the rehearsal away instead, whole and at once.")
@installation
def rehearse(here: Installation, *, slug: str, people: int, seed: int, remove: bool) -> None:
    """Rehearse a study: another one beside it, with an invented panel that plays the whole protocol.

    It is labelled synthetic everywhere, and nothing of it comes into the study itself.

    \b
    Example:
      surveyapp study rehearse my-study --people 40
      surveyapp study rehearse my-study --remove
    """
    if remove:
        with here.database.verb() as session:
            staging.remove_rehearsal(
                session, study=get_study(session, slug=slug), now=read_now(session), actor=ACTOR
            )
        click.echo(f"The rehearsal of '{slug}' is gone.")
        return
    with here.database.verb() as session:
        made = staging.stage(
            session,
            study=get_study(session, slug=slug),
            people=people,
            link_key=here.link_key,
            now=read_now(session),
            actor=ACTOR,
            seed=seed,
            is_asked=False,
        )
        name = made.slug
    part = Part()
    while not part.is_over:
        part = play_part(
            here.database,
            slug=name,
            link_key=here.link_key,
            actor=ACTOR,
            after=part.after,
            most=people,
            seed=seed,
        )
    click.echo(f"'{name}' was played to its end. Next: surveyapp results {name}")


COMMANDS = (copy, rehearse)
