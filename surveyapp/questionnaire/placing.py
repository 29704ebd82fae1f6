"""Where the findings of a file stand in it, in the order of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from surveyapp.errors import Problem, Sentence
from surveyapp.questionnaire.finding import Finding
from surveyapp.questionnaire.source import Source


def place(read: Source, findings: Iterable[Finding]) -> Iterator[Problem]:
    """Each finding as a problem at ``file:line:column``.

    What is wrong inside a text is placed at its own character where the file shows it on one line; else at
    the beginning of the text, and the problem says how far into it.
    """
    for finding in findings:
        inside = read.where_inside(finding.path, finding.column) if finding.column else None
        if inside is not None:
            yield Problem(inside, finding.what)
            continue
        what = finding.what
        if finding.column:
            what = Sentence("character {number} of this text: {what}", number=finding.column, what=what)
        yield Problem(read.where(finding.path, key=finding.is_key), what)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """In the order of the file, each once."""

    def key(problem: Problem) -> tuple[str, list[int]]:
        return re.sub(r"\d+", "", problem.where), [int(part) for part in re.findall(r"\d+", problem.where)]

    return sorted(dict.fromkeys(problems), key=key)
