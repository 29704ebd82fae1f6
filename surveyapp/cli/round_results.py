"""``surveyapp results``: what a closed round found, as a table in the terminal or as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

import click

from surveyapp.cli.frame import Installation, installation, json_option, print_json
from surveyapp.clock import iso
from surveyapp.errors import NotFound
from surveyapp.services.reading.results import (
    CellResult,
    ItemResult,
    RoundResults,
    get_results,
    get_sensitivity,
)
from surveyapp.services.rounds import get_round
from surveyapp.services.stopping import AfterRound
from surveyapp.services.studies import get_study
from surveyapp.statistics.measure import Measure, Undefined
from surveyapp.statistics.telling import WHY

_DEVIATION = {
    "amendment": "Protocol amended to version {number},",
    "extension": "Deadline of round {number} moved,",
    "reopening": "Round {number} opened again,",
    "cancellation": "Round {number} cancelled,",
    "admission": "Answers let in after round {number} had closed,",
    "correction": "A text of round {number} corrected,",
}


@click.command()
@click.argument("study")
@click.option("--round", "number", type=click.IntRange(min=0), help="Which round; else the latest.")
@click.option("--item", help="One item in full: groups, and what other customary rules would say.")
@json_option
@installation
def results(here: Installation, *, study: str, number: int | None, item: str | None, as_json: bool) -> None:
    """Show the results of a closed round; refused while it is open.

    Each rating with n, median, middle half and agreement, and the verdict by the protocol's rule. Groups with
    fewer people than the study's smallest number are left out.

    \b
    Example:
      surveyapp results systemic-ai-mitigations --item pause
    """
    with here.database.snapshot() as session:
        found = get_study(session, slug=study)
        chosen = get_round(session, study_id=found.id, number=number).number
        result = get_results(session, study=found, number=chosen)
        one = _find_item(result, item) if item is not None else None
        strip = get_sensitivity(session, study=found, number=chosen, item=item) if item is not None else {}
    if as_json:
        items = result.items if one is None else (one,)
        print_json(_as_json(result, items) | ({"sensitivity": _strip_json(strip)} if one else {}))
        return
    _print_head(result)
    if one is None:
        _print_table(result)
        return
    _print_item(one)
    for rule, alternatives in strip.items():
        click.echo(f"\nUnder other rules than '{rule}':")
        for each in alternatives:
            mark = "  (the protocol's)" if each.is_registered else ""
            click.echo(f"  {each.name:<30} {each.verdict}{mark}")


def _find_item(result: RoundResults, item: str) -> ItemResult:
    for each in result.items:
        if each.item == item:
            return each
    known = ", ".join(each.item for each in result.items)
    asked = f"It asked: {known}." if known else "Nothing was rated in it."
    raise NotFound(f"Round {result.number} asked no item '{item}'. {asked}")


def _print_head(result: RoundResults) -> None:
    synthetic = "  (synthetic panel: invented answers)" if result.is_synthetic else ""
    click.echo(f"{result.title}, round {result.number}, {result.state}{synthetic}")
    click.echo(f"{result.people} of {result.invited} answered.")
    for name, rule in result.rules.items():
        click.echo(f"Rule '{name}': {rule}")
    for each in result.deviations:
        click.echo(f"{_DEVIATION[each.kind].format(number=each.number)} {iso(each.at)[:10]}: {each.reason}")
    if result.stopping is not None:
        for line in stopping_lines(result.stopping):
            click.echo(line)


def stopping_lines(after: AfterRound) -> Iterator[str]:
    """What the rule of stopping says after a round, with its figures."""
    progress = after.progress
    yield str(after.verdict.because)
    yield (
        f"After round {after.number}: {progress.settled} of {progress.items} items settled, "
        f"{progress.items - progress.settled} open; {progress.stable} stable when last rated."
    )
    if after.as_proposed:
        yield f"Items without a decision count as the protocol proposes: {after.as_proposed}."


def _print_table(result: RoundResults) -> None:
    if not result.items:
        click.echo("No items were rated in this round.")
    for each in result.items:
        verdict = each.verdict or "no rule"
        stable = each.judgement.stability.verdict if each.judgement and each.judgement.stability else ""
        chosen = "".join(
            f", chosen by {_share(measure) if measure.n else 'nobody'}" for measure in each.chosen.values()
        )
        click.echo(f"\n{each.title}  [{each.item}]")
        click.echo(f"  {verdict}{', ' + stable if stable else ''}{chosen}")
        for cell in each.cells:
            click.echo(f"  {_cell_name(cell):<34} {_line(cell)}")


def _print_item(each: ItemResult) -> None:
    click.echo(f"\n{each.title}  [{each.item}]: {each.verdict or 'no rule'}")
    for cell in each.cells:
        click.echo(f"\n  {_cell_name(cell)}: {_line(cell)}")
        counts = ", ".join(
            f"{point}: {times}" for point, times in zip(cell.counts.scale.points, cell.counts.of, strict=True)
        )
        click.echo(f"    {counts}, don't know: {cell.counts.dont_know}, blank: {cell.counts.missing}")
        for group, measures in cell.groups.items():
            click.echo(f"    {group:<30} {_numbers(measures)}")
        for name, measure in cell.change.items():
            click.echo(f"    {name:<30} {_share(measure)} (n {measure.n})")


def _cell_name(cell: CellResult) -> str:
    return " ".join(filter(None, (cell.key.criterion, cell.key.context)))


def _line(cell: CellResult) -> str:
    if cell.counts.answered == 0 and cell.counts.missing == 0:
        return "nobody was asked"
    if cell.counts.n == 0 and cell.counts.dont_know:
        return f"all {cell.counts.dont_know} said that they cannot judge"
    moved = f", median before {_number(cell.median_before)}" if cell.median_before else ""
    verdict = f"  {cell.verdict}" if cell.verdict else ""
    return f"{_numbers(cell.measures)}{moved}{verdict}"


def _numbers(measures: Mapping[str, Measure]) -> str:
    half = f"{_number(measures['q1'])}–{_number(measures['q3'])}"
    agree = measures["agree"]
    agreed = f", agree {_share(agree)}" if agree.reason is not Undefined.NOT_DEFINED_FOR_SCALE else ""
    return f"n {measures['n'].n}, median {_number(measures['median'])} ({half}){agreed}"


def _number(measure: Measure | None) -> str:
    if measure is None or measure.number is None:
        return "–" if measure is None or measure.reason is None else WHY[measure.reason].short
    return f"{measure.number:g}"


def _share(measure: Measure) -> str:
    """A share with what it stands on, ``139/200, 69.5 %``: never a rounded percentage alone."""
    if not isinstance(measure.value, int | Fraction):
        return _number(measure)
    percent = 100 * Fraction(measure.value)
    shown = f"{float(percent):.1f}".rstrip("0").rstrip(".")
    times = Fraction(measure.value) * measure.n
    part = f"{times}/{measure.n}, " if times.denominator == 1 else ""
    return f"{part}{shown} %"


def _as_json(result: RoundResults, items: tuple[ItemResult, ...]) -> dict[str, Any]:
    return {
        "study": result.slug,
        "round": result.number,
        "state": result.state,
        "synthetic": result.is_synthetic,
        "answered": result.people,
        "invited": result.invited,
        "smallest_group": result.smallest_group,
        "rules": dict(result.rules),
        "deviations": [
            {"kind": each.kind, "number": each.number, "at": iso(each.at), "reason": each.reason}
            for each in result.deviations
        ],
        "stopping": stopping_json(result.stopping),
        "items": [_item_json(each) for each in items],
    }


def stopping_json(after: AfterRound | None) -> dict[str, Any] | None:
    """What the rule of stopping says, for programs."""
    if after is None:
        return None
    return {
        "stops": after.verdict.stops,
        "because": str(after.verdict.because),
        **asdict(after.progress),
        "as_proposed": after.as_proposed,
    }


def _item_json(each: ItemResult) -> dict[str, Any]:
    judgement = each.judgement
    return {
        "item": each.item,
        "title": each.title,
        "version": each.version,
        "verdict": each.verdict,
        "verdicts": {verdict.rule: verdict.verdict for verdict in judgement.verdicts} if judgement else {},
        "stability": judgement.stability.verdict if judgement and judgement.stability else None,
        "proposed": judgement.proposed.outcome if judgement else None,
        "decided": each.decided or None,
        "chosen": {name: _measure_json(measure) for name, measure in each.chosen.items()},
        "cells": [_cell_json(cell) for cell in each.cells],
    }


def _cell_json(cell: CellResult) -> dict[str, Any]:
    return {
        "question": cell.key.question,
        "context": cell.key.context,
        "criterion": cell.key.criterion,
        "counts": dict(zip(map(str, cell.counts.scale.points), cell.counts.of, strict=True)),
        "dont_know": cell.counts.dont_know,
        "missing": cell.counts.missing,
        "verdict": cell.verdict or None,
        "measures": {name: _measure_json(measure) for name, measure in cell.measures.items()},
        "change": {name: _measure_json(measure) for name, measure in cell.change.items()},
        "groups": {
            group: {name: _measure_json(measure) for name, measure in measures.items()}
            for group, measures in cell.groups.items()
        },
    }


def _measure_json(measure: Measure) -> dict[str, Any]:
    return {
        "value": measure.number,
        "exact": str(measure.value) if isinstance(measure.value, Fraction) else None,
        "n": measure.n,
        "reason": measure.reason,
        "why": None if measure.reason is None else WHY[measure.reason].sentence,
    }


def _strip_json(strip: Mapping[str, Any]) -> dict[str, Any]:
    return {
        rule: [
            {"rule": each.name, "verdict": each.verdict, "registered": each.is_registered}
            for each in alternatives
        ]
        for rule, alternatives in strip.items()
    }
