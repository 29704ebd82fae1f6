"""The list of benchmarks. A benchmark is a function that yields figures; it registers itself by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `floor` is the bound that must hold; None for a number shown for scale."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    more_is_better: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether the bound holds; a number without a bound always does."""
        if self.floor is None:
            return True
        return self.value >= self.floor if self.more_is_better else self.value <= self.floor


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a benchmark runs: a folder of its own, and addresses of fresh, empty databases."""

    folder: Path
    new_database: Callable[[str], str]
    """``new_database("sqlite")`` or ``new_database("postgresql")``: the address of an empty database."""
    engines: tuple[str, ...]


Benchmark = Callable[[Ground], Iterator[Figure]]
BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(name: str) -> Callable[[Benchmark], Benchmark]:
    """Register a benchmark; the order of registration is the order of running."""

    def register(function: Benchmark) -> Benchmark:
        BENCHMARKS[name] = function
        return function

    return register
