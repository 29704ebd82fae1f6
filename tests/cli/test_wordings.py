"""Correcting the wording of an open round from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.studies import SMALL

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


def test_a_text_is_found_corrected_and_listed(database_url: str, tmp_path: Path) -> None:
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit", "--slug", "fruit")
    shell.say(
        "panel", "import", "fruit", shell.write("panel.csv", "name,email,group\nA,a@example.org,both\n")
    )
    shell.say("round", "open", "fruit")
    assert shell.say("round", "texts", "fruit", "--find", "ANOTHER") == (
        "items.pears.definition: Another fruit.\n"
    )
    wrong = shell.fail(
        "round", "correct", "fruit", "--text", "items.pears.definition", "--to", "", "--reason", " "
    )
    assert "to: it is empty" in wrong
    assert "reason: it is empty" in wrong
    said = shell.say(
        "round", "correct", "fruit", "--round", "1", "--text", "items.pears.definition",
        "--to", "One more fruit.", "--reason", "clearer",
    )  # fmt: skip
    assert "Correction 1 of round 1" in said
    [kept] = shell.ask("round", "corrections", "fruit")
    assert (kept["before"], kept["after"], kept["reason"]) == ("Another fruit.", "One more fruit.", "clearer")
    assert "One more fruit." in shell.say("round", "corrections", "fruit", "--round", "1")
    shell.say("round", "close", "fruit")
    assert "is closed" in shell.fail(
        "round", "correct", "fruit", "--text", "title", "--to", "Fruits", "--reason", "late"
    )
