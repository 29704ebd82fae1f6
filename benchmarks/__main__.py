"""Run the benchmarks, print a table, and write it to results.md.

``python -m benchmarks`` runs all of them, ``python -m benchmarks export panel`` only those named;
``--engine sqlite`` leaves PostgreSQL out. Only a whole run writes results.md. Exit code 1 when a bound is
not kept.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg

from benchmarks import machine, postgres
from benchmarks.registry import BENCHMARKS, Figure, Ground

RESULTS = Path(__file__).parent / "results.md"
# Each registers its benchmarks when it is imported; to add one, add its module here.
# Answering comes before the large files: gigabytes on their way to the disk would slow it down.
MODULES = (
    "large_questionnaire",
    "panel_import",
    "letters",
    "answering",
    "feedback_page",
    "results_page",
    "workplace",
    "closing",
    "large_files",
)


def main() -> int:
    """Run what the command line asks for."""
    for module in MODULES:
        if (Path(__file__).parent / f"{module}.py").exists():
            importlib.import_module(f"benchmarks.{module}")
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), help="only on this database")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    chosen = options.names or list(BENCHMARKS)
    facts = {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", **machine.describe()}
    figures = _run(chosen, options.engine)
    table = _table(figures)
    if not options.names and not options.engine:
        RESULTS.write_text(_report(facts, table), encoding="utf-8")
    print("\n" + table)
    missed = [figure.what for figure in figures if not figure.is_kept]
    if missed:
        print("Not kept: " + "; ".join(missed))
    return 1 if missed else 0


def _run(chosen: list[str], engine: str | None) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="surveyapp-bench-") as name:
        folder = Path(name)
        with postgres.cluster(folder) as server:
            available = ("sqlite",) if server is None else ("sqlite", "postgresql")
            engines = tuple(each for each in available if engine in (None, each))
            numbers = count(1)

            def new_database(kind: str) -> str:
                number = next(numbers)
                if kind == "sqlite":
                    return f"sqlite:///{folder / f'bench-{number}.sqlite3'}"
                assert server is not None
                with psycopg.connect(server.format("postgres"), autocommit=True) as admin:
                    admin.execute(f'CREATE DATABASE "bench_{number}"'.encode())
                return server.format(f"bench_{number}")

            ground = Ground(folder, new_database, engines)
            for benchmark in chosen:
                for figure in BENCHMARKS[benchmark](ground):
                    figures.append(figure)
                    print(f"{figure.what}: {_number(figure.value)} {figure.unit}", flush=True)
    return figures


def _table(figures: list[Figure]) -> str:
    lines = ["| what | measured | bound |", "|---|---:|---:|"]
    for figure in figures:
        bound = ""
        if figure.floor is not None:
            sign = "≥" if figure.more_is_better else "≤"
            bound = f"{sign} {figure.floor:g} {figure.unit}" + ("" if figure.is_kept else " — not kept")
        lines.append(f"| {figure.what} | {_number(figure.value)} {figure.unit} | {bound} |")
    return "\n".join(lines) + "\n"


def _report(facts: dict[str, str], table: str) -> str:
    told = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    head = "# The last results\n\nWritten by `make bench`; what is measured and how stands in README.md.\n"
    return f"{head}\n{told}\n\n{table}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


if __name__ == "__main__":
    sys.exit(main())
