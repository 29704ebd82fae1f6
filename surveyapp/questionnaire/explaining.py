"""What the model refuses, in the words of somebody who writes a questionnaire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from surveyapp.errors import Sentence
from surveyapp.questionnaire.finding import Finding, Path
from surveyapp.questionnaire.model import IDENTIFIER, Question, Text

_KINDS: Final = tuple(
    get_args(cls.model_fields["kind"].annotation)[0] for cls in get_args(get_args(Question)[0])
)


def explain(error: ValidationError, root: type[BaseModel], data: Any) -> Iterator[Finding]:
    """Every problem of `error`, which arose from validating `data` as `root`, where it stands in the file."""
    errors = error.errors(include_url=False, include_context=True)
    paths = [path_in(each["loc"], data) for each in errors]
    for each, path in zip(errors, paths, strict=True):
        if each["type"] == "too_short" and is_emptied(each, path, paths):
            continue
        yield _finding(each, path, shape_at(root, each["loc"]), root)


def path_in(loc: Iterable[str | int], data: Any) -> Path:
    """Where in `data` an error of the model lies: its steps without those that only the model knows."""
    path: list[str | int] = []
    steps = list(loc)
    for number, step in enumerate(steps, start=1):
        below = (
            list(data) if isinstance(data, Mapping) else range(len(data) if isinstance(data, tuple) else 0)
        )
        if step in below:
            path.append(step)
            data = data[step]
        elif number == len(steps) and isinstance(data, Mapping) and step != "[key]":
            path.append(step)  # a key that is missing, placed at what it is missing from
    return tuple(path)


def shape_at(root: type[BaseModel], loc: Iterable[str | int]) -> tuple[type[BaseModel], ...]:
    """The models that may stand at `loc` below `root`."""
    shapes: tuple[type[BaseModel], ...] = (root,)
    for step in loc:
        tagged = tuple(shape for shape in shapes if _kind_of(shape) == step)
        if tagged:
            shapes = tagged
            continue
        fields = [keys[str(step)] for shape in shapes if step in (keys := keys_of(shape))]
        if fields:
            shapes = tuple(shape for field in fields for shape in _models(field.annotation))
    return shapes


def keys_of(shape: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the keys that a file has for them."""
    return {field.alias or name: field for name, field in shape.model_fields.items()}


def nearest(word: str, known: Iterable[str]) -> Sentence:
    """“; did you mean x?” or the list of what is known when nothing comes near."""
    choices = list(known)
    close = get_close_matches(word, choices, n=1, cutoff=0.6)
    if close:
        return Sentence("; did you mean “{name}”?", name=close[0])
    if not choices:
        return Sentence("")
    shown = ", ".join(choices[:12]) + (", …" if len(choices) > 12 else "")
    return Sentence("; known are {names}", names=shown)


def _finding(
    error: ErrorDetails, path: Path, shapes: tuple[type[BaseModel], ...], root: type[BaseModel]
) -> Finding:
    sort, given, loc = error["type"], error["input"], error["loc"]
    context = error.get("ctx", {})
    match sort:
        case "missing":
            return Finding(path[:-1], f"“{loc[-1]}” is missing; add “{loc[-1]}: …”")
        case "extra_forbidden":
            return Finding(path, _unknown_key(str(loc[-1]), shape_at(root, loc[:-1])), is_key=True)
        case "union_tag_not_found":
            return Finding(path, f"“kind” is missing; write one of {', '.join(_KINDS)}")
        case "union_tag_invalid":
            tag = str(context["tag"])
            return Finding((*path, "kind"), f"“{tag}” is no kind of question{nearest(tag, _KINDS)}")
    if loc and loc[-1] == "[key]":
        return Finding(path, f"{_shown(given)} cannot be an id; {_ID_RULE}", is_key=True)
    return Finding(path, _sentence(sort, given, context, shapes))


_ID_RULE: Final = "write lower-case letters and digits, joined by single hyphens, like pre-release-tests"
_DUE: Final = {
    "string_type": "a text is due here, not {given}; put it in quotes",
    "int_type": "a whole number is due here, not {given}; write it without quotes, like 5",
    "float_type": "a number is due here, not {given}; write it without quotes, like 5",
    "bool_type": "true or false is due here, not {given}",
    "tuple_type": "a list is due here, not {given}; write [a, b] or one entry per line after “- ”",
    "dict_type": "a mapping of names is due here, not {given}; write “name: …” lines, indented",
    "model_type": "a mapping of keys is due here, not {given}; write “key: …” lines, indented",
    "greater_than_equal": "{given} is too small; the least is {ge}",
    "less_than_equal": "{given} is too large; the most is {le}",
    "string_too_long": "this is too long; up to {max_length} characters are possible",
    "too_short": "there are too few entries; at least {min_length} are needed",
}
_DUE_ALIKE: Final = {
    "int_from_float": "int_type",
    "model_attributes_type": "model_type",
    "finite_number": "float_type",
}


SAID: Final = "said"
"""The type of an error whose sentence the model itself says: ``PydanticCustomError(SAID, "{what}", …)``."""


def _sentence(sort: str, given: Any, context: Mapping[str, Any], shapes: tuple[type[BaseModel], ...]) -> str:
    if sort == "literal_error":
        expected = [each.strip("'") for each in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return f"{_shown(given)} cannot stand here; write {' or '.join(expected)}"
    if sort == "string_pattern_mismatch":
        if context["pattern"] == IDENTIFIER:
            return f"{_shown(given)} cannot be an id; {_ID_RULE}"
        return f"{_shown(given)} is not a language code; write it like en, de or pt-BR"
    if sort == SAID:
        return str(context["what"])
    if sort == "value_error":
        return f"{context['error']}; write something or remove the key"
    if given is None and sort.endswith("_type"):
        return "nothing stands here; write something or remove the key"
    if sort == "dict_type" and Text in shapes:
        sort = "string_type"
    template = _DUE.get(_DUE_ALIKE.get(sort, sort))
    if template is None:
        return f"{_shown(given)} cannot stand here; see the description of the format"
    return template.format(given=_shown(given), **context)


def _unknown_key(key: str, shapes: tuple[type[BaseModel], ...]) -> str:
    known = sorted({name for shape in shapes for name in keys_of(shape)})
    kinds = [str(_kind_of(cls)) for cls in get_args(get_args(Question)[0]) if key in cls.model_fields]
    here = [kind for shape in shapes if (kind := _kind_of(shape)) is not None]
    if here and kinds and not get_close_matches(key, known, n=1, cutoff=0.85):
        return f"“{key}” belongs to {' and '.join(kinds)}, not to {here[0]}; remove it or change the kind"
    return f"“{key}” is not known here{nearest(key, known)}"


def is_emptied(error: ErrorDetails, path: Path, paths: list[Path]) -> bool:
    """Whether a list is only too short because entries in it were refused, which is said already."""
    given = error["input"]
    enough = isinstance(given, tuple) and len(given) >= error.get("ctx", {}).get("min_length", 0)
    return enough and any(len(other) > len(path) and other[: len(path)] == path for other in paths)


def _kind_of(shape: type[BaseModel]) -> str | None:
    field = shape.model_fields.get("kind")
    return None if field is None else get_args(field.annotation)[0]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _shown(given: Any) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return f"“{given[:40]}”"
    if isinstance(given, int | float):
        return str(given)
    if given is None:
        return "nothing"
    return "a list" if isinstance(given, tuple) else "a mapping"
