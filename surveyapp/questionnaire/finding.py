"""One thing found wrong in a file, before it is known on which line it stands."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and positions from the top of the file: ``("pages", 0, "questions", 2, "criteria")``."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong at `path`; with `is_key`, its key is what is wrong."""

    path: Path
    what: str
    is_key: bool = False
    about: str | None = None
    """The name that is not known. If something of that name was refused elsewhere, this is no news."""
    of_whole: bool = False
    """Whether it says something about the whole, and so means nothing while parts were refused."""
    column: int = 0
    """Where in the text at `path` it is, counted from 1; 0 for the text as a whole."""
