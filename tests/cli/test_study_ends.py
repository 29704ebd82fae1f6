"""A study once more, rehearsed, and its end, from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.protocols import PROTOCOL
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


def test_copied_and_rehearsed(database_url: str, tmp_path: Path) -> None:
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    people = "name,email,group\nAda,ada@example.org,both\nBen,ben@example.org,both\n"
    shell.say("panel", "import", "fruit", shell.write("panel.csv", people))
    assert "no protocol yet" in shell.fail("study", "rehearse", "fruit")
    shell.say("protocol", "set", "fruit", shell.write("fruit.protocol.yaml", PROTOCOL))
    made = shell.ask("study", "copy", "fruit", "--title", "Fruit again", "--with-panel")
    assert made == {"slug": "fruit-again", "title": "Fruit again", "people": 2, "left_out": 0}
    assert "played to its end" in shell.say("study", "rehearse", "fruit", "--people", "5")
    rows = {row["slug"]: row for row in shell.ask("study", "list")}
    assert {slug for slug, row in rows.items() if row["synthetic"]} == {"fruit-rehearsal"}
    assert (rows["fruit-rehearsal"]["round"], rows["fruit-rehearsal"]["round_state"]) == (3, "released")
    assert rows["fruit"]["round"] is None
    shell.say("study", "rehearse", "fruit", "--remove")
    [gone] = shell.ask("study", "deleted")
    assert gone["slug"] == "fruit-rehearsal"
    assert {row["slug"] for row in shell.ask("study", "list")} == {"fruit", "fruit-again"}
