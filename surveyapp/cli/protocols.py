"""``surveyapp protocol``: look at a protocol file, and let a study go by it."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import click

from surveyapp.cli import study_protocols
from surveyapp.cli.frame import json_option, print_json
from surveyapp.cli.questionnaires import load_questionnaire
from surveyapp.delphi.protocol.loading import find_problems, load
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.delphi.protocol.telling import tell
from surveyapp.errors import Problem, ProtocolError
from surveyapp.questionnaire.model import Questionnaire

questionnaire_option = click.option(
    "--questionnaire",
    "asked",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The questionnaire that the protocol is for.",
)


@click.group()
def protocol() -> None:
    """Check and show protocol files, and give a study its protocol."""


for command in (study_protocols.set_, study_protocols.lock, study_protocols.amend, study_protocols.history):
    protocol.add_command(command)


@protocol.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@questionnaire_option
@json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], asked: Path | None, as_json: bool) -> None:
    """Report every problem of protocol files, each with its line.

    With --questionnaire, also what does not fit the questionnaire: items, criteria, contexts, groups, scales.

    \b
    Example:
      surveyapp protocol check questionnaires/systemic-risk-mitigations.protocol.yaml \\
        --questionnaire questionnaires/systemic-risk-mitigations.yaml
    """
    questionnaire = None if asked is None else load_questionnaire(asked)
    problems = {str(file): find_problems(file, questionnaire) for file in files}
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


@protocol.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@questionnaire_option
@json_option
def show(file: Path, asked: Path | None, as_json: bool) -> None:
    """Show in plain language what a protocol says, what it leaves to what is usual included.

    \b
    Example:
      surveyapp protocol show questionnaires/systemic-risk-mitigations.protocol.yaml
    """
    questionnaire = None if asked is None else load_questionnaire(asked)
    loaded = load_protocol(file, questionnaire)
    language = "" if questionnaire is None else questionnaire.language
    sections = tell(loaded, questionnaire, language)
    if as_json:
        print_json(
            {
                "id": loaded.id,
                "version": loaded.version,
                "title": loaded.title.get(language),
                "sha256": loaded.sha256(),
                "rounds": [each.number for each in loaded.rounds],
                "rules": [{"id": each.id, "rule": each.rule} for each in loaded.consensus],
                "sections": [
                    {"title": section.title, "sentences": list(section.sentences)} for section in sections
                ],
            }
        )
        return
    click.echo(f"{loaded.title.get(language)}  ({loaded.id}, version {loaded.version})")
    for section in sections:
        click.echo(f"\n{section.title}")
        for sentence in section.sentences:
            click.echo(fill(sentence, 100, initial_indent="  ", subsequent_indent="    "))


def load_protocol(file: Path, questionnaire: Questionnaire | None = None) -> Protocol:
    """The protocol in `file`, or a ProtocolError that ends with what to do next."""
    try:
        return load(file, questionnaire)
    except ProtocolError as error:
        number = len(error.problems)
        unit = "problem" if number == 1 else "problems"
        last = Problem("", f"{number} {unit} in {file.name}; nothing was done.")
        raise ProtocolError([*error.problems, last]) from error
