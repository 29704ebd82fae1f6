"""What the figures were measured on: without it a number says little."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from pathlib import Path

from tests.support.postgres import find_binaries


def describe() -> dict[str, str]:
    """Processor, memory, system and the versions that matter."""
    return {
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "PostgreSQL": _postgresql(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _postgresql() -> str:
    binaries = find_binaries()
    if binaries is None:
        return "none"
    done = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip().rpartition(") ")[2].split(" ")[0] or "unknown"
