"""``surveyapp protocol set|lock|amend|history``: the protocol that a study goes by."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import ProtocolError
from surveyapp.questionnaire.source import read_bytes
from surveyapp.services import protocols
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_FILE = click.Path(path_type=Path)
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")


@click.command(name="set")
@click.argument("study")
@click.argument("file", metavar="FILE", type=_FILE)
@dry_run_option
@json_option
@installation
def set_(here: Installation, *, study: str, file: Path, dry_run: bool, as_json: bool) -> None:
    """Give a study its protocol, or another one while it is not locked.

    \b
    Example:
      surveyapp protocol set systemic-ai-mitigations questionnaires/systemic-risk-mitigations.protocol.yaml
    """
    content = read_bytes(file, ProtocolError)
    if dry_run:
        _try(here, study, file, content, as_json=as_json)
        return
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        number = protocols.set_protocol(
            session, study=found, file=file.name, content=content, now=read_now(session), actor=ACTOR
        )
    if as_json:
        print_json({"study": study, "protocol": number, "locked": False})
        return
    click.echo(
        f"'{study}' goes by this protocol (version {number}). Read what it means: surveyapp protocol show "
        f"{file}\nThen lock it, before the first round: surveyapp protocol lock {study}"
    )


@click.command()
@click.argument("study")
@json_option
@installation
def lock(here: Installation, *, study: str, as_json: bool) -> None:
    """Lock a study's protocol, for good: from then on it is only amended, with a reason.

    \b
    Example:
      surveyapp protocol lock systemic-ai-mitigations
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        number = protocols.lock_protocol(session, study=found, now=read_now(session), actor=ACTOR)
    if as_json:
        print_json({"study": study, "protocol": number, "locked": True})
        return
    click.echo(f"The protocol of '{study}' is locked. Next: surveyapp round open {study}")


@click.command()
@click.argument("study")
@click.argument("file", metavar="FILE", type=_FILE)
@click.option("--reason", required=True, help="Why; every report shows it beside the old text.")
@dry_run_option
@json_option
@installation
def amend(here: Installation, *, study: str, file: Path, reason: str, dry_run: bool, as_json: bool) -> None:
    """Change a locked protocol, with the reason. Rounds that were opened keep what they were opened under.

    \b
    Example:
      surveyapp protocol amend my-study my-protocol.yaml --reason "one round more, as the panel asked"
    """
    content = read_bytes(file, ProtocolError)
    if dry_run:
        _try(here, study, file, content, as_json=as_json)
        return
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        amended = protocols.amend_protocol(
            session,
            study=found,
            file=file.name,
            content=content,
            reason=reason,
            now=read_now(session),
            actor=ACTOR,
        )
    if as_json:
        print_json({"study": study, "protocol": amended.number, "changes": list(amended.changes)})
        return
    click.echo(f"Amendment {amended.number} of the protocol of '{study}':")
    for change in amended.changes:
        click.echo(fill(change, 100, initial_indent="  ", subsequent_indent="    "))


def _try(here: Installation, study: str, file: Path, content: bytes, *, as_json: bool) -> None:
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        changes = protocols.try_protocol(session, study=found, file=file.name, content=content)
    if as_json:
        print_json({"study": study, "dry_run": True, "changes": list(changes)})
        return
    click.echo(f"{file.name} can be used as it is. Nothing was changed.")
    for change in changes:
        click.echo(fill(change, 100, initial_indent="  ", subsequent_indent="    "))


@click.command()
@click.argument("study")
@json_option
@installation
def history(here: Installation, *, study: str, as_json: bool) -> None:
    """Show every version of a study's protocol, when it was locked, and why it was amended.

    \b
    Example:
      surveyapp protocol history systemic-ai-mitigations
    """
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        versions = protocols.list_versions(session, study_id=found.id)
    if as_json:
        print_json(
            [
                {
                    "protocol": each.number,
                    "sha256": each.sha256,
                    "stored_at": iso(each.created_at),
                    "locked_at": iso(each.locked_at) if each.locked_at else None,
                    "by": each.actor,
                    "reason": each.amended_because,
                }
                for each in versions
            ]
        )
        return
    if not versions:
        click.echo(f"'{study}' has no protocol yet. Next: surveyapp protocol set {study} FILE")
    for each in versions:
        locked = f", locked {iso(each.locked_at)}" if each.locked_at else ", not locked"
        click.echo(f"Version {each.number}, {iso(each.created_at)} by {each.actor}{locked}")
        if each.amended_because:
            click.echo(f"  amended: {each.amended_because}")
