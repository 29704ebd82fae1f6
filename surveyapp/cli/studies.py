"""``surveyapp study``: create studies from questionnaire files, change and list them."""

from __future__ import annotations

from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.questionnaires import load_questionnaire
from surveyapp.cli.study_copies import COMMANDS as COPIES
from surveyapp.cli.study_ends import COMMANDS as ENDS
from surveyapp.clock import iso
from surveyapp.services import accounts
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.studies import change_study, create_study, get_study, list_studies
from surveyapp.services.unit import read_now


@click.group()
def study() -> None:
    """Create, list, copy, rehearse, archive and delete studies."""


@study.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--title", required=True, help="Title as experts read it.")
@click.option("--slug", help="Name in addresses and commands; made from the title when left out.")
@click.option("--organisation", default="", help="Who runs the study.")
@click.option("--contact-email", default="", help="Address that experts can write to.")
@click.option("--time-zone", default="UTC", show_default=True, help="Zone in which deadlines are shown.")
@click.option("--rounds", default=1, show_default=True, help="How many rounds are planned.")
@click.option("--synthetic", is_flag=True, help="Label the study as a rehearsal with an invented panel.")
@click.option("--owner", metavar="EMAIL", help="Organiser who may see the study after signing in.")
@json_option
@installation
def create(
    here: Installation,
    *,
    file: Path,
    title: str,
    slug: str | None,
    organisation: str,
    contact_email: str,
    time_zone: str,
    rounds: int,
    synthetic: bool,
    owner: str | None,
    as_json: bool,
) -> None:
    """Create a study that asks the questionnaire in FILE.

    The study keeps its own copy: changing the file later does not change the study.

    \b
    Example:
      surveyapp study create questionnaires/systemic-risk-mitigations.yaml \\
        --title "Mitigations for systemic AI risks" --slug systemic-ai-mitigations \\
        --contact-email team@example.org --time-zone Europe/Berlin
    """
    loaded = load_questionnaire(file)
    with here.database.verb() as session:
        now = read_now(session)
        made = create_study(
            session,
            questionnaire=loaded,
            source=file.read_text(encoding="utf-8"),
            title=title,
            slug=slug,
            now=now,
            actor=ACTOR,
            organisation=organisation,
            contact_email=contact_email,
            time_zone=time_zone,
            planned_rounds=rounds,
            is_synthetic=synthetic,
        )
        if owner:
            accounts.grant(session, email=owner, study=made, role="owner", now=now, actor=ACTOR)
        name = made.slug
    if as_json:
        print_json({"slug": name, "title": title})
    else:
        click.echo(f"Created the study '{name}'. Next: surveyapp panel import {name} PANEL.csv")


@study.command()
@click.argument("slug", metavar="STUDY")
@click.option("--title", help="Title as experts read it.")
@click.option("--organisation", help="Who runs the study.")
@click.option("--contact-email", help="Address that experts can write to.")
@click.option("--time-zone", help="Zone in which deadlines are shown.")
@installation
def change(
    here: Installation,
    *,
    slug: str,
    title: str | None,
    organisation: str | None,
    contact_email: str | None,
    time_zone: str | None,
) -> None:
    """Change what a study is called and what experts are told; what is left out stays as it is.

    The slug stays for good: it stands in personal links.

    \b
    Example:
      surveyapp study change my-study --contact-email team@example.org
    """
    with here.database.verb() as session:
        found = get_study(session, slug=slug)
        is_changed = change_study(
            session,
            study=found,
            title=found.title if title is None else title,
            organisation=found.organisation if organisation is None else organisation,
            contact_email=found.contact_email if contact_email is None else contact_email,
            time_zone=found.time_zone if time_zone is None else time_zone,
            now=read_now(session),
            actor=ACTOR,
        )
    click.echo(f"Changed '{slug}'." if is_changed else "There was nothing to change.")


@study.command(name="list")
@json_option
@installation
def list_(here: Installation, *, as_json: bool) -> None:
    """List all studies with their panel and round.

    \b
    Example:
      surveyapp study list --json
    """
    with here.database.reading() as session:
        found = [(each, get_progress(session, study=each)) for each in list_studies(session)]
    rows = [
        {
            "slug": each.slug,
            "title": each.title,
            "panel": progress.panel,
            "round": progress.current.number if progress.current else None,
            "round_state": progress.current.state if progress.current else None,
            "submitted": progress.current.counts.submitted if progress.current else 0,
            "synthetic": each.is_synthetic,
            "archived": each.archived_at is not None,
            "delete_at": iso(each.delete_at) if each.delete_at else None,
            "created_at": iso(each.created_at),
        }
        for each, progress in found
    ]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("There is no study yet. Create one: surveyapp study create FILE --title TITLE")
    for row in rows:
        has_round = row["round"] is not None
        state = f"round {row['round']} {row['round_state']}" if has_round else "no round yet"
        label = "  (synthetic panel)" if row["synthetic"] else ""
        if row["delete_at"]:
            label += f"  (to be deleted {row['delete_at']})"
        elif row["archived"]:
            label += "  (archived)"
        submitted = f"{row['submitted']}/{row['panel']} submitted"
        click.echo(f"{row['slug']:<32} {state:<18} {submitted:<20} {row['title']}{label}")


for _command in (*COPIES, *ENDS):
    study.add_command(_command)
