"""What several checks look for: the same thing twice, names that lead nowhere, a context that is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from surveyapp.errors import Sentence
from surveyapp.questionnaire.explaining import nearest
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import Text


def twice(values: Iterable[tuple[Path, str]], what: str) -> Iterator[Finding]:
    """A finding for each value that stood before."""
    seen: set[str] = set()
    for path, value in values:
        if value in seen:
            said = Sentence(
                "{what} “{name}” stands here a second time; each needs its own", what=what, name=value[:60]
            )
            yield Finding(path, said)
        seen.add(value)


def unknown(path: Path, name: str, known: Iterable[str], what: str) -> Iterator[Finding]:
    """A finding if there is no `name` among what is `known`."""
    choices = list(known)
    if name not in choices:
        said = Sentence(
            "there is no {what} “{name}”{hint}", what=what, name=name, hint=nearest(name, choices)
        )
        yield Finding(path, said, about=name)


def needs_context(statement: Text) -> bool:
    """Whether a statement names the context that items are rated for."""
    return any("{context}" in text for text in statement.root.values())
