"""The end of a study from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.studies import SMALL

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def test_archived_deleted_and_called_back(database_url: str, tmp_path: Path) -> None:
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    assert "unarchive" in shell.say("study", "archive", "fruit")
    assert "archived" in shell.fail("study", "change", "fruit", "--title", "Other")
    assert "(archived)" in shell.say("study", "list")
    shell.say("study", "unarchive", "fruit")
    shell.say("study", "change", "fruit", "--title", "Other")
    assert "short name" in shell.fail("study", "delete", "fruit", "--confirm", "another")
    assert "study keep fruit" in shell.say("study", "delete", "fruit", "--confirm", "fruit")
    [row] = shell.ask("study", "list")
    assert row["archived"]
    assert row["delete_at"] is not None
    shell.say("study", "keep", "fruit")
    [row] = shell.ask("study", "list")
    assert row["delete_at"] is None
