"""``surveyapp decide``: what becomes of items after a round."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json
from surveyapp.cli.proposals import tell_unread
from surveyapp.delphi.detail_file import load_detail
from surveyapp.delphi.lineage import NOTHING_MORE, Decided, Detail, Outcome
from surveyapp.services import deciding
from surveyapp.services.figures import read_figures
from surveyapp.services.reading.proposals import count_unread
from surveyapp.services.round_plans import collected_only
from surveyapp.services.rounds import get_round
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now


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
@click.option(
    "--proposal",
    "proposals",
    multiple=True,
    metavar="NAME",
    help="A proposal that the new item comes from; may be given several times.",
)
@click.option("--as-proposed", is_flag=True, help="Confirm what the protocol proposes for all that is left.")
@click.option("--take-back", is_flag=True, help="Take back what was decided about ITEM.")
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
    proposals: tuple[str, ...],
    as_proposed: bool,
    take_back: bool,
    number: int | None,
    as_json: bool,
) -> None:
    """Decide about an item after a closed round; without ITEM, show what the protocol proposes.

    The outcomes: keep, accept, drop, finalise; revise (--detail with the new wording), split (parts), merge
    (partners and the merged item), new (item; or --proposal, whose words it then gets).

    \b
    Example:
      surveyapp decide systemic-ai-mitigations
      surveyapp decide systemic-ai-mitigations pause accept --reason "agreed in every risk area"
      surveyapp decide systemic-ai-mitigations pause revise --reason "was unclear" --detail pause.yaml
      surveyapp decide systemic-ai-mitigations insurance new --proposal N-7KQ2M3A --reason "two proposed it"
      surveyapp decide systemic-ai-mitigations --as-proposed --reason "as the protocol has it"
      surveyapp decide systemic-ai-mitigations pause --take-back --reason "decided too early"
    """
    _check_words(item, outcome, as_proposed=as_proposed, take_back=take_back)
    said: list[str] = []
    detail = _read_detail(file, proposals, outcome)
    if as_proposed or item is not None:
        with here.database.verb() as session:
            found = get_study(session, slug=study)
            number = get_round(session, study_id=found.id, number=number).number
            after, now = f"after round {number} of '{study}'", read_now(session)
            if as_proposed:
                figures = read_figures(session, study_id=found.id, number=number)
                done = deciding.decide_as_proposed(
                    session, study=found, figures=figures, reason=reason, now=now, actor=ACTOR
                )
                said.append(f"Decided {done} item{'s' if done != 1 else ''} {after} as proposed.")
            elif outcome is None:
                undone = deciding.take_back(
                    session, study=found, number=number, item=str(item), reason=reason, now=now, actor=ACTOR
                )
                said.append(f"Taken back {after}: {', '.join(undone)}.")
            else:
                decided = Decided(str(item), Outcome(outcome), reason, detail)
                left = deciding.decide(
                    session, study=found, number=number, decided=decided, now=now, actor=ACTOR
                )
                said.append(f"Decided {after}: {outcome} '{item}'.")
                if left:
                    said.append(f"Undecided again, because their merger is broken up: {', '.join(left)}.")
    with here.database.reading() as session:
        found = get_study(session, slug=study)
        held = get_round(session, study_id=found.id, number=number)
        number, has_collected = held.number, collected_only(held)
        table = deciding.list_items(session, study=found, number=number)
        unread = count_unread(session, study_id=found.id, round_number=number)
    if as_json:
        print_json({"study": study, "round": number, "items": [asdict(each) for each in table]})
        return
    if not said:
        _print_table(table, number)
        if unread:
            click.echo(tell_unread(unread, study=study, number=number))
        return
    for sentence in said:
        click.echo(sentence)
    undecided = sum(not each.decided for each in table)
    click.echo(
        f"{undecided} item{'s are' if undecided != 1 else ' is'} left to decide."
        if undecided
        else f"Next: surveyapp round {'open' if has_collected else 'release'} {study}"
    )
    if unread:
        click.echo(tell_unread(unread, study=study, number=number))


def _check_words(item: str | None, outcome: str | None, *, as_proposed: bool, take_back: bool) -> None:
    if as_proposed + take_back + (outcome is not None) > 1:
        raise click.UsageError("Give an outcome, --as-proposed or --take-back, and only one of them.")
    if as_proposed and item is not None:
        raise click.UsageError("--as-proposed is for all items that are left: leave ITEM out.")
    if take_back and item is None:
        raise click.UsageError("Say which item's decision to take back.")
    if item is not None and outcome is None and not take_back:
        raise click.UsageError(f"Say what becomes of '{item}': {', '.join(each.value for each in Outcome)}.")


def _read_detail(file: Path | None, proposals: tuple[str, ...], outcome: str | None) -> Detail:
    detail = NOTHING_MORE if file is None else load_detail(file)
    if not proposals:
        return detail
    if outcome != Outcome.NEW:
        raise click.UsageError("--proposal is for new items: write ITEM new --proposal NAME.")
    return detail.model_copy(update={"proposals": (*detail.proposals, *proposals)})


def _print_table(table: tuple[deciding.ItemOnTable, ...], number: int) -> None:
    click.echo(f"After round {number}:")
    width = max((len(each.item) for each in table), default=0)
    for each in table:
        state = f"decided: {each.decided}" if each.decided else f"proposed: {each.proposed or 'nothing'}"
        verdict = " · ".join(filter(None, (each.verdict, each.stability)))
        click.echo(f"  {each.item:<{width}}  {verdict or 'no rule':<32}  {state}")
        if not each.decided and each.because:
            click.echo(f"  {'':<{width}}  {each.because}")
