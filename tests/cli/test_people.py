"""Accounts, members and look-ups, as an operator types them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.test_commands import PANEL, Shell
from tests.support.studies import SMALL

PASSWORD = "a long enough passphrase\n"


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    """An installation with a study and two accounts, the first of them its owner."""
    shell = Shell(database_url, tmp_path)
    shell.say("study", "create", shell.write("small.yaml", SMALL), "--title", "Fruit")
    shell.say("panel", "import", "fruit", shell.write("panel.csv", PANEL))
    for email, words in (("jane@example.org", ("--study", "fruit")), ("bob@example.org", ())):
        shell.say("organiser", "add", email, *words, "--password-stdin", typed=PASSWORD)
    return shell


def test_the_first_start_prints_a_link_once_there_is_nobody(database_url: str, tmp_path: Path) -> None:
    shell = Shell(database_url, tmp_path)
    assert "set-up" in shell.say("organiser", "list")
    link = shell.say("organiser", "set-up").strip()
    assert re.fullmatch(r"http://delphi\.example\.org/organiser/l/[\w-]{43}", link)
    shell.say("organiser", "add", "jane@example.org", "--password-stdin", typed=PASSWORD)
    assert "There is an account already" in shell.fail("organiser", "set-up")


def test_members_are_added_changed_and_removed(shell: Shell) -> None:
    assert shell.ask("member", "list", "fruit")["members"] == [
        {"email": "jane@example.org", "role": "owner", "disabled": False}
    ]
    assert "(analyst)" in shell.say("member", "add", "fruit", "bob@example.org", "--role", "analyst")
    assert "must have an owner" in shell.fail("member", "remove", "fruit", "jane@example.org")
    assert "must have an owner" in shell.fail("member", "role", "fruit", "jane@example.org", "observer")
    shell.say("member", "role", "fruit", "bob@example.org", "owner")
    shell.say("member", "remove", "fruit", "jane@example.org")
    assert "does not work on" in shell.fail("member", "remove", "fruit", "jane@example.org")
    link = shell.say("member", "invite", "fruit", "new@example.org", "--role", "moderator").strip()
    assert "/organiser/l/" in link
    listed = shell.ask("member", "list", "fruit")
    assert [each["email"] for each in listed["invited"]] == ["new@example.org"]
    assert "invited until" in shell.say("member", "list", "fruit")
    shell.say("member", "anonymity", "fruit", "blind")
    assert shell.ask("member", "list", "fruit")["anonymity"] == "blind"


def test_an_account_is_mended(shell: Shell) -> None:
    link = shell.run("organiser", "reset", "jane@example.org")
    assert link.stdout.startswith("http://delphi.example.org/organiser/l/")
    assert "valid until" in link.stderr
    assert "no account" in shell.fail("organiser", "reset", "nobody@example.org")
    shell.say("organiser", "drop-factors", "jane@example.org")
    told = shell.run("organiser", "disable", "jane@example.org")
    assert "'fruit' now has no owner" in told.stderr
    assert shell.ask("organiser", "list")[1] == {
        "email": "jane@example.org",
        "disabled": True,
        "app": False,
        "passkeys": 0,
        "studies": {"fruit": "owner"},
    }
    assert "switched off" in shell.say("organiser", "list")
    shell.say("organiser", "enable", "jane@example.org")


def test_a_look_up_needs_its_reason(shell: Shell) -> None:
    shell.fail("lookup", "fruit", "jane@example.org", code=2)
    assert "why you need to know" in shell.fail("lookup", "fruit", "jane@example.org", "--reason", "x")
    found = shell.run(
        "lookup", "fruit", "jane@example.org", "--reason", "asked to see the own answers", "--json"
    )
    assert '"name": "Jane Doe"' in found.stdout
    assert "is recorded" in shell.fail("lookup", "fruit", "P-X", "--reason", "asked to see the own answers")


def test_a_password_that_others_try_first_is_refused(shell: Shell) -> None:
    told = shell.fail("organiser", "add", "new@example.org", "--password-stdin", typed="password123\n")
    assert "first that others try" in told


def test_what_a_study_is_called_can_change(shell: Shell) -> None:
    assert "nothing to change" in shell.say("study", "change", "fruit")
    shell.say("study", "change", "fruit", "--title", "More fruit")
    assert shell.ask("study", "list")[0]["title"] == "More fruit"
    assert "not an address" in shell.fail("study", "change", "fruit", "--contact-email", "nobody")


def test_with_a_mail_server_links_go_by_letter_unless_they_are_asked_for(shell: Shell) -> None:
    shell.environ |= {"SURVEYAPP_SMTP_HOST": "127.0.0.1", "SURVEYAPP_MAIL_FROM": "delphi@example.org"}
    for words in (
        ("organiser", "reset", "jane@example.org"),
        ("member", "invite", "fruit", "new@example.org", "--language", "de"),
    ):
        said = shell.say(*words)
        assert "on its way to" in said
        assert "/organiser/l/" not in said
        assert shell.say(*words, "--print").startswith("http://delphi.example.org/organiser/l/")
    assert "no account" in shell.fail("organiser", "reset", "nobody@example.org")
