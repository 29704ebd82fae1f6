"""Plain data as the text of a file that loaders read, and which line says what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from surveyapp.questionnaire.finding import Path

_PLAIN: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 _.,%<>=()/-]*[A-Za-z0-9_.%)])?", re.ASCII)
# What YAML takes for something else than a text.
_NO_TEXT: Final = frozenset({"yes", "no", "y", "n", "true", "false", "on", "off", "null"})


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a file; `paths` has for each of its lines where in the data it stands."""

    text: str
    paths: tuple[Path, ...]

    def path_of(self, where: str) -> Path:
        """What stands where a problem was found: ``protocol.yaml:12:5`` → the path of line 12."""
        found = re.search(r":([0-9]+)(?::[0-9]+)?\Z", where)
        line = int(found[1]) if found else 0
        return self.paths[line - 1] if 0 < line <= len(self.paths) else ()


def write(data: Mapping[str, Any]) -> Written:
    """`data` as YAML, one value a line, in the order in which it comes; None is left out."""
    lines = list(_mapping(data, (), ""))
    return Written("".join(f"{text}\n" for text, _ in lines), tuple(path for _, path in lines))


def _mapping(data: Mapping[str, Any], path: Path, indent: str) -> Iterator[tuple[str, Path]]:
    for key, value in data.items():
        if value is not None:
            yield from _value(f"{indent}{key}:", value, (*path, key), indent)


def _value(head: str, value: Any, path: Path, indent: str) -> Iterator[tuple[str, Path]]:
    if isinstance(value, Mapping):
        if not any(each is not None for each in value.values()):
            yield f"{head} {{}}", path
            return
        yield head, path
        yield from _mapping(value, path, f"{indent}  ")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            yield f"{head} []", path
            return
        yield head, path
        for place, each in enumerate(value):
            yield from _entry(each, (*path, place), f"{indent}  ")
    else:
        yield f"{head} {_scalar(value)}", path


def _entry(value: Any, path: Path, indent: str) -> Iterator[tuple[str, Path]]:
    if not isinstance(value, Mapping):
        yield f"{indent}- {_scalar(value)}", path
        return
    for place, (text, of) in enumerate(_mapping(value, path, f"{indent}  ")):
        # The first key stands beside the dash.
        yield (f"{indent}- {text[len(indent) + 2 :]}" if place == 0 else text), of


def _scalar(value: object) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _NO_TEXT
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
