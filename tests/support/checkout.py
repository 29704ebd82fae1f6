"""The checkout as the tests about the code see it."""

from __future__ import annotations

import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
VENDORED = CHECKOUT / "surveyapp" / "static" / "vendor"


def list_tracked(*endings: str) -> list[Path]:
    """The files that git tracks, all or those with one of `endings`; what comes from elsewhere aside."""
    done = subprocess.run(
        # Whoever runs the tests need not own the checkout.
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [CHECKOUT / name for name in done.stdout.split("\0") if name]
    return [
        path
        for path in paths
        if path.is_file() and not path.is_relative_to(VENDORED) and (not endings or path.suffix in endings)
    ]


def read_text(path: Path) -> str:
    """A text file's content; '' for pictures and other binary files."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
