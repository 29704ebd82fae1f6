"""From a questionnaire file to a checked questionnaire, or to every problem in it at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from surveyapp.errors import Problem, QuestionnaireError
from surveyapp.questionnaire import checking, explaining, source, translations
from surveyapp.questionnaire.items_file import ItemsFile, read_items
from surveyapp.questionnaire.mending import QUESTIONNAIRE, mend
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.placing import in_order, place
from surveyapp.questionnaire.source import Source


def load(path: Path) -> Questionnaire:
    """The questionnaire in `path`; raises QuestionnaireError with everything that is wrong with it."""
    return load_text(path.name, source.read_bytes(path), path.parent)


def load_text(name: str, content: bytes, folder: Path) -> Questionnaire:
    """The questionnaire in `content`, a file called `name`; a table of items is looked for in `folder`."""
    read = source.read(name, content)
    problems = list(read.problems)
    data = {**read.data, "items": _items(read, folder, problems)} if "items" in read.data else read.data
    try:
        questionnaire = Questionnaire.model_validate(data)
    except ValidationError as error:
        findings = explaining.explain(error, Questionnaire, data)
        problems += place(read, findings)
        problems += _of_the_rest(read, data)
        raise QuestionnaireError(in_order(problems)) from error
    is_whole = not problems
    findings = (each for each in checking.check(questionnaire) if is_whole or not each.of_whole)
    problems += place(read, findings)
    problems += place(read, translations.find_plain(questionnaire, data))
    if problems:
        raise QuestionnaireError(in_order(problems))
    return questionnaire


def find_problems(path: Path) -> list[Problem]:
    """Everything that is wrong with the questionnaire in `path`; an empty list when it is fine."""
    try:
        load(path)
    except QuestionnaireError as error:
        return list(error.problems)
    return []


def _items(read: Source, folder: Path, problems: list[Problem]) -> Any:
    """The items as plain data, read from their own file where the questionnaire names one."""
    data = read.data["items"]
    if not isinstance(data, dict):
        return data
    try:
        wanted = ItemsFile.model_validate(data)
    except ValidationError as error:
        for finding in explaining.explain(error, ItemsFile, data):
            where = read.where(("items", *finding.path), key=finding.is_key)
            problems.append(Problem(where, finding.what))
        read.item_places = []
        return ()
    declared = read.data.get("taxonomies")
    table = read_items(folder, wanted, list(declared) if isinstance(declared, dict) else [])
    problems += table.problems
    read.item_places = table.places
    return tuple(table.items)


def _of_the_rest(read: Source, data: Any) -> Iterator[Problem]:
    """What else is wrong, found in what is left when the refused parts are taken out."""
    mended = mend(data, read, QUESTIONNAIRE)
    if mended is None:
        return
    findings = [
        finding
        for finding in checking.check(mended.whole)
        if finding.about not in mended.lost and (mended.is_whole or not finding.of_whole)
    ]
    yield from place(read, findings)
