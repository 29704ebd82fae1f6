"""A YAML text as plain data, together with the line and column of everything in it.

YAML 1.2: ``no`` is a text, not false. Refused: the same key twice, aliases (a file of a few lines
could grow to gigabytes), tags, and files of more than one megabyte.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from surveyapp.errors import InputError, Problem, QuestionnaireError, Sentence
from surveyapp.questionnaire.composing import MOST_DEEP, compose
from surveyapp.questionnaire.finding import Path

MAX_BYTES: Final = 1_000_000
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_REAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")
_TOO_DEEP: Final = Sentence("more than {most} levels inside each other; that is too deep", most=MOST_DEEP)
_TAG = "tag:yaml.org,2002:"


class Source:
    """The data of one file, and where each part of it stands.

    Sequences become tuples and mappings dicts, as the strict model wants them.
    """

    def __init__(self, name: str, root: Node) -> None:
        self.name = name
        self.root = root
        self.problems: list[Problem] = []
        self.item_places: list[str] | None = None
        """Where each item stands, if the items are in a file of their own."""
        self.data: Any = self._plain(root, 0)

    def where(self, path: Path, *, key: bool = False) -> str:
        """``file.yaml:12:5`` for what stands at `path`, or for the key it stands under.

        What is not there is placed at the nearest thing around it.
        """
        if self.item_places is not None and path[:1] == ("items",) and len(path) > 1:
            return self.item_places[int(path[1])]
        node, key_node = self.root, self.root
        for step in path:
            found = _step(node, step)
            if found is None:
                key_node = node
                break
            key_node, node = found
        is_empty = isinstance(node, ScalarNode) and node.style is None and not node.value
        return self._place(key_node if key or is_empty else node)

    def where_inside(self, path: Path, column: int) -> str | None:
        """``file.yaml:12:9`` for the character at `column` of the text at `path`, counted from 1.

        None where that cannot be told: the text goes over several lines, or is written with escapes.
        """
        node = self.root
        for step in path:
            found = _step(node, step)
            if found is None:
                return None
            node = found[1]
        if not isinstance(node, ScalarNode) or node.start_mark.line != node.end_mark.line:
            return None
        quote = 1 if node.style in {"'", '"'} else 0
        if node.end_mark.column - node.start_mark.column != len(str(node.value)) + 2 * quote:
            return None
        return f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + quote + column}"

    def drop(self, path: Path) -> None:
        """Forget what stands at `path`, so that later positions in the same list stay right."""
        if self.item_places is not None and path[0] == "items":
            if len(path) == 2:
                del self.item_places[int(path[1])]
            return
        node = self.root
        for step in path[:-1]:
            found = _step(node, step)
            if found is None:
                return
            node = found[1]
        last = path[-1]
        if isinstance(node, SequenceNode) and isinstance(last, int):
            del node.value[last]
        elif isinstance(node, MappingNode):
            node.value = [pair for pair in node.value if pair[0].value != last]

    def _place(self, node: Node) -> str:
        return f"{self.name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def _refuse(self, node: Node, what: str) -> None:
        self.problems.append(Problem(self._place(node), what))

    def _plain(self, node: Node, depth: int) -> Any:
        if depth > MOST_DEEP:
            self._refuse(node, _TOO_DEEP)
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if isinstance(node, SequenceNode):
            return tuple(self._plain(each, depth + 1) for each in node.value)
        return self._mapping(node, depth)

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._refuse(key_node, Sentence("a key must be a plain word"))
                continue
            key = str(key_node.value)
            if key in data:
                what = Sentence("“{key}” stands here a second time; keep one of the two", key=key)
                self._refuse(key_node, what)
                continue
            data[key] = self._plain(value_node, depth + 1)
        return data

    def _scalar(self, node: ScalarNode) -> str | int | float | bool | None:
        text = str(node.value)
        tag = str(node.tag).removeprefix(_TAG)
        if tag == "str" or node.style is not None:
            return text
        if tag == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if tag == "float" and _REAL.fullmatch(text):
            return float(text)
        if tag == "bool":
            return text.lower() == "true"
        if tag == "null":
            return None
        # Dates, 0x1F, 1e9, .inf: whoever writes these in a questionnaire means the text.
        return text


def read_bytes(path: pathlib.Path, fails: type[InputError] = QuestionnaireError) -> bytes:
    """What is in the file at `path`; raises `fails` if it cannot be read or is too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:  # refused by its size, without reading it
            _refuse_size(path.name, size, fails)
        return path.read_bytes()
    except OSError as error:
        what = Sentence(
            "the file cannot be read ({why}); check its name and rights", why=error.strerror or error
        )
        raise fails([Problem(path.name, what)]) from error


