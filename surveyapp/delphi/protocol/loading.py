"""From a protocol file to a checked protocol, or to every problem in it at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from surveyapp.delphi.protocol import checking, fitting
from surveyapp.delphi.protocol.model import Protocol
from surveyapp.errors import Problem, ProtocolError
from surveyapp.questionnaire import explaining, source
from surveyapp.questionnaire.finding import Finding
from surveyapp.questionnaire.mending import Format, mend
from surveyapp.questionnaire.model import Questionnaire
from surveyapp.questionnaire.placing import in_order, place

PROTOCOL: Final = Format(
    Protocol,
    {
        "format": 1,
        "id": "unnamed",
        "version": "1",
        "title": "–",
        "rounds": ({"number": 1, "asks": "all items"},),
        "consensus": ({"id": "unnamed", "rule": "agree >= 0%"},),
    },
    parts=frozenset(
        {
            ("anonymity",),
            ("counting",),
            ("discussion",),
            ("feedback",),
            ("groups",),
            ("reasons",),
            ("stability",),
        }
    ),
)


def load(path: Path, questionnaire: Questionnaire | None = None) -> Protocol:
    """The protocol in `path`; raises ProtocolError with everything that is wrong with it.

    With a `questionnaire`, also with everything that does not fit it.
    """
    return load_text(path.name, source.read_bytes(path, ProtocolError), questionnaire)


def load_text(name: str, content: bytes, questionnaire: Questionnaire | None = None) -> Protocol:
    """The protocol in `content`, a file called `name`; see `load`."""
    read = source.read(name, content, ProtocolError)
    problems = list(read.problems)
    try:
        protocol = Protocol.model_validate(read.data)
    except ValidationError as error:
        problems += place(read, explaining.explain(error, Protocol, read.data))
        problems += place(read, _of_the_rest(read, questionnaire))
        raise ProtocolError(in_order(problems)) from error
    problems += place(read, _findings(protocol, questionnaire))
    if problems:
        raise ProtocolError(in_order(problems))
    return protocol


def find_problems(path: Path, questionnaire: Questionnaire | None = None) -> list[Problem]:
    """Everything that is wrong with the protocol in `path`; an empty list when it is fine."""
    try:
        load(path, questionnaire)
    except ProtocolError as error:
        return list(error.problems)
    return []


def _findings(protocol: Protocol, questionnaire: Questionnaire | None) -> Iterator[Finding]:
    yield from checking.check(protocol)
    if questionnaire is not None:
        yield from fitting.check(protocol, questionnaire)


def _of_the_rest(read: source.Source, questionnaire: Questionnaire | None) -> Iterator[Finding]:
    """What else is wrong, found in what is left when the refused parts are taken out."""
    data: dict[str, Any] = read.data
    mended = mend(data, read, PROTOCOL)
    if mended is None:
        return
    for finding in _findings(mended.whole, questionnaire):
        if finding.about in mended.lost or (finding.of_whole and not mended.is_whole):
            continue
        if finding.path[0] in data:  # else it is about a stand-in
            yield finding
