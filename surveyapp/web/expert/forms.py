"""What comes in from pages, turned into what is given: one parser for page posts and autosave alike."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from surveyapp.errors import AnswerError, InputError, Problem, say
from surveyapp.questionnaire.cells import Given
from surveyapp.questionnaire.kinds import KINDS
from surveyapp.questionnaire.model import Combination
from surveyapp.services.instruments import Instrument

LONGEST_REQUEST_ID = 64
LARGEST_REVISION = 2**31 - 1
LARGEST_RELEASE = 2**15 - 1
_MOST_CELLS = 5_000
_REQUEST_ID = [InputRequired(), Length(8, LONGEST_REQUEST_ID), Regexp(r"[A-Za-z0-9_-]+\Z")]
_FIELD = re.compile(r"a([1-9][0-9]{0,6})", re.ASCII)
_SPAN = re.compile(r"([1-9][0-9]{0,6})(?:-([1-9][0-9]{0,6}))?", re.ASCII)

Values = Mapping[int, Sequence[str]]


class _Unseen(FlaskForm):  # type: ignore[misc]  # Flask-WTF comes without types
    """A form whose own messages nobody sees: looking for their translations would only cost time.

    The session's token is checked once, by the guard of all seats' pages, whatever form they hold.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        """Without translations, and without checking the token a second time."""

        csrf = False

        def get_translations(self, form: object) -> None:
            """None are needed."""


class PageForm(_Unseen):
    """What every page of questions sends beside its answers; the session's token is checked by the guard."""

    revision = IntegerField(validators=[InputRequired(), NumberRange(0, LARGEST_REVISION)])
    request_id = StringField(validators=_REQUEST_ID)
    shown = StringField(validators=[Length(max=20_000)])
    release = IntegerField(validators=[Optional(), NumberRange(0, LARGEST_RELEASE)])
    correction = IntegerField(validators=[Optional(), NumberRange(0, LARGEST_RELEASE)])


class SubmitForm(_Unseen):
    """The button at the end."""

    request_id = StringField(validators=_REQUEST_ID)


def read_numbers(text: str, *, most: int) -> tuple[int, ...]:
    """The cell numbers that ``3-29,31`` names. Raises InputError when that is not what stands there."""
    numbers: list[int] = []
    for piece in text.split(",") if text else ():
        match = _SPAN.fullmatch(piece)
        if match is None:
            raise _strange()
        low, high = int(match[1]), int(match[2] or match[1])
        if not low <= high <= most or len(numbers) + high - low >= _MOST_CELLS:
            raise _strange()
        numbers.extend(range(low, high + 1))
    return tuple(numbers)


def _strange() -> InputError:
    return InputError(_("The page sent something that it does not contain. Reload the page and try again."))


def read_posted(
    instrument: Instrument, numbers: Iterable[int], form: MultiDict[str, str]
) -> tuple[dict[int, list[str]], dict[int, str]]:
    """The texts that a page post holds for its cells, and what is wrong with places in an order."""
    lists: dict[str, list[str]] = dict(form.lists())
    values: dict[int, list[str]] = {}
    errors: dict[int, str] = {}
    questions = instrument.questionnaire.questions_by_id
    for number in numbers:
        sent = lists.get(f"a{number}", [])
        question = questions[instrument.specs[number - 1].key.question]
        if isinstance(question, Combination) and question.ordered:
            try:
                sent = _read_places(f"a{number}.", lists) + sent
            except AnswerError as error:
                errors[number] = say(error.problems[0].what, _)
        values[number] = sent
    return values, errors


def _read_places(prefix: str, lists: Mapping[str, list[str]]) -> list[str]:
    """Items in the order of the places written beside them: 1 for the first."""
    places: dict[int, str] = {}
    for name, sent in lists.items():
        place = sent[0].strip()
        if not name.startswith(prefix) or not place:
            continue
        if not (place.isascii() and place.isdigit() and 0 < int(place) < 1_000):
            raise AnswerError(
                [Problem("", _("“%(place)s” is not a place; write 1, 2, 3 …", place=place[:20]))]
            )
        if int(place) in places:
            raise AnswerError(
                [Problem("", _("Two items have place %(place)s; give each its own.", place=place))]
            )
        places[int(place)] = name.removeprefix(prefix)
    return [places[place] for place in sorted(places)]


