"""``surveyapp simulate``: rehearse a study with invented answers."""

from __future__ import annotations

from dataclasses import asdict

import click

from surveyapp.cli.frame import ACTOR, Installation, installation, json_option, print_json, progress_bar
from surveyapp.services import simulating
from surveyapp.services.studies import get_study


@click.command()
@click.argument("study")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same answers.")
@click.option("--share", default=0.9, show_default=True, help="Which share of the panel submits.")
@click.option("--limit", type=click.IntRange(min=0), help="How many panellists to simulate at most.")
@json_option
@installation
def simulate(
    here: Installation, *, study: str, seed: int, share: float, limit: int | None, as_json: bool
) -> None:
    """Let the panellists who have not started answer the open round, as a plausible panel would.

    The study is labelled synthetic for good: every page and every file says so. It is refused where
    people have answered themselves.

    \b
    Example:
      surveyapp simulate systemic-ai-mitigations --seed 7 --share 0.8
    """
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
