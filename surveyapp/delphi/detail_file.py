"""From a YAML file to what a decision needs beside its outcome: a wording, parts, a merged or a new item."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from surveyapp.delphi.lineage import Detail
from surveyapp.errors import InputError
from surveyapp.questionnaire import explaining, source
from surveyapp.questionnaire.placing import in_order, place


def load_detail(path: Path) -> Detail:
    """The detail in `path`; raises InputError with everything that is wrong with it, each with its line."""
    return load_detail_text(path.name, source.read_bytes(path, InputError))


def load_detail_text(name: str, content: bytes) -> Detail:
    """The detail in `content`, a file called `name`; see `load_detail`."""
    read = source.read(name, content, InputError)
    problems = list(read.problems)
    try:
        detail = Detail.model_validate(read.data)
    except ValidationError as error:
        problems += place(read, explaining.explain(error, Detail, read.data))
        raise InputError(in_order(problems)) from error
    if problems:
        raise InputError(in_order(problems))
    return detail
