"""Letters as somebody writes, looks at and sends them from a command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import Shell

PANEL = "name,email,group\nAda Lovelace,ada@example.org,north\nBo,bo@example.org,south\n"


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    from tests.support.studies import SMALL

    shell = Shell(database_url, tmp_path)
    file = shell.write("small.yaml", SMALL)
    shell.say("study", "create", file, "--title", "Fruit", "--slug", "fruit")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    return shell


def names(shell: Shell, *words: str) -> list[str]:
    return [each["letter"] for each in shell.ask("letters", "outbox", "fruit", *words)["letters"]]


def test_a_text_is_taken_out_changed_and_brought_back(shell: Shell) -> None:
    shown = shell.say("letters", "show", "fruit", "invitation")
    changed = shown.replace("Dear {name}", "Hello {name}")
    shell.say("letters", "write", "fruit", "invitation", shell.write("text.txt", changed))
    assert "Hello {name}" in shell.say("letters", "show", "fruit", "invitation")
    listed = json.loads(shell.say("letters", "list", "fruit", "--json"))["letters"]
    assert listed[0] == {"kind": "invitation", "number": 1, "automatic": False, "own_texts": ["en"]}
    said = shell.fail("letters", "write", "fruit", "invitation", shell.write("text.txt", "S\n\nDear {nmae}"))
    assert "did you mean {name}?" in said
    assert "the personal link is missing" in said
    shell.say("letters", "write", "fruit", "invitation", "--built-in")
    assert shell.say("letters", "show", "fruit", "invitation") == shown


def test_letters_are_counted_sent_called_back_and_sent_again(shell: Shell) -> None:
    assert "2 letters would go." in shell.say("letters", "send", "fruit", "invitation", "--dry-run")
    assert names(shell) == []
    assert "2 letters put into the outbox" in shell.say("letters", "send", "fruit", "invitation")
    assert "Nobody is left" in shell.fail("letters", "send", "fruit", "invitation")
    first, second = names(shell)
    assert "1 letter called back." in shell.say("letters", "cancel", "fruit", first)
    assert names(shell, "--state", "queued") == [second]
    assert "1 letter put back" in shell.say("letters", "retry", "fruit", first)
    assert "2 letters called back." in shell.say("letters", "cancel", "fruit", "--all")
    assert "cancelled 2" in shell.say("letters", "outbox", "fruit")
    assert "2 letters put back" in shell.say("letters", "retry", "fruit", "--all", "cancelled")
    assert "names no letter" in shell.fail("letters", "cancel", "fruit", "P-1.love.1.1")
    assert "goes by itself and to nobody else" in shell.fail("letters", "send", "fruit", "thanks")


def test_a_preview_shows_neither_the_name_nor_the_link(shell: Shell) -> None:
    shell.say("letters", "send", "fruit", "invitation")
    for name in names(shell):
        seat = name.partition(".")[0]
        seen = shell.say("letters", "preview", "fruit", "invitation", seat)
        assert f"Dear {seat}," in seen
        assert "https://example.org/l/personal-link" in seen
        assert "/l/fruit." not in seen
    assert "There is nobody 'P-0'" in shell.fail("letters", "preview", "fruit", "invitation", "P-0")


def test_a_test_letter_lands_where_letters_land(shell: Shell) -> None:
    said = shell.say("letters", "test", "fruit", "invitation", "me@example.org")
    assert "written to" in said
    assert "address" in shell.fail("letters", "test", "fruit", "invitation", "nobody")
    assert names(shell) == []


def test_what_goes_by_itself_and_when(shell: Shell) -> None:
    assert "goes by itself" in shell.say("letters", "automatic", "fruit", "thanks", "on")
    assert "Nothing that happens" in shell.fail("letters", "automatic", "fruit", "results", "on")
    rule = "1:before_closing:3:09:00:not_submitted"
    assert rule in shell.say("letters", "reminders", "fruit", "--rule", rule, "--most", "2")
    assert "At most 2" in shell.say("letters", "reminders", "fruit")
    assert "is no rule" in shell.fail("letters", "reminders", "fruit", "--rule", "tomorrow")
    assert "0 to 365 days" in shell.fail(
        "letters", "reminders", "fruit", "--rule", "1:before_closing:900:09:00:not_submitted"
    )
    assert rule not in shell.say("letters", "reminders", "fruit", "--none")
