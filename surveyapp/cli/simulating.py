"""``surveyapp simulate``: rehearse a study with invented answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json, progress_bar
from surveyapp.services import rehearsing, simulating
from surveyapp.services.reading.progress import get_progress
from surveyapp.services.studies import get_study


@click.command()
@click.argument("study")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same answers.")
@click.option("--share", default=0.9, show_default=True, help="Which share of the panel submits.")
@click.option("--limit", type=click.IntRange(min=0), help="How many panellists to simulate at most.")
@click.option(
    "--rounds",
    type=click.IntRange(1, 20),
    help="Play so many rounds of the protocol: open, answer, close, decide as proposed, release.",
)
@json_option
@installation
def simulate(
    here: Installation,
    *,
    study: str,
    seed: int,
    share: float,
    limit: int | None,
    rounds: int | None,
    as_json: bool,
) -> None:
    """Let the panellists who have not started answer the open round, as a plausible panel would.

    The study is labelled synthetic for good: every page and every file says so. It is refused where
    people have answered themselves. With --rounds a whole protocol is played, by people with planted habits:
    two camps where an item divides, some who move towards the panel, some who answer everything alike,
    some who leave. Where the protocol allows it, some mark reasons of others and reply. What was planted is
    printed, to hold the results against.

    \b
    Example:
      surveyapp simulate systemic-ai-mitigations --seed 7 --share 0.8
      surveyapp simulate systemic-ai-mitigations --rounds 3
    """
    if rounds is not None:
        _play(here, study=study, seed=seed, share=share, count=rounds, as_json=as_json)
        return
    with here.database.reading() as session:
        waiting = simulating.count_waiting(session, study=get_study(session, slug=study))
    if limit is not None:
        waiting = min(waiting, limit)
    with progress_bar("Answering", waiting) as advance:
        result = simulating.simulate(
            here.database,
            slug=study,
            link_key=here.link_key,
            actor=ACTOR,
            seed=seed,
            share=share,
            limit=limit,
            progress=advance,
        )
    if as_json:
        print_json({"study": study, "seed": seed, **asdict(result), "synthetic": True})
        return
    click.echo(
        f"Simulated {result.total} panellists of '{study}': {result.submitted} submitted, "
        f"{result.in_progress} left half-way, {result.declined} declined, {result.not_started} never came. "
        "The study is labelled synthetic."
    )


def _play(here: Installation, *, study: str, seed: int, share: float, count: int, as_json: bool) -> None:
    with here.database.reading() as session:
        panel = get_progress(session, study=get_study(session, slug=study)).panel
    with progress_bar("Playing", panel * count) as advance:
        played = rehearsing.rehearse(
            here.database,
            slug=study,
            link_key=here.link_key,
            actor=ACTOR,
            count=count,
            seed=seed,
            share=share,
            progress=advance,
        )
    if as_json:
        print_json({"study": study, "seed": seed, **asdict(played), "synthetic": True})
        return
    for each in played.rounds:
        verdicts = ", ".join(f"{times} {verdict}" for verdict, times in each.verdicts.items())
        told = f"Round {each.number}: {each.simulated.submitted} submitted; {verdicts or 'no verdicts'}."
        if each.proposals:
            told += f" {each.proposals} proposals, {each.items_made} of them made items."
        click.echo(told)
    planted = played.planted
    moods = ", ".join(f"{times} {mood}" for mood, times in Counter(planted.moods.values()).items())
    click.echo(
        f"Planted among {planted.people} invented people: {planted.camp} in one camp and "
        f"{planted.people - planted.camp} in the other, {planted.movers} who move, {planted.straight_liners} "
        f"who answer alike, {planted.leavers} who leave; items: {moods}."
    )
    click.echo(f"{played.ended} The study is labelled synthetic. Next: surveyapp results {study}")
