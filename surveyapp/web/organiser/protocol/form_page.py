"""What the form of a protocol shows: its fields, what is wrong with them, and what they mean in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from flask_babel import gettext as _

from surveyapp.delphi.protocol.drafting import ROWS, Fields, count_rows, field_at, written_of
from surveyapp.delphi.protocol.loading import load_text
from surveyapp.delphi.protocol.telling import tell
from surveyapp.errors import Problem, ProtocolError, say
from surveyapp.questionnaire.model import Questionnaire, Rating
from surveyapp.questionnaire.writing import Written
from surveyapp.web.languages import page_language
from surveyapp.web.organiser.protocol import choices
from surveyapp.web.organiser.protocol.choices import Choice
from surveyapp.web.organiser.protocol.pages import Section

FILE = "protocol.yaml"
SECTIONS = frozenset(
    {
        "title", "rounds", "consensus", "stability", "stopping", "decisions", "groups", "counting",
        "feedback", "variants", "anonymity", "reasons", "discussion",
    }
)  # fmt: skip
_PROMISE = re.compile(r"([a-z_]+): ([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to put right, and the field to go to."""

    anchor: str
    what: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the fields mean, sentence by sentence; or what keeps it from being told."""

    sections: tuple[Section, ...]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form of a protocol, as it stands."""

    fields: Fields
    rows: Mapping[str, int]
    summary: Summary
    wrong: Mapping[str, tuple[str, ...]]
    """Field → what is wrong there; only after somebody wanted to keep it."""
    is_locked: bool
    reason: str
    text: str
    """The file that the fields make."""
    loses_remarks: bool
    choices: ModuleType
    criteria: tuple[Choice, ...]
    questions: tuple[Choice, ...]
    contexts: tuple[Choice, ...]
    groups: tuple[Choice, ...]

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.fields.get(name, "")

    def has(self, name: str) -> bool:
        """Whether a box is ticked."""
        return name in self.fields


def form_page(
    fields: Fields,
    questionnaire: Questionnaire,
    *,
    is_locked: bool,
    reason: str = "",
    problems: Sequence[Problem] = (),
    loses_remarks: bool = False,
) -> FormPage:
    """The form; `problems` are those that kept it from being stored."""
    written = written_of(fields)
    wrong: dict[str, list[str]] = {}
    for each in place_problems(fields, written, problems):
        wrong.setdefault(each.anchor, []).append(each.what)
    language = (page_language(), questionnaire.language)
    asked = {
        question.id: question
        for page in questionnaire.pages
        for question in page.questions
        if isinstance(question, Rating)
    }
    return FormPage(
        fields=fields,
        rows={sort: count_rows(fields, sort) for sort in ROWS},
        summary=summary_of(fields, questionnaire),
        wrong={name: tuple(what) for name, what in wrong.items()},
        is_locked=is_locked,
        reason=reason,
        text=written.text,
        loses_remarks=loses_remarks,
        choices=choices,
        criteria=tuple(
            Choice(name, each.title.get(*language)) for name, each in questionnaire.criteria.items()
        ),
        questions=tuple(Choice(name, name) for name in asked),
        contexts=tuple(
            Choice(name, each.title.get(*language)) for name, each in questionnaire.contexts_by_id.items()
        ),
        groups=tuple(Choice(each.id, each.title.get(*language)) for each in questionnaire.groups),
    )


def summary_of(fields: Fields, questionnaire: Questionnaire) -> Summary:
    """What the protocol in these fields says in plain language, or everything that is wrong with it."""
    written = written_of(fields)
    try:
        protocol = load_text(FILE, written.text.encode(), questionnaire)
    except ProtocolError as error:
        return Summary((), tuple(place_problems(fields, written, error.problems)))
    return Summary(
        tuple(
            Section(f"told-{place}", each.title.said_by(_), tuple(one.said_by(_) for one in each.sentences))
            for place, each in enumerate(tell(protocol, questionnaire, page_language()), start=1)
        ),
        (),
    )


def place_problems(fields: Fields, written: Written, problems: Sequence[Problem]) -> list[Wrong]:
    """Each problem at the field that it is about."""
    known = frozenset(fields) | SECTIONS | {name.rpartition(".")[0] for name in fields if "." in name}
    found = []
    for each in problems:
        promise = _PROMISE.fullmatch(each.where)
        path = (promise[1], promise[2]) if promise else written.path_of(each.where)
        what = say(each.what, _)
        anchor = "reason" if each.where == "reason" else field_at(path, known)
        found.append(Wrong(anchor, what[:1].upper() + what[1:]))
    return found
