"""One piece of work in a process of its own, so that its memory is its own.

``run(work, url, folder)`` starts this file as a program, which does the work and tells time and memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from surveyapp.models import Reason
from surveyapp.services.exporting import export_study
from surveyapp.services.operations import backup, restore
from surveyapp.services.releasing import draft_release, settle_round
from surveyapp.services.unit import Database

CHECKOUT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a piece of work took: seconds on the clock and on the processor, peak memory in MB, a count."""

    seconds: float
    processor_seconds: float
    peak_mb: float
    count: int


def run(work: str, url: str, folder: Path) -> Spent:
    """Do `work` (a name in WORK) on the database at `url`, with `folder` for its files."""
    command = [sys.executable, "-m", "benchmarks.child", work, url, str(folder)]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    return Spent(**json.loads(done.stdout))


def _export(url: str, folder: Path) -> int:
    return export_study(Database(url), slug="large", out=folder / "export", actor="benchmark").rows


def _export_zip(url: str, folder: Path) -> int:
    return export_study(Database(url), slug="large", out=folder / "export.zip", actor="benchmark").rows


def _backup(url: str, folder: Path) -> int:
    return backup(Database(url), file=folder / "all.backup").rows


def _restore(url: str, folder: Path) -> int:
    return restore(Database(url), file=folder / "all.backup").rows


def _draft(url: str, folder: Path) -> int:  # noqa: ARG001 - one signature for all
    return draft_release(Database(url), study_id=1, number=2).submissions


def _settle(url: str, folder: Path) -> int:  # noqa: ARG001 - one signature for all
    database = Database(url)
    settle_round(database, study_id=1, number=2, actor="benchmark")
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Reason)) or 0


WORK: dict[str, Callable[[str, Path], int]] = {
    "export": _export,
    "export-zip": _export_zip,
    "draft": _draft,
    "settle": _settle,
    "backup": _backup,
    "restore": _restore,
}


def _peak_mb() -> float:
    """The most memory that this program had, from the kernel's account of it.

    Not `getrusage`: its figure also remembers the bench that started this program.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("The kernel tells no VmHWM in /proc/self/status.")


def main() -> None:
    """Do the work that the command line names and print what it took."""
    work, url, folder = sys.argv[1:]
    started, processor = time.perf_counter(), time.process_time()
    count = WORK[work](url, Path(folder))
    spent = {
        "seconds": time.perf_counter() - started,
        "processor_seconds": time.process_time() - processor,
        "peak_mb": _peak_mb(),
        "count": count,
    }
    sys.stdout.write(json.dumps(spent))


if __name__ == "__main__":
    main()
