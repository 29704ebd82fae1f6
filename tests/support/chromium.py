"""Which Chromium the browser tests drive: Debian's, another on the PATH, or Playwright's own.

As a program it prints the path, or fails; scripts/setup.sh asks it, so that set-up and tests agree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHECKOUT = Path(__file__).resolve().parents[2]


@cache
def find_chromium() -> Path | None:
    """The first Chromium that starts, or None."""
    for candidate in _candidates():
        try:
            # Ubuntu's `chromium-browser` can be a pointer to nothing: only starting it tells.
            done = subprocess.run(
                [candidate, "--headless", "--no-sandbox", "--version"],
                capture_output=True,
                env=chromium_environment(),
                timeout=60,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


def chromium_environment() -> dict[str, str]:
    """This process's environment with a home for Chromium in the checkout: it writes to its home unasked."""
    home = _CHECKOUT / ".cache" / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}


def _candidates() -> list[Path]:
    named = [Path(found) for name in _NAMES if (found := shutil.which(name))]
    homes = [
        Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright"),
        _CHECKOUT / ".cache" / "browsers",
    ]
    downloaded = [
        path
        for home in homes
        if home.is_dir()
        for path in sorted(home.glob("chromium*/chrome-linux*/*chrom*"))
    ]
    return named + [path for path in downloaded if os.access(path, os.X_OK) and path.is_file()]


if __name__ == "__main__":
    found = find_chromium()
    if found is None:
        sys.exit(1)
    sys.stdout.write(f"{found}\n")
