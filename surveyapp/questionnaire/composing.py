"""YAML text to nodes with their positions, in half the time that the library takes for it.

ruamel.yaml asks before every look at a token whether more must be scanned first, finds its scanner,
parser and resolver anew each time through chains of properties, and reads character by character. A
questionnaire is small enough to be scanned whole, so here the scanner runs once to the end, the parts
know each other, and the two most frequent sorts of text, keys and values on one line, are read in one
step. Everything else is left to the library; a test compares the nodes of both.
"""

from __future__ import annotations

import gc
import re
from functools import cached_property
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import Node
from ruamel.yaml.parser import Parser
from ruamel.yaml.reader import Reader
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tokens import ScalarToken

MOST_DEEP: Final = 60
"""So many levels inside each other are read: each open bracket makes every further step dearer."""
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?=:[ \n])")
_IN_BRACKETS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?=[,\]}])")
# A value that ends with its line, and the indentation of the next line, which must not be blank.
_ON_ONE_LINE: Final = re.compile(r"[A-Za-z][^\s:#]*(?: [^\s:#]+)*(?=\n( *)[^\s])")


class _StridingReader(Reader):
    """Steps over printable characters at once; line ends and byte-order marks stay with the library."""

    def forward(self, length: int = 1) -> None:
        end = self.pointer + length
        if end + 1 < len(self.buffer) and self.buffer[self.pointer : end].isprintable():
            self.stride(length)
        else:
            super().forward(length)

    def stride(self, length: int) -> None:
        """Go on by `length` characters, of which none ends a line."""
        self.pointer += length
        self.index += length
        self.column += length


class _WholeScanner(Scanner):
    """Scans to the end at the first question, then answers from the list."""

    position = 0
    is_scanned = False

    def check_token(self, *choices: Any) -> bool:
        if not self.is_scanned:
            self._scan()
        if self.position >= len(self.tokens):
            return False
        return not choices or isinstance(self.tokens[self.position], choices)

    def peek_token(self) -> Any:
        return self.tokens[self.position] if self.check_token() else None

    def get_token(self) -> Any:
        if not self.check_token():
            return None
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _scan(self) -> None:
        while not self.done:
            self.fetch_more_tokens()
            # One bracket more than may be read is met by the check of the depth, with its own place.
            if len(self.flow_context) > MOST_DEEP + 1 or len(self.indents) > MOST_DEEP + 2:
                raise ScannerError(None, None, "too deep", self.reader.get_mark())
        self.is_scanned = True

    def scan_plain(self) -> Any:
        reader = self.reader
        match = _KEY.match(reader.buffer, reader.pointer)
        if match is None and self.flow_context:
            match = _IN_BRACKETS.match(reader.buffer, reader.pointer)
        elif match is None:
            match = _ON_ONE_LINE.match(reader.buffer, reader.pointer)
            if match is not None and len(match.group(1)) > self.indent:
                match = None  # the next line continues this one
        if match is None or not match.group().isprintable():
            return super().scan_plain()
        start = reader.get_mark()
        reader.stride(len(match.group()))
        self.allow_simple_key = False
        return ScalarToken(match.group(), True, start, reader.get_mark())

    @cached_property
    def reader(self) -> Any:
        return self.loader.reader


class _NearParser(Parser):
    """Keeps the scanner and the resolver at hand."""

    @cached_property
    def scanner(self) -> Any:
        return self.loader.scanner

    @cached_property
    def resolver(self) -> Any:
        return self.loader.resolver

    def check_event(self, *choices: Any) -> bool:
        event: Any = self.current_event
        if event is None and self.state:
            event = self.current_event = self.state()
        return event is not None and (not choices or isinstance(event, choices))


class _NearComposer(Composer):
    """Keeps the parser and the resolver at hand, and refuses aliases: they can unfold to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.parser.check_event(AliasEvent):
            raise ComposerError(None, None, "an alias", self.parser.peek_event().start_mark)
        return super().compose_node(parent, index)

    @cached_property
    def parser(self) -> Any:
        return self.loader.parser

    @cached_property
    def resolver(self) -> Any:
        return self.loader.resolver


def compose(text: str) -> Node | None:
    """The root node of the one document in `text`; raises what the library raises."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Scanner, yaml.Parser, yaml.Composer = (
        _StridingReader, _WholeScanner, _NearParser, _NearComposer,
    )  # fmt: skip
    # Tens of thousands of small objects that all stay alive: collecting garbage among them costs a
    # fifth of the time and finds nothing.
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        root: Node | None = yaml.compose(text)
    finally:
        if was_collecting:
            gc.enable()
    return root
