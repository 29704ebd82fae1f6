"""From a questionnaire file to a checked questionnaire, or to every problem in it at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from surveyapp.errors import Problem, QuestionnaireError
from surveyapp.questionnaire import source
from surveyapp.questionnaire.model import Questionnaire


def load(path: Path) -> Questionnaire:
    """The questionnaire in `path`; raises QuestionnaireError with everything that is wrong with it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        what = f"the file cannot be read ({error.strerror or error}); check its name and rights"
        raise QuestionnaireError([Problem(str(path), what)]) from error
    read = source.read(path.name, content)
    if read.problems:
        raise QuestionnaireError(read.problems)
    try:
        return Questionnaire.model_validate(read.data)
    except ValidationError as error:
        problems = [Problem(read.where(each["loc"]), each["msg"]) for each in error.errors()]
        raise QuestionnaireError(problems) from error


def find_problems(path: Path) -> list[Problem]:
    """Everything that is wrong with the questionnaire in `path`; an empty list when it is fine."""
    try:
        load(path)
    except QuestionnaireError as error:
        return list(error.problems)
    return []
