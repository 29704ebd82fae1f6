"""docs/commands.md says what the commands say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_about_commands_is_what_they_say() -> None:
    spec = importlib.util.spec_from_file_location("write_commands", ROOT / "scripts" / "write_commands.py")
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    written = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == writer.write(), "run: python scripts/write_commands.py"
    assert str(ROOT) not in written
