"""The wheel holds what a running installation needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.checkout import CHECKOUT, list_tracked


def test_wheel_holds_code_migrations_questionnaires_and_pages(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {
        str(path.relative_to(CHECKOUT))
        for path in list_tracked()
        if path.relative_to(CHECKOUT).parts[0] in {"config.py", "surveyapp", "migrations", "questionnaires"}
    }
    assert wanted
    assert wanted <= inside
    assert not {
        name for name in inside if name.split("/")[0] in {"tests", "benchmarks", "scripts", "var", ".venv"}
    }
