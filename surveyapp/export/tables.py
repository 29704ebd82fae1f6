"""Tables as exports know them: a file name, columns that say what they mean, and rows that stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from surveyapp.export.writers.csv import Value


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the file, what it means, and what each code in it stands for."""

    name: str
    meaning: str
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """One file's worth of rows. `rows` may be read once only, and is never held whole."""

    file: str
    about: str
    columns: tuple[Column, ...]
    rows: Iterable[tuple[Value, ...]]

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)
