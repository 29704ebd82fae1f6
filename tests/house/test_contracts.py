"""The staircase: imports go down, and the tool that says so would notice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import CHECKOUT


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """The import contracts of `folder`, checked there."""
    # First on the path: the editable install would lead to the checkout.
    first = f"import sys; sys.path.insert(0, {str(folder)!r})"
    code = f"{first}; from importlinter.cli import lint_imports_command as check; check()"
    return subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_imports_go_down_the_staircase() -> None:
    done = lint_imports(CHECKOUT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("questionnaire/model.py", "import flask"),
        ("questionnaire/model.py", "import surveyapp.models"),
        ("web/security.py", "import surveyapp.models.base"),
        ("web/expert/__init__.py", "import surveyapp.web.organiser"),
        ("services/studies.py", "import surveyapp.web.security"),
        ("export/tables.py", "import surveyapp.mail.links"),
    ],
)
def test_contracts_notice(tmp_path: Path, room: str, line: str) -> None:
    for name in ("surveyapp", "pyproject.toml"):
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
        else:
            shutil.copy(source, tmp_path / name)
    shutil.copy(CHECKOUT / "config.py", tmp_path)
    path = tmp_path / "surveyapp" / room
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    done = lint_imports(tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout
