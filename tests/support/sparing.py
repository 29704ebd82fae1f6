"""What tests do not do anew each time: the same work with the same result, thousands of times over.

An application of its own for each test is what keeps tests apart. But its addresses are turned into code for
each of them, and so are its templates, and both always come out the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from surveyapp.services import accounts

if TYPE_CHECKING:
    from flask import Flask

_templates: dict[str, bytes] = {}
USUAL_HASHER = accounts._hasher


class _Kept(BytecodeCache):
    """Compiled templates by the hash of their source."""

    def load_bytecode(self, bucket: Bucket) -> None:
        kept = _templates.get(f"{bucket.key}-{bucket.checksum}")
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        _templates[f"{bucket.key}-{bucket.checksum}"] = bucket.bytecode_to_string()


def keep_compiled(app: Flask, folder: Path | None = None) -> None:
    """Let this application use the templates that another one has compiled already: here, or in `folder`."""
    if folder is None:
        app.jinja_env.bytecode_cache = _Kept()
        return
    folder.mkdir(exist_ok=True)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(folder))


def spare_processor_time() -> None:
    """Make the code of each address once, and passwords that are hashed in no time."""
    _make_builders_once()
    accounts._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def _make_builders_once() -> None:
    compile_builder: Callable[..., Any] = Rule._compile_builder
    made: dict[tuple[object, ...], Any] = {}

    @functools.wraps(compile_builder)
    def compile_once(self: Rule, append_unknown: bool = True) -> Any:
        # All that the function is made from; whatever else it needs it asks the rule for when it is called.
        defaults = tuple(sorted((self.defaults or {}).items()))
        key = (self.rule, tuple(self._trace), append_unknown, defaults)
        if key not in made:
            made[key] = compile_builder(self, append_unknown)
        return made[key]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]
