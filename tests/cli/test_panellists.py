"""One panellist at a time, as an operator types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_commands import Shell
from tests.support.studies import SMALL

JANE, BOB = "jane@example.org", "bob@example.org"
PANEL = f"name,e-mail,group,time zone\nJane Roe,{JANE},north,Europe/Berlin\nBob,{BOB},south,\n"
WHY = ("--reason", "asked for it by letter")

pytestmark = pytest.mark.parametrize("database_engine", ["sqlite"], indirect=True)


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    """An installation with a study and two panellists."""
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    return shell


def test_a_panellist_is_shown_changed_and_invited(shell: Shell) -> None:
    shown = shell.ask("panel", "show", "fruit", JANE)
    assert (shown["name"], shown["time_zone"], shown["state"]) == ("Jane Roe", "Europe/Berlin", "invited")
    assert "pseudonym" not in shown
    pseudonym = shell.ask("lookup", "fruit", JANE, *WHY)["pseudonym"]
    nameless = shell.say("panel", "show", "fruit", pseudonym)
    assert pseudonym in nameless
    assert "Jane" not in nameless
    assert "Changed: group, tags." in shell.say(
        "panel", "change", "fruit", JANE, "--group", "south", "--tags", "chair"
    )
    assert "bob@example.org belongs to somebody else" in shell.fail(
        "panel", "change", "fruit", JANE, "--email", BOB
    )
    link = shell.say("panel", "link", "fruit", JANE, "--reason", "the old one was lost").strip()
    assert link.startswith("http://delphi.example.org/l/fruit.")
    assert link in shell.say("links", "fruit")
    shell.say("panel", "invite", "fruit", JANE)
    assert "letter: invitation queued" in shell.say("panel", "show", "fruit", JANE)
    assert "Nobody on this panel" in shell.fail("panel", "show", "fruit", "nobody@example.org")


def test_a_panellist_is_withdrawn_and_erased(shell: Shell) -> None:
    assert "answers stay" in shell.say("panel", "withdraw", "fruit", JANE, "--answers", "keep", *WHY)
    assert "withdrawn already" in shell.fail("panel", "withdraw", "fruit", JANE, "--answers", "keep", *WHY)
    wanted = ("panel", "erase", "fruit", BOB, "--answers", "remove", *WHY)
    assert "nobody was erased" in shell.fail(*wanted, typed="jane\n")
    assert "are gone" in shell.say(*wanted, typed=f"{BOB}\n")
    assert "Nobody on this panel" in shell.fail("panel", "show", "fruit", BOB)
    assert BOB not in shell.say("links", "fruit")
