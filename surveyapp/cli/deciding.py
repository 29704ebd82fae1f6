"""``surveyapp decide``: what becomes of items after a round."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.delphi.lineage import NOTHING_MORE, Decided, Detail, Outcome
from surveyapp.errors import InputError, Problem, Refused
from surveyapp.services import deciding
from surveyapp.services.figures import read_figures
from surveyapp.services.rounds import get_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now

_LARGEST_FILE = 1_000_000


@click.command()
@click.argument("study")
@click.argument("item", required=False)
@click.argument("outcome", required=False, type=click.Choice([each.value for each in Outcome]))
@click.option("--reason", default="", help="Why; experts may read it.")
@click.option(
    "--detail",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="YAML file with what the outcome needs: wording, parts, partners and merged, or item.",
)
@click.option("--as-proposed", is_flag=True, help="Confirm what the protocol proposes for all that is left.")
@click.option("--round", "number", type=click.IntRange(min=0), help="After which round; else the latest.")
@json_option
@installation
def decide(
    here: Installation,
    *,
    study: str,
    item: str | None,
    outcome: str | None,
    reason: str,
    file: Path | None,
    as_proposed: bool,
    number: int | None,
    as_json: bool,
) -> None:
    """Decide about an item after a closed round; without ITEM, show what the protocol proposes.

    The outcomes: keep, accept, drop, finalise; revise (--detail with the new wording), split (parts), merge
    (partners and the merged item), new (item).

    \b
    Examples:
      surveyapp decide systemic-ai-mitigations
      surveyapp decide systemic-ai-mitigations pause accept --reason "agreed in every risk area"
      surveyapp decide systemic-ai-mitigations --as-proposed --reason "as the protocol has it"
    """
    with here.database.verb() as session:
        found = get_study(session, slug=study)
        after = get_round(session, study_id=found.id, number=number).number
        if as_proposed:
            figures = read_figures(session, study_id=found.id, number=after)
            done = deciding.decide_as_proposed(
                session, study=found, figures=figures, reason=reason, now=read_now(session), actor=ACTOR
            )
            message = f"Decided {done} items after round {after} of '{study}' as proposed."
        elif item is not None:
            if outcome is None:
                raise Refused(f"Say what becomes of '{item}': {', '.join(each.value for each in Outcome)}.")
            deciding.decide(
                session,
                study=found,
                number=after,
                decided=Decided(item, Outcome(outcome), reason, _read_detail(file)),
                now=read_now(session),
                actor=ACTOR,
            )
            message = f"After round {after} of '{study}': {outcome} '{item}'."
        else:
            message = ""
        table = deciding.list_items(session, study=found, number=after)
    if as_json:
        print_json({"study": study, "round": after, "items": [asdict(each) for each in table]})
        return
    if message:
        click.echo(message)
        left = [each.item for each in table if not each.decided]
        click.echo(
            f"{len(left)} items are left to decide." if left else f"Next: surveyapp round release {study}"
        )
        return
    _print_table(table, after)


def _print_table(table: tuple[deciding.ItemOnTable, ...], number: int) -> None:
    click.echo(f"After round {number}:")
    width = max((len(each.item) for each in table), default=0)
    for each in table:
        state = f"decided: {each.decided}" if each.decided else f"proposed: {each.proposed or 'nothing'}"
        verdict = " · ".join(filter(None, (each.verdict, each.stability)))
        click.echo(f"  {each.item:<{width}}  {verdict or 'no rule':<32}  {state}")
        if not each.decided and each.because:
            click.echo(f"  {'':<{width}}  {each.because}")


def _read_detail(file: Path | None) -> Detail:
    if file is None:
        return NOTHING_MORE
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError([Problem(str(file), f"it cannot be read: {error.strerror}.")]) from error
    if len(content) > _LARGEST_FILE:
        raise InputError([Problem(str(file), "it is larger than 1 MB, too large for a decision.")])
    try:
        value: Any = YAML(typ="safe", pure=True).load(content)
    except YAMLError as error:
        raise InputError([Problem(str(file), f"it is no YAML: {str(error).splitlines()[0]}")]) from error
    if not isinstance(value, dict):
        raise InputError(
            [Problem(str(file), "it holds no mapping; write keys such as 'wording:' or 'parts:'.")]
        )
    return deciding.as_detail(value)
