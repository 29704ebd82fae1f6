"""Leaving out what the model refuses, so that all the rest of a file can still be checked.

Without this, one misspelt key would hide every dangling reference, and a person would mend a file one
run at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from surveyapp.questionnaire.explaining import is_emptied, keys_of, path_in, shape_at
from surveyapp.questionnaire.finding import Path
from surveyapp.questionnaire.model import Questionnaire, is_identifier
from surveyapp.questionnaire.source import Source

_MOST_ROUNDS: Final = 8
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Format(Generic[M]):
    """A file format, as far as mending needs to know it."""

    model: type[M]
    stand_ins: Mapping[str, Any]
    """What takes the place of a needed key at the top that is missing or refused."""
    named: frozenset[str] = frozenset()
    """Keys at the top that hold a mapping of names to parts."""
    parts: frozenset[Path] = frozenset()
    """Where single parts stand whose own keys can be left out."""


QUESTIONNAIRE: Final = Format(
    Questionnaire,
    {"format": 1, "id": "unnamed", "version": "1", "languages": ("en",), "title": "–"},
    named=frozenset({"scales", "criteria", "contexts", "taxonomies"}),
    parts=frozenset({("practice",)}),
)


@dataclass
class Mended(Generic[M]):
    """What is left without the parts that were refused, and the names that went with them."""

    whole: M
    lost: set[str] = field(default_factory=set)
    is_whole: bool = True
    """Whether nothing but single keys was left out."""


def mend(data: Mapping[str, Any], source: Source, form: Format[M]) -> Mended[M] | None:
    """What is left of `data` when everything refused is left out; None when nothing sensible is.

    Positions in `source` move along.
    """
    rest: Any = {**form.stand_ins, **data}
    lost: set[str] = set()
    is_whole = True
    for _ in range(_MOST_ROUNDS):
        try:
            return Mended(form.model.model_validate(rest), lost, is_whole)
        except ValidationError as error:
            drops = _drops(error, rest, form)
        if drops is None:
            return None
        for path in drops:
            if len(path) == 1 and path[0] in form.stand_ins:
                rest = {**rest, path[0]: form.stand_ins[str(path[0])]}
                continue
            dropped = _at(rest, path)
            is_whole = is_whole and not isinstance(dropped, Mapping | tuple)
            lost |= set(_names(dropped))
            if isinstance(path[-1], str):
                lost.add(path[-1])
            if len(path) == 4 and path[2] == "questions":
                # A text in its place, so that its page is not left empty and dropped as well.
                rest = _with(rest, path, _text_instead(dropped, path))
                continue
            rest = _without(rest, path)
            source.drop(path)
    return None


def _drops(error: ValidationError, data: Any, form: Format[M]) -> list[Path] | None:
    """What to leave out, last things first, nothing inside another; None when that would be everything."""
    paths: set[Path] = set()
    errors = error.errors(include_url=False)
    places = [path_in(each["loc"], data) for each in errors]
    for each, path in zip(errors, places, strict=True):
        if each["type"] == "too_short" and is_emptied(each, path, places):
            continue
        if each["type"] == "missing":
            drop = _droppable(path[:-1], data, form)
        else:
            drop = path if each["type"] == "extra_forbidden" else _droppable(path, data, form)
        if not drop:
            return None
        paths.add(drop)
    outer = [path for path in paths if not any(path[:length] in paths for length in range(1, len(path)))]
    return sorted(outer, key=lambda path: [(isinstance(step, str), str(step).zfill(6)) for step in path])[
        ::-1
    ]


def _droppable(path: Path, data: Any, form: Format[M]) -> Path:
    """The smallest thing around `path` that the format can do without."""
    while path:
        last = path[-1]
        shapes = _shapes(path[:-1], data, form)
        fields = [keys[str(last)] for shape in shapes if last in (keys := keys_of(shape))]
        if isinstance(last, int) or not fields or (len(path) == 1 and last in form.stand_ins):
            return path
        if not any(each.is_required() for each in fields):
            return path
        path = path[:-1]
    return path


def _shapes(path: Path, data: Any, form: Format[M]) -> tuple[type[BaseModel], ...]:
    """The models at `path`; none for a plain mapping or list, which can lose any entry."""
    is_named = len(path) == 2 and path[0] in form.named
    if path and not is_named and not isinstance(path[-1], int) and path not in form.parts:
        return ()
    here = _at(data, path)
    kind = (str(here["kind"]),) if isinstance(here, Mapping) and "kind" in here else ()
    return shape_at(form.model, (*path, *kind))


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(str(step))
        elif isinstance(data, tuple) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _without(data: Any, path: Path) -> Any:
    step, rest = path[0], path[1:]
    if isinstance(data, Mapping):
        if not rest:
            return {key: value for key, value in data.items() if key != step}
        return {key: _without(value, rest) if key == step else value for key, value in data.items()}
    if isinstance(data, tuple) and isinstance(step, int):
        if not rest:
            return data[:step] + data[step + 1 :]
        return (*data[:step], _without(data[step], rest), *data[step + 1 :])
    return data


def _with(data: Any, path: Path, part: Any) -> Any:
    """`data` with `part` at `path`."""
    if not path:
        return part
    step = path[0]
    if isinstance(data, Mapping):
        return {key: _with(value, path[1:], part) if key == step else value for key, value in data.items()}
    return tuple(_with(value, path[1:], part) if key == step else value for key, value in enumerate(data))


def _text_instead(question: Any, path: Path) -> dict[str, Any]:
    named = question.get("id") if isinstance(question, Mapping) else None
    is_good = isinstance(named, str) and is_identifier(named) and len(named) <= 60
    name = named if is_good else f"unnamed-{path[1]}-{path[3]}"
    shown = question.get("show_if") if isinstance(question, Mapping) else None
    condition = {"show_if": shown} if isinstance(shown, str) else {}
    return {"id": name, "kind": "information", "text": "–", **condition}


def _names(data: Any) -> Iterator[str]:
    """Every id and key in `data`: what else may refer to."""
    if isinstance(data, Mapping):
        yield from (str(key) for key in data)
        if isinstance(data.get("id"), str):
            yield data["id"]
        for value in data.values():
            yield from _names(value)
    elif isinstance(data, tuple):
        for value in data:
            yield from _names(value)