def name_save(request_id: str, values: Values) -> str:
    """The id of one page post: the page's own together with what was posted.

    A double click posts the same twice and is saved once. A page that the browser brought back from its
    memory and that was then changed carries the same id as before, and must not be taken for a repeat.
    """
    content = repr(sorted(values.items()))
    return f"{request_id[:40]}-{hashlib.sha256(content.encode()).hexdigest()[:20]}"


def parse(instrument: Instrument, values: Values) -> tuple[dict[int, Given], dict[int, str]]:
    """What is given in each cell, and for what does not fit its question one sentence each."""
    questionnaire = instrument.questionnaire
    questions = questionnaire.questions_by_id
    specs = instrument.specs
    given: dict[int, Given] = {}
    errors: dict[int, str] = {}
    for number, sent in values.items():
        spec = specs[number - 1]
        question = questions[spec.key.question]
        try:
            given[number] = KINDS[question.kind].parse(questionnaire, question, spec, sent)
        except AnswerError as error:
            errors[number] = say(error.problems[0].what, _)
    return given, errors


@dataclass(frozen=True, slots=True)
class Autosave:
    """One autosave as it came in."""

    request_id: str
    base: int
    place: str | None
    release: int | None
    """The release that stood on the page; None where the page has none."""
    correction: int
    """The correction of the wording that stood on the page; 0 before the first."""
    values: Values


def read_autosave(body: Any, *, most: int) -> Autosave:
    """What one autosave holds: texts per cell, and what they are based on.

    Types are strict: an object where a text is due is refused, never guessed at. Raises InputError.
    """
    if not isinstance(body, dict):
        raise InputError(_("The page sent something that is no save. Reload the page and try again."))
    request_id = _take(
        body, "request_id", lambda it: isinstance(it, str) and 8 <= len(it) <= LONGEST_REQUEST_ID
    )
    base = _take(body, "base", lambda it: type(it) is int and 0 <= it <= LARGEST_REVISION)
    place = _take(body, "place", lambda it: it is None or (isinstance(it, str) and len(it) <= 200))
    answers = _take(body, "answers", lambda it: isinstance(it, dict) and 0 < len(it) <= _MOST_CELLS)
    release = _take(
        body, "release", lambda it: it is None or (type(it) is int and 0 <= it <= LARGEST_RELEASE)
    )
    correction = _take(
        body, "correction", lambda it: it is None or (type(it) is int and 0 <= it <= LARGEST_RELEASE)
    )
    unknown = set(body) - {"request_id", "base", "place", "answers", "release", "correction"}
    if unknown:
        raise InputError(
            [Problem(str(name)[:60], _("this is not part of a save")) for name in sorted(unknown)]
        )
    values: dict[int, list[str]] = {}
    for name, texts in answers.items():
        match = _FIELD.fullmatch(name)
        if match is None or int(match[1]) > most:
            raise InputError([Problem(name[:60], _("there is no such field"))])
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise InputError([Problem(name, _("its answer is not a list of texts"))])
        values[int(match[1])] = texts
    return Autosave(request_id, base, place, release, correction or 0, values)


def _take(body: Mapping[str, Any], name: str, fits: Callable[[Any], bool]) -> Any:
    value = body.get(name)
    if not fits(value):
        raise InputError([Problem(name, _("what the page sent here cannot be used"))])
    return value


def read_json() -> Any:
    """What the script of a page sent. Raises InputError for what is no JSON, or not clearly one thing."""
    try:
        # Python's own reader accepts NaN and keeps the last of two equal keys; neither is wanted here.
        return json.loads(
            request.get_data(), object_pairs_hook=refuse_duplicates, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise InputError(
            _("The page sent something that is no JSON. Reload the page and try again.")
        ) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For reading JSON: the same key twice is refused, because nobody could say which one counts."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("the same key stands twice")
    return read
