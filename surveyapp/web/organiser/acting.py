"""Doing what an organiser asked for: one verb, and what the page says when it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from sqlalchemy.orm import Session

from surveyapp.errors import InputError, NotFound, Refused, SurveyappError, say
from surveyapp.extensions import get_database
from surveyapp.services.studies import get_study
from surveyapp.services.unit import read_now
from surveyapp.web.organiser.blueprint import get_desk
from surveyapp.web.organiser.permissions import IN_STUDY

if TYPE_CHECKING:
    from surveyapp.models import Study

_Done = TypeVar("_Done")
# Verbs speak to the command line too; on a page the way there is a link.
_COMMAND = re.compile(r":\s*(?:run )?'?surveyapp (?P<command>[a-z]+(?: [a-z]+)?)[^\n]*")
_PLACES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "round open": ("rounds", lazy("Rounds")),
        "round release": ("release_latest", lazy("Release")),
        "decide": ("decisions_latest", lazy("Decisions")),
        "reasons status": ("reasons_latest", lazy("Reasons")),
        "protocol set": ("protocol", lazy("Protocol")),
        "protocol lock": ("protocol", lazy("Protocol")),
        "protocol amend": ("protocol", lazy("Protocol")),
        "proposals list": ("proposals_latest", lazy("Proposals")),
        "proposals put": ("proposals_latest", lazy("Proposals")),
        "panel import": ("panel", lazy("Panel")),
    }
)


@dataclass(frozen=True, slots=True)
class Way:
    """Where to do what is missing."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was not done: one line for each thing, and where to put it right."""

    lines: tuple[str, ...]
    ways: tuple[Way, ...]
    status: int


def do(verb: Callable[[Session, Study, datetime], _Done], *, keep: bool = True) -> _Done | Trouble:
    """Let `verb` do it in one transaction, or say why it was not done; without `keep` nothing stays."""
    try:
        with get_database().verb(keep=keep) as session:
            study = get_study(session, slug=get_desk().slug)
            return verb(session, study, read_now(session))
    except (InputError, Refused, NotFound) as error:
        return trouble_of(error)


def trouble_of(error: SurveyappError) -> Trouble:
    """The sentences of an error, each with where to go."""
    lines = tuple(_lines(error))
    ways: dict[str, Way] = {}
    for line in lines:
        for found in _COMMAND.finditer(line):
            way = _way(found["command"])
            if way is not None:
                ways[way.url] = way
    status = 422 if isinstance(error, InputError) else 404 if isinstance(error, NotFound) else 409
    return Trouble(tuple(said(line) for line in lines), tuple(ways.values()), status)


def said(sentence: str) -> str:
    """A verb's sentence without the command that it names."""
    return _COMMAND.sub(".", sentence)


def _lines(error: SurveyappError) -> Iterator[str]:
    if not isinstance(error, InputError):
        yield from error.said_by(_).splitlines()
        return
    for problem in error.problems:
        what = say(problem.what, _)
        yield f"{say(problem.where, _)}: {what}" if problem.where else what


def _way(command: str) -> Way | None:
    for name in (command, command.split(" ", 1)[0]):
        endpoint, label = _PLACES.get(name, ("", ""))
        if f"organiser.{endpoint}" in current_app.view_functions and get_desk().may(IN_STUDY[endpoint]):
            return Way(str(label), url_for(f"organiser.{endpoint}", slug=get_desk().slug))
    return None
