"""Every error that a person can cause, in one tree.

SurveyappError                 something a person can act on
├── InputError                 what was given cannot be used: carries all its problems at once
│   ├── QuestionnaireError     a questionnaire file
│   ├── ProtocolError          a protocol file
│   ├── PanelError             a list of panellists
│   └── AnswerError            answers that do not fit their questions
├── NotFound                   no such study, link, file
├── Refused                    the act is not possible in the present state
│   ├── RoundClosed            the round takes no answers (any more)
│   ├── Conflict               somebody or another window changed it first
│   └── TooManyTries           a throttle says wait
├── Unavailable                the database does not answer now
└── ConfigError                the installation is not set up rightly
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where it is, what it is, and what to write instead.

    `where` is for the reader: ``file.yaml:12:5``, ``row 7``, or a field's label.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class Sentence(str):
    """A sentence in English that remembers how it was made, so that a page can say it in another language.

    `template` is what translators see, with ``{names}`` for `values`.
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        sentence = super().__new__(cls, template.format(**values) if values else template)
        sentence.template = template
        sentence.values = values
        return sentence

    def said_by(self, translate: Callable[[str], str]) -> str:
        """The sentence as `translate` says its template, with the values put in."""
        if not self.template:
            # A catalogue keeps its own particulars under the empty text.
            return ""
        values = {
            name: value.said_by(translate) if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return translate(self.template).format(**values) if values else translate(self.template)


class SurveyappError(Exception):
    """An error whose text is written for the person who caused it."""

    def said_by(self, translate: Callable[[str], str]) -> str:
        """The error's text as `translate` says it."""
        return say(self.args[0], translate) if self.args else ""


def say(text: str, translate: Callable[[str], str]) -> str:
    """`text` as `translate` says it where it remembers how it was made; else as it stands."""
    return text.said_by(translate) if isinstance(text, Sentence) else text


class InputError(SurveyappError):
    """What was given cannot be used; every problem found is listed, nothing was applied."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems = (Problem("", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def said_by(self, translate: Callable[[str], str]) -> str:
        """All problems, one a line, as `translate` says them."""
        return "\n".join(
            str(Problem(say(each.where, translate), say(each.what, translate))) for each in self.problems
        )


class QuestionnaireError(InputError):
    """A questionnaire file with problems."""


class ProtocolError(InputError):
    """A protocol file with problems."""


class PanelError(InputError):
    """A list of panellists with problems."""


class AnswerError(InputError):
    """Answers that do not fit their questions; nothing of them was stored."""


class NotFound(SurveyappError):
    """There is no such thing, or it is not yours to see."""


class Refused(SurveyappError):
    """The act is not possible now; the text says why."""


class RoundClosed(Refused):
    """The round takes no answers now."""


class Conflict(Refused):
    """Somebody, or another window, changed it first."""


class TooManyTries(Refused):
    """Too many tries in a short time; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(SurveyappError):
    """The database does not answer now; what was sent may be sent again. `retry_after` is in seconds."""

    retry_after = 3


class ConfigError(SurveyappError):
    """The installation is not set up rightly; the text says which setting to change."""