def read(name: str, content: bytes, fails: type[InputError] = QuestionnaireError) -> Source:
    """The data of `content`, the file called `name`; raises `fails` if it is no YAML."""
    try:
        return _read(name, content)
    except QuestionnaireError as error:
        if fails is QuestionnaireError:
            raise
        raise fails(error.problems) from error.__cause__


def _read(name: str, content: bytes) -> Source:
    if len(content) > MAX_BYTES:
        _refuse_size(name, len(content), QuestionnaireError)
    text = _decode(name, content)
    try:
        root = compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise QuestionnaireError([Problem(place, _sentence(error, text))]) from error
    except (YAMLError, RecursionError, ValueError) as error:
        _refuse(name, Sentence("this is not readable as YAML; check its indentation and quotes"), error)
    if root is None:
        _refuse(f"{name}:1:1", Sentence("the file is empty; begin with “format: 1”"))
    if not isinstance(root, MappingNode):
        _refuse(f"{name}:1:1", Sentence("the file must be a mapping of keys; begin with “format: 1”"))
    return Source(name, root)


def _refuse_size(name: str, size: int, fails: type[InputError]) -> NoReturn:
    what = Sentence(
        "the file has {size:.1f} MB; up to 1 MB is read. Put long lists of items in a CSV file",
        size=size / 1_000_000,
    )
    raise fails([Problem(name, what)])


def _refuse(where: str, what: str, cause: Exception | None = None) -> NoReturn:
    raise QuestionnaireError([Problem(where, what)]) from cause


def _decode(name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = Sentence("a character here is not UTF-8; save the file as UTF-8")
        _refuse(f"{name}:{line}:1", what, error)
    strange = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]", text)
    if strange is not None:
        line = text.count("\n", 0, strange.start()) + 1
        column = strange.start() - text.rfind("\n", 0, strange.start())
        _refuse(f"{name}:{line}:{column}", Sentence("a control character stands here; remove it"))
    return text


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """The key node and value node one step down, or None."""
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == step:
                return key_node, value_node
    elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


_SENTENCES: Final[Sequence[tuple[str, str]]] = (
    ("alias", Sentence("aliases (*name) are not read; write the text out again")),
    ("too deep", _TOO_DEEP),
    ("duplicate", Sentence("the same key stands twice; keep one of the two")),
    ("'\\t'", Sentence("a tab stands here; indent with spaces")),
    (
        "mapping values are not",
        Sentence("a colon is not expected here; put the text in quotes, or check the line above"),
    ),
    ("expected <block end>", Sentence("this line is not indented like its neighbours")),
    ("could not find expected ':'", Sentence("a colon is missing after this key")),
    ("quoted scalar", Sentence("a text in quotes is not closed")),
    ("cannot start any token", Sentence("a text cannot begin with this character; put it in quotes")),
    ("expected ',' or", Sentence("a comma or a closing bracket is missing")),
    ("expected a single document", Sentence("a second document begins here; keep one per file")),
)


def _sentence(error: MarkedYAMLError, text: str) -> str:
    said = f"{error.context or ''} {error.problem or ''}"
    mark = error.problem_mark or error.context_mark
    if mark is not None:
        lines = text.splitlines()
        if mark.line < len(lines) and re.match(r" *\t", lines[mark.line]):
            return Sentence("a tab stands at the beginning of this line; indent with spaces")
    for words, sentence in _SENTENCES:
        if words in said:
            return sentence
    return Sentence(
        "the file cannot be read here; check indentation, quotes and colons of this line and the one above"
    )
