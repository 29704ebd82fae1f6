"""``surveyapp questionnaire``: look at a questionnaire file before it becomes a study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from surveyapp.cli.frame import json_option, print_json
from surveyapp.errors import InputError, Problem, QuestionnaireError
from surveyapp.questionnaire.loading import load
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.routing import all_cells, estimate


@click.group()
def questionnaire() -> None:
    """Check and show questionnaire files."""


@questionnaire.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Report every problem of questionnaire files, each with its line.

    \b
    Example:
      surveyapp questionnaire check questionnaires/systemic-risk-mitigations.yaml
    """
    problems: dict[str, list[Problem]] = {}
    for file in files:
        problems[str(file)] = _find_problems(file)
    if as_json:
        print_json(
            {
                name: [{"where": problem.where, "what": problem.what} for problem in found]
                for name, found in problems.items()
            }
        )
    else:
        for name, found in problems.items():
            if not found:
                click.echo(f"{name}: fine")
            for problem in found:
                click.echo(str(problem), err=True)
    if any(problems.values()):
        ctx.exit(1)


def _find_problems(file: Path) -> list[Problem]:
    try:
        load(file)
    except InputError as error:
        return list(error.problems)
    return []


@questionnaire.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@json_option
def show(file: Path, as_json: bool) -> None:
    """Show what a questionnaire asks: its pages, how many answers, and the time it takes.

    \b
    Example:
      surveyapp questionnaire show questionnaires/systemic-risk-mitigations.yaml
    """
    loaded = load_questionnaire(file)
    summary = _summarise(loaded)
    if as_json:
        print_json(summary)
        return
    click.echo(f"{summary['title']}  ({loaded.id}, version {loaded.version})")
    click.echo(f"languages: {', '.join(loaded.languages)}")
    click.echo(
        f"{len(loaded.items)} items, {summary['cells']} cells; groups: "
        + (", ".join(group.id for group in loaded.groups) or "none")
    )
    for page in loaded.pages:
        contexts = [context for context in loaded.members_of(page) if context]
        click.echo(f"\n{page.title.get(loaded.language)}  [{page.id}]")
        if contexts:
            click.echo(f"  once for each of: {', '.join(contexts)}")
        if page.show_if:
            click.echo(f"  shown if: {page.show_if}")
        for question in page.questions:
            text = " ".join(question.text.get(loaded.language).split())
            click.echo(f"  {question.kind:<16} {question.id:<24} {text[:70]}")
    click.echo("\ntime an expert needs:")
    for each in summary["minutes"]:
        click.echo(f"  {each['group'] or 'everybody':<24} {each['from']} to {each['to']} minutes")


def load_questionnaire(file: Path) -> Questionnaire:
    """The questionnaire in `file`, or a QuestionnaireError that ends with what to do next."""
    try:
        return load(file)
    except QuestionnaireError as error:
        number = len(error.problems)
        unit = "problem" if number == 1 else "problems"
        last = Problem("", f"{number} {unit} in {file.name}; nothing was done.")
        raise QuestionnaireError([*error.problems, last]) from error


def _summarise(loaded: Questionnaire) -> dict[str, Any]:
    minutes = []
    for group in [group.id for group in loaded.groups] or [""]:
        span = estimate(loaded, group=group, tags=(), answers={})
        minutes.append(
            {
                "group": group,
                "from": max(1, round(span.min_seconds / 60)),
                "to": max(1, round(span.max_seconds / 60)),
            }
        )
    return {
        "id": loaded.id,
        "version": loaded.version,
        "title": loaded.title.get(loaded.language),
        "languages": list(loaded.languages),
        "items": len(loaded.items),
        "cells": len(all_cells(loaded)),
        "groups": [group.id for group in loaded.groups],
        "pages": [
            {
                "id": page.id,
                "title": page.title.get(loaded.language),
                "contexts": [context for context in loaded.members_of(page) if context],
                "questions": [{"id": question.id, "kind": question.kind} for question in page.questions],
            }
            for page in loaded.pages
        ],
        "minutes": minutes,
    }
